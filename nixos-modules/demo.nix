# The demo: fake transactions, faults, steady traffic and a receiver of pages. Nothing of it runs unless asked for.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.services.homeostat;
in
{
  options.services.homeostat.demo = {
    enable = lib.mkEnableOption "the demo: the sample API with switches for faults, steady traffic, and a local receiver of pages";
    fast = mkOption {
      type = types.bool;
      default = true;
      example = false;
      description = "Whether the demo uses short intervals, so that a fault is seen within half a minute.";
    };
  };

  config = lib.mkIf (cfg.enable && cfg.demo.enable) {
    systemd.services.homeostat-traffic.restartTriggers = [
      config.environment.etc."homeostat/api.json".source
    ];
  };
}
