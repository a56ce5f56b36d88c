# Grafana: our data sources and dashboards, added to what the host's own Grafana already has.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.homeostat;
  json = pkgs.formats.json { };
  asDefaults = import ./as-defaults.nix { inherit lib; };
  inherit (import ./names.nix) units;
  inherit (cfg.rendered) grafana;
in
{
  options.services.homeostat.grafana = {
    enable = mkOption {
      type = types.bool;
      default = cfg.grafana.url == null;
      defaultText = lib.literalExpression "config.services.homeostat.grafana.url == null";
      example = false;
      description = "Whether to run Grafana on this host.";
    };
    url = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "http://monitor.example:3000";
      description = "A Grafana elsewhere, where people look; then none runs here. The folder `dashboards` is for it too.";
    };
    settings = mkOption {
      inherit (json) type;
      default = { };
      example = {
        server.root_url = "https://grafana.example/";
        smtp.enabled = true;
      };
      description = ''
        Sections and keys of Grafana's ini file, laid over ours. What `services.grafana.settings` says wins over both. Data
        sources and dashboards of one's own go to `services.grafana.provision`, beside ours.
      '';
    };
  };

  config = lib.mkIf (cfg.enable && cfg.grafana.enable) {
    services.homeostat.grafana.settings = asDefaults (
      # The port is read from upstream's option, not written to it.
      grafana.settings // { server = removeAttrs grafana.settings.server [ "http_port" ]; }
    );

    services.grafana = {
      enable = true;
      settings = asDefaults cfg.grafana.settings;
      provision = {
        enable = true;
        datasources.settings = asDefaults grafana.datasources;
        dashboards.settings = asDefaults grafana.dashboards;
      };
    };

    systemd.services.grafana = {
      wants = [ units.secrets ];
      after = [ units.secrets ];
      serviceConfig = {
        LoadCredential = [
          "admin-password:${cfg.secrets.grafanaAdminPasswordFile}"
          "secret-key:${cfg.secrets.grafanaSecretKeyFile}"
        ];
      };
    };
  };
}
