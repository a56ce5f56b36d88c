# PostgreSQL where something of ours needs it: NixOS's service with our settings, and itself under care.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.services.homeostat;
in
{
  options.services.homeostat.postgresql = {
    enable = mkOption {
      type = types.bool;
      default = cfg.api.enable;
      defaultText = lib.literalExpression "config.services.homeostat.api.enable";
      example = true;
      description = "Whether to run PostgreSQL, watch it with its exporter, and start it again when it is down.";
    };
    remedy = mkOption {
      type = types.attrsOf types.unspecified;
      default = { };
      example = {
        mode = "dry-run";
      };
      description = ''
        `attempts`, `cooldown` or `mode` of PostgreSQL's remedy. Its ladder is fixed: an active server is never restarted.
      '';
    };
  };

  config = lib.mkIf (cfg.enable && cfg.postgresql.enable) {
    services.postgresql = {
      enable = true;
      # NixOS itself says listen_addresses = "localhost", which is loopback too.
      settings = lib.mapAttrs (_: lib.mkDefault) cfg.rendered.postgresql.settings;
    };
  };
}
