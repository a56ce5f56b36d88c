# What would evaluate and still be wrong about logs, traces and dashboards, and about programs that run elsewhere.
{ config, lib, ... }:
let
  cfg = config.services.homeostat;
  listeners = import ./listeners.nix { inherit config lib; };
  loopback = import ./loopback.nix;
  option = name: "services.homeostat.${name}";

  # A port that is moved at the program only is one that nothing else knows of.
  agrees = name: said: port: {
    assertion = said == cfg.ports.${port};
    message = "${name} is ${toString said}, and ${option "ports.${port}"} is ${toString cfg.ports.${port}}. Set the latter; the former and whatever asks there follow.";
  };

  # A Prometheus elsewhere scrapes this host; one on loopback needs no address.
  remote = cfg.prometheus.url != null && !(loopback cfg.prometheus.url);
  reached = listener: {
    assertion = !(loopback listener.value);
    message = ''
      ${listener.name} is ${listener.value}, where the Prometheus of ${option "prometheus.url"} cannot scrape it. Listen on
      ${cfg.address}, which is ${option "address"}.'';
  };

  defaults = lib.filter (source: source.isDefault or false) (
    if config.services.grafana.provision.datasources.settings == null then
      [ ]
    else
      config.services.grafana.provision.datasources.settings.datasources
  );
in
{
  config = lib.mkIf cfg.enable {
    assertions =
      lib.optionals cfg.loki.enable [
        (agrees "services.loki.configuration.server.http_listen_port"
          config.services.loki.configuration.server.http_listen_port
          "loki"
        )
        {
          assertion = !(lib.hasInfix "'" (builtins.toJSON config.services.loki.configuration));
          message = ''
            services.loki.configuration has a single quote, which ends the shell word that NixOS writes it in. Use double
            quotes or backticks in LogQL.'';
        }
      ]
      ++ lib.optional cfg.tempo.enable (
        agrees "services.tempo.settings.server.http_listen_port"
          config.services.tempo.settings.server.http_listen_port
          "tempo"
      )
      ++ lib.optional cfg.grafana.enable {
        assertion = lib.length defaults < 2;
        message = "services.grafana.provision.datasources.settings.datasources: ${
          lib.concatMapStringsSep " and " (source: source.name) defaults
        } have isDefault = true, and Grafana starts with one at most. Homeostat's is Prometheus; leave it out of yours.";
      }
      ++ lib.optionals remote (
        [
          {
            assertion = !(loopback cfg.address);
            message = ''
              ${option "address"} is ${cfg.address}, where the Prometheus of ${option "prometheus.url"} (${cfg.prometheus.url}) cannot
              scrape this host. Name the address by which it reaches it.'';
          }
        ]
        ++ lib.optionals (!(loopback cfg.address)) (map reached listeners.scraped)
      )
      ++ [
        {
          assertion = cfg.collector.enable && cfg.tempo.url != null -> cfg.tempo.otlpUrl != null;
          message = ''
            ${option "tempo.url"} is ${toString cfg.tempo.url}, and ${option "tempo.otlpUrl"} is null: Grafana would ask a Tempo that this
            host sends nothing to. Set it, or turn ${option "collector.enable"} off.'';
        }
        {
          assertion = cfg.grafana.enable && cfg.tempo.otlpUrl != null -> cfg.tempo.url != null;
          message = ''
            ${option "tempo.otlpUrl"} is ${toString cfg.tempo.otlpUrl}, and ${option "tempo.url"} is null: Grafana would not know where to
            ask for the traces. Set it, or turn ${option "grafana.enable"} off.'';
        }
      ];
  };
}
