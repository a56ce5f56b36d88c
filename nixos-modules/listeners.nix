# Who listens on this host:
#   { all = [ { name; port; } ]; public = [ "OPTION = VALUE" ]; scraped = [ { name; value; } ]; }
# `scraped` are the addresses that a Prometheus elsewhere has to reach.
{ config, lib }:
let
  cfg = config.services.homeostat;
  upstream = config.services.prometheus;
  loopback = import ./loopback.nix;

  own = name: {
    name = "services.homeostat.ports.${name}";
    port = cfg.ports.${name};
  };
  theirs = path: service: {
    name = "services.prometheus.${path}port";
    inherit (service) port;
    listen = {
      name = "services.prometheus.${path}listenAddress";
      value = service.listenAddress;
    };
  };
  exporter = name: theirs "exporters.${name}." upstream.exporters.${name};
  # The sample API's port is said by its own option.
  foreign = lib.filterAttrs (
    name: app: app.metricsPort != null && name != (import ./names.nix).users.api
  ) cfg.apps;

  exporters = map exporter (
    [
      "node"
      "process"
      "blackbox"
    ]
    ++ lib.optional cfg.postgresql.enable "postgres"
  );
  services =
    lib.optional cfg.prometheus.enable (theirs "" upstream)
    ++ lib.optional cfg.alertmanager.enable (theirs "alertmanager." upstream.alertmanager);

  # What a program's settings say at a path. What is not there, and not in our settings either, listens nowhere.
  said =
    option: settings: paths:
    lib.concatMap (
      path:
      lib.optional (lib.hasAttrByPath path settings) {
        name = lib.concatStringsSep "." ([ option ] ++ path);
        value = lib.getAttrFromPath path settings;
      }
    ) paths;
  http = [
    "server"
    "http_listen_address"
  ];
  grpc = [
    "server"
    "grpc_listen_address"
  ];
  protocol =
    path: name:
    path
    ++ [
      "protocols"
      name
      "endpoint"
    ];

  ours =
    said "services.homeostat.remediator.settings" cfg.remediator.settings [ [ "listen" ] ]
    ++ lib.optionals cfg.api.enable (
      said "services.homeostat.api.settings" cfg.api.settings [ [ "listen" ] ]
    );
  collector = lib.optionals cfg.collector.enable (
    said "services.opentelemetry-collector.settings" config.services.opentelemetry-collector.settings [
      (protocol [ "receivers" "otlp" ] "grpc")
      (protocol [ "receivers" "otlp" ] "http")
      [
        "extensions"
        "health_check"
        "endpoint"
      ]
      [
        "exporters"
        "prometheus"
        "endpoint"
      ]
    ]
  );
  backends =
    lib.optionals cfg.loki.enable (
      said "services.loki.configuration" config.services.loki.configuration [
        http
        grpc
      ]
    )
    ++ lib.optionals cfg.tempo.enable (
      said "services.tempo.settings" config.services.tempo.settings [
        http
        grpc
        (protocol [ "distributor" "receivers" "otlp" ] "http")
      ]
    )
    ++ lib.optional cfg.grafana.enable {
      name = "services.grafana.settings.server.http_addr";
      value = config.services.grafana.settings.server.http_addr;
    };
  addresses = ours ++ map (service: service.listen) (services ++ exporters) ++ collector ++ backends;
in
{
  all =
    map own (
      [ "remediator" ]
      ++ lib.optional cfg.api.enable "api"
      ++ lib.optional cfg.demo.enable "sink"
      ++ lib.optionals cfg.loki.enable [
        "loki"
        "lokiGrpc"
      ]
      ++ lib.optionals cfg.tempo.enable [
        "tempo"
        "tempoGrpc"
        "tempoOtlp"
      ]
      ++ lib.optionals cfg.collector.enable [
        "otlpGrpc"
        "otlpHttp"
        "collectorHealth"
        "collectorMetrics"
        "spanMetrics"
      ]
    )
    ++ services
    ++ exporters
    ++ lib.optional cfg.grafana.enable {
      name = "services.grafana.settings.server.http_port";
      port = config.services.grafana.settings.server.http_port;
    }
    ++ lib.mapAttrsToList (name: app: {
      name = "services.homeostat.apps.${name}.metricsPort";
      port = app.metricsPort;
    }) foreign;

  public = map (address: "${address.name} = \"${address.value}\"") (
    lib.filter (address: !(loopback address.value)) addresses
  );

  scraped = ours ++ map (service: service.listen) exporters;
}
