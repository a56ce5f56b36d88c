# Prometheus: our jobs and rules, added to what the host's own configuration already has.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.homeostat;
  settings = cfg.rendered.prometheus;

  # Windows and waiting times are made for our interval, whatever the host's own jobs are scraped at.
  differing = lib.filterAttrs (key: value: config.services.prometheus.globalConfig.${key} != value) {
    inherit (settings.globalConfig) scrape_interval scrape_timeout;
  };

  # scheme, host and port, path
  remote = builtins.match "(https?)://([^/]+)(/.*)?" (
    if cfg.alertmanager.url == null then "" else cfg.alertmanager.url
  );
  elsewhere = [
    (
      {
        scheme = builtins.elemAt remote 0;
        static_configs = [ { targets = [ (builtins.elemAt remote 1) ]; } ];
      }
      // lib.optionalAttrs (builtins.elemAt remote 2 != null) { path_prefix = builtins.elemAt remote 2; }
    )
  ];
in
{
  options.services.homeostat.prometheus = {
    enable = mkOption {
      type = types.bool;
      default = cfg.prometheus.url == null;
      defaultText = lib.literalExpression "config.services.homeostat.prometheus.url == null";
      example = false;
      description = ''
        Whether to run Prometheus on this host. Its other options are those of `services.prometheus`; scrape jobs and rules
        that the host already has stay.
      '';
    };
    url = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "http://monitor.example:9090";
      description = ''
        A Prometheus elsewhere, which the remediator asks. That one has to scrape this host and to evaluate its rules, which
        are in `services.homeostat.rendered`.
      '';
    };
    rulesFile = mkOption {
      type = types.path;
      internal = true;
      readOnly = true;
      description = "The alert rules of this host.";
    };
  };

  config = {
    services.homeostat.prometheus.rulesFile = pkgs.writeText "homeostat-rules.json" (
      builtins.toJSON cfg.rendered.rules
    );

    services.prometheus = lib.mkIf (cfg.enable && cfg.prometheus.enable) {
      enable = true;
      listenAddress = lib.mkDefault "127.0.0.1";
      globalConfig = lib.mapAttrs (_: lib.mkDefault) settings.globalConfig;
      retentionTime = lib.mkDefault settings.retention.time;
      # What there is no option for.
      extraFlags = lib.filter (
        flag: !(lib.hasPrefix "--storage.tsdb.retention.time=" flag)
      ) settings.flags;
      scrapeConfigs = map (job: differing // job) settings.scrapeConfigs;
      ruleFiles = [ cfg.prometheus.rulesFile ];
      alertmanagers = if remote == null then settings.alertmanagers else elsewhere;
    };
  };
}
