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
    # What is not said here is said by settings/postgresql.nix. The ladder is fixed: an active server is never restarted.
    remedy = {
      attempts = mkOption {
        type = types.nullOr types.ints.positive;
        default = null;
        example = 1;
        description = "Remedies an hour for PostgreSQL; the next fault calls people. `null` is three.";
      };
      cooldown = mkOption {
        type = types.nullOr types.ints.unsigned;
        default = null;
        example = 600;
        description = "Seconds between two remedies of PostgreSQL. `null` is `services.homeostat.timing.cooldown`.";
      };
      mode = mkOption {
        type = types.nullOr (types.enum (import ./settings/remedy-words.nix).modes);
        default = null;
        example = "dry-run";
        description = "`auto` starts PostgreSQL again when it is down; `dry-run` only records that it would. `null` is `auto`.";
      };
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
