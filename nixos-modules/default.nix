# services.homeostat: what concerns the whole host, and the settings that every other module here hands on.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.homeostat;
  upstream = config.services.prometheus;
  names = import ./names.nix;

  # Alertmanager's user is made at each start, so a secret URL reaches it as a credential.
  byCredential =
    name: receiver:
    lib.recursiveUpdate receiver (
      lib.optionalAttrs (receiver.webhook.urlFile != null) {
        webhook.urlFile = "/run/credentials/${names.units.alertmanager}/receiver-${name}";
      }
    );
in
{
  imports = [
    ./apps.nix
    ./receivers.nix
    ./secrets.nix
    ./units.nix
    ./remediator.nix
    ./polkit.nix
    ./api.nix
    ./demo.nix
    ./postgresql.nix
    ./prometheus.nix
    ./alertmanager.nix
    ./exporters.nix
    ./assertions.nix
  ];

  options.services.homeostat = {
    enable = lib.mkEnableOption "Homeostat: metrics, alerts and remedies for the systemd services of this host";

    package = mkOption {
      type = types.package;
      default = pkgs.callPackage ../crates/package.nix { };
      defaultText = lib.literalExpression "pkgs.callPackage ../crates/package.nix { }";
      example = lib.literalExpression "inputs.homeostat.packages.x86_64-linux.default";
      description = "The package with the programs `homeostat`, `homeostat-api` and `homeostat-remediator`.";
    };

    host = mkOption {
      type = types.str;
      default = config.networking.hostName;
      defaultText = lib.literalExpression "config.networking.hostName";
      example = "web1";
      description = "The value of the label `host` on every metric and alert. The remediator refuses alerts of another host.";
    };

    runbookUrl = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "https://wiki.example/runbook";
      description = "The page that explains each alert under a heading of its name; alerts link to it. `null` is the project's own.";
    };

    timing = mkOption {
      type = types.attrsOf types.ints.unsigned;
      default = { };
      example = {
        scrape = 30;
        errorWindow = 240;
      };
      description = ''
        Intervals, windows and waiting times in seconds that differ from the built-in ones. Prometheus, Alertmanager and the
        remediator read the same number; the names are those of `nixos-modules/settings/timing.nix`, and an unknown one is refused.
      '';
    };

    ports = {
      api = mkOption {
        type = types.port;
        default = (import ./settings/ports.nix { }).api;
        example = 18000;
        description = "TCP port of the sample API on loopback.";
      };
      remediator = mkOption {
        type = types.port;
        default = (import ./settings/ports.nix { }).remediator;
        example = 15000;
        description = "TCP port of the remediator on loopback.";
      };
      sink = mkOption {
        type = types.port;
        default = (import ./settings/ports.nix { }).sink;
        example = 15001;
        description = "TCP port of the demo's receiver of pages on loopback.";
      };
    };

    rendered = mkOption {
      type = types.raw;
      readOnly = true;
      description = ''
        What the services of this host read, made from all options: `rules`, `prometheus.scrapeConfigs`, `alertmanager` and
        more. Prometheus and Alertmanager on another host take their part from here.
      '';
    };
  };

  config.services.homeostat.rendered = import ./settings (
    {
      inherit (cfg)
        host
        apps
        timing
        ;
      receivers = lib.mapAttrs byCredential cfg.receivers;
      inherit (cfg.remediator) externalUrl;
      inherit (names) units users;
      paths = names.paths // {
        binaries = "${cfg.package}/bin";
        secretsScript = cfg.secrets.script;
        rules = cfg.prometheus.rulesFile;
      };
      demo = cfg.demo.enable;
      fast = cfg.demo.enable && cfg.demo.fast;
      api = cfg.api.enable;
      inherit (cfg.alertmanager) heartbeatUrl;
      postgresqlRemedy = lib.filterAttrs (_: value: value != null) cfg.postgresql.remedy;
      without =
        lib.optional (!cfg.postgresql.enable) "postgres"
        ++ lib.optional (!cfg.prometheus.enable) "prometheus"
        ++ lib.optional (!cfg.alertmanager.enable) "alertmanager";
      # Upstream's options are the only place where these ports are said, so that whoever moves one moves all.
      ports = cfg.ports // {
        prometheus = upstream.port;
        alertmanager = upstream.alertmanager.port;
        nodeExporter = upstream.exporters.node.port;
        postgresExporter = upstream.exporters.postgres.port;
        blackboxExporter = upstream.exporters.blackbox.port;
        processExporter = upstream.exporters.process.port;
      };
    }
    // lib.optionalAttrs (cfg.runbookUrl != null) { inherit (cfg) runbookUrl; }
  );
}
