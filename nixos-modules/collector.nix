# The OpenTelemetry Collector: the journal's lines to Loki, spans to Tempo, and metrics made of spans.
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

  # Upstream has no option for flags. They stand last, so that `validate` gets them too.
  flagged = pkgs.writeShellApplication {
    name = "otelcol-homeostat";
    text = ''
      exec ${lib.getExe cfg.collector.package} "$@" ${lib.escapeShellArgs cfg.rendered.collectorFlags}
    '';
  };

  storage = pkgs.writeShellApplication {
    name = "collector-storage";
    runtimeInputs = [
      pkgs.coreutils
      pkgs.findutils
      pkgs.gnugrep
      config.systemd.package
    ];
    text = builtins.readFile ./settings/collector-storage.sh;
  };
in
{
  options.services.homeostat.collector = {
    enable = mkOption {
      type = types.bool;
      default = cfg.collector.url == null;
      defaultText = lib.literalExpression "config.services.homeostat.collector.url == null";
      example = false;
      description = "Whether to run the OpenTelemetry Collector on this host. Without it no log line leaves the journal.";
    };
    url = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "http://monitor.example:4318";
      description = "A Collector elsewhere (OTLP over HTTP), to which programs of Homeostat on this host send their spans.";
    };
    package = mkOption {
      type = types.package;
      default = pkgs.opentelemetry-collector-contrib;
      defaultText = lib.literalExpression "pkgs.opentelemetry-collector-contrib";
      example = lib.literalExpression "pkgs.callPackage ./my-collector.nix { }";
      description = ''
        A Collector with the parts that the configuration names. Use this in place of
        `services.opentelemetry-collector.package`, which gets it with flags added.
      '';
    };
    settings = mkOption {
      inherit (json) type;
      default = { };
      example = {
        exporters.debug.verbosity = "basic";
        service.pipelines.traces.exporters = [ "debug" ];
      };
      description = ''
        The Collector's configuration, laid over ours: values replace, lists are added to. What
        `services.opentelemetry-collector.settings` says wins over both. The Collector checks the whole when the system is
        built.
      '';
    };
  };

  config = lib.mkIf (cfg.enable && cfg.collector.enable) {
    services.homeostat.collector.settings = asDefaults cfg.rendered.collector;

    services.opentelemetry-collector = {
      enable = true;
      package = flagged;
      settings = asDefaults cfg.collector.settings;
      validateConfigFile = lib.mkDefault true;
    };
    systemd.services.opentelemetry-collector = lib.mkMerge [
      (asDefaults cfg.rendered.limits.collector)
      {
        # Last to start and first to stop, so that what is in its hands has somewhere to go.
        after = lib.optional cfg.loki.enable units.loki ++ lib.optional cfg.tempo.enable units.tempo;
        serviceConfig.ExecStopPost = "${lib.getExe storage} ${cfg.rendered.collector.extensions.file_storage.directory}";
      }
    ];
  };
}
