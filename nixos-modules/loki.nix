# Loki: the log lines of this host, and of others where those send theirs here.
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
in
{
  options.services.homeostat.loki = {
    enable = mkOption {
      type = types.bool;
      default = cfg.loki.url == null;
      defaultText = lib.literalExpression "config.services.homeostat.loki.url == null";
      example = false;
      description = "Whether to run Loki on this host.";
    };
    url = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "http://monitor.example:3100";
      description = ''
        A Loki elsewhere, to which the Collector sends this host's log lines and which Grafana asks. Name a Loki of the host's
        own so too, where it is to stay as it is.
      '';
    };
    settings = mkOption {
      inherit (json) type;
      default = { };
      example = {
        limits_config.retention_period = "720h";
      };
      description = ''
        Loki's configuration, laid over ours: values replace, lists are added to. What `services.loki.configuration` says
        wins over both. Loki checks the whole when the system is built.
      '';
    };
  };

  config = lib.mkIf (cfg.enable && cfg.loki.enable) {
    services.homeostat.loki.settings = asDefaults cfg.rendered.loki;

    services.loki = {
      enable = true;
      configuration = asDefaults cfg.loki.settings;
    };
    systemd.services.loki = asDefaults cfg.rendered.limits.loki;
  };
}
