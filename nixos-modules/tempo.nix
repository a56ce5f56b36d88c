# Tempo: the traces of this host, and of others where those send theirs here.
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
  yaml = pkgs.formats.yaml { };
  asDefaults = import ./as-defaults.nix { inherit lib; };
  # Older modules of upstream have no option for it.
  program = config.services.tempo.package or pkgs.tempo;
in
{
  options.services.homeostat.tempo = {
    enable = mkOption {
      type = types.bool;
      default = cfg.tempo.url == null && cfg.tempo.otlpUrl == null;
      defaultText = lib.literalMD "whether neither `url` nor `otlpUrl` is set";
      example = false;
      description = "Whether to run Tempo on this host.";
    };
    url = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "http://monitor.example:3200";
      description = "A Tempo elsewhere, which this host's Grafana asks for traces.";
    };
    otlpUrl = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "http://monitor.example:4318";
      description = "Where a Tempo elsewhere takes spans over OTLP/HTTP; the Collector sends this host's there.";
    };
    settings = mkOption {
      inherit (json) type;
      default = { };
      example = {
        overrides.defaults.compaction.block_retention = "336h";
      };
      description = ''
        Tempo's configuration, laid over ours: values replace, lists are added to. What `services.tempo.settings` says
        wins over both. Tempo checks the whole when the system is built.
      '';
    };
  };

  config = lib.mkIf (cfg.enable && cfg.tempo.enable) {
    services.homeostat.tempo.settings = asDefaults cfg.rendered.tempo;

    services.tempo = {
      enable = true;
      settings = asDefaults cfg.tempo.settings;
    };
    # Upstream's module does not ask Tempo, which refuses warnings too.
    system.checks = [
      (import ./checked.nix {
        inherit pkgs;
        command = "${program}/bin/tempo -config.verify -config.file";
        file = yaml.generate "tempo.yaml" config.services.tempo.settings;
      })
    ];
    systemd.services.tempo = asDefaults cfg.rendered.limits.tempo;
  };
}
