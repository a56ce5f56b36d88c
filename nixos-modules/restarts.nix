# How upstream's services come back. Theirs restart at once, and five times in ten seconds is systemd's limit.
{ config, lib, ... }:
let
  cfg = config.services.homeostat;
  inherit (import ./names.nix) units;
  running =
    lib.filter (program: cfg.${program}.enable) [
      "prometheus"
      "alertmanager"
      "loki"
      "tempo"
      "collector"
      "grafana"
    ]
    ++ [
      "nodeExporter"
      "processExporter"
      "blackboxExporter"
    ]
    ++ lib.optional cfg.postgresql.enable "postgresExporter";
in
{
  config.systemd.services = lib.mkIf cfg.enable (
    lib.genAttrs (map (program: lib.removeSuffix ".service" units.${program}) running) (_: {
      serviceConfig.RestartSec = lib.mkDefault 1;
    })
  );
}
