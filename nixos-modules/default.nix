# services.homeostat: what concerns the whole host.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
in
{
  imports = [
    ./rendered.nix
    ./ports.nix
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
    ./restarts.nix
    ./loki.nix
    ./tempo.nix
    ./collector.nix
    ./grafana.nix
    ./assertions.nix
    ./assertions-backends.nix
    ./assertions-names.nix
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
  };
}
