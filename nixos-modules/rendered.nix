# What the services of this host read: the settings, called with what all options say.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.homeostat;
  names = import ./names.nix;

  # Alertmanager's user is made at each start, so a secret URL reaches it as a credential.
  byCredential =
    name: receiver:
    lib.recursiveUpdate receiver (
      lib.optionalAttrs (receiver.webhook.urlFile != null) {
        webhook.urlFile = "/run/credentials/${names.units.alertmanager}/receiver-${name}";
      }
    );

  settings = import ./settings (
    {
      inherit (cfg)
        host
        apps
        timing
        ;
      ports = cfg.chosenPorts;
      receivers = lib.mapAttrs byCredential cfg.receivers;
      inherit (cfg.remediator) externalUrl acknowledgement;
      inherit (names) units users;
      paths = names.paths // {
        binaries = "${cfg.package}/bin";
        secretsScript = cfg.secrets.script;
        rules = cfg.prometheus.rulesFile;
        dashboards = "${dashboards}";
        journalctl = "${pkgs.writeShellScript "journalctl-all" (builtins.readFile ./settings/journalctl.sh)}";
        lokiState = config.services.loki.dataDir;
      };
      demo = cfg.demo.enable;
      fast = cfg.demo.enable && cfg.demo.fast;
      api = cfg.api.enable;
      inherit (cfg.alertmanager) heartbeatUrl;
      postgresqlRemedy = lib.filterAttrs (_: value: value != null) cfg.postgresql.remedy;
      without =
        lib.optional (!cfg.postgresql.enable) "postgres"
        ++ lib.filter (name: !cfg.${name}.enable) [
          "prometheus"
          "alertmanager"
          "loki"
          "tempo"
          "collector"
          "grafana"
        ];
      urls = lib.filterAttrs (_: url: url != null) {
        prometheus = cfg.prometheus.url;
        loki = cfg.loki.url;
        tempo = cfg.tempo.url;
        tempoOtlp = cfg.tempo.otlpUrl;
      };
      otlpEndpoint = cfg.collector.url;
      # Older modules of upstream have no option for the package.
      tempoVersion = (config.services.tempo.package or pkgs.tempo).version;
    }
    // lib.optionalAttrs (cfg.runbookUrl != null) { inherit (cfg) runbookUrl; }
  );

  # What else is in that folder is for tests.
  dashboards = lib.fileset.toSource {
    root = ../dashboards;
    fileset = lib.fileset.fileFilter (file: file.hasExt "json") ../dashboards;
  };

  # What a Prometheus elsewhere scrapes has to be where it can reach it.
  scrapeConfigs = map (import ./elsewhere.nix {
    inherit lib;
    inherit (cfg) address;
  }) settings.prometheus.scrapeConfigs;
  collector = lib.recursiveUpdate settings.collector {
    exporters.prometheus.endpoint = "${cfg.address}:${toString cfg.ports.spanMetrics}";
    service.telemetry.metrics.readers = map (
      reader: lib.recursiveUpdate reader { pull.exporter.prometheus.host = cfg.address; }
    ) settings.collector.service.telemetry.metrics.readers;
  };
in
{
  options.services.homeostat = {
    address = mkOption {
      type = types.str;
      default = "127.0.0.1";
      example = "192.0.2.10";
      description = ''
        Where the Prometheus of `prometheus.url` reaches this host: the exporters listen there, and the scrape jobs in
        `services.homeostat.rendered` name it. It is not read while Prometheus runs on this host.
      '';
    };

    rendered = mkOption {
      type = types.raw;
      readOnly = true;
      description = ''
        What the services of this host read, made from all options: `rules`, `prometheus.scrapeConfigs`, `alertmanager`,
        `loki` and more. Prometheus and Alertmanager on another host take their part from here.
      '';
    };
  };

  config.services.homeostat.rendered =
    settings
    // lib.optionalAttrs (!cfg.prometheus.enable) {
      prometheus = settings.prometheus // {
        inherit scrapeConfigs;
        file = settings.prometheus.file // {
          scrape_configs = scrapeConfigs;
        };
      };
      collector = if settings.collector == null then null else collector;
    };
}
