# The remediator: its configuration, checked by itself when the system is built.
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
  beyondLoopback = import ./beyond-loopback.nix { inherit lib; };
  inherit (cfg.remediator) settings;

  checked = import ./checked.nix {
    inherit pkgs;
    command = "${cfg.package}/bin/homeostat-remediator check-config";
    file = json.generate "remediator.json" settings;
  };
in
{
  options.services.homeostat.remediator = {
    acknowledgement = mkOption {
      type = types.nullOr types.ints.positive;
      default = null;
      example = 1800;
      description = ''
        For how many seconds a person's acknowledgement of a page holds; after that, people are called again while the
        fault is still there. `null` is four hours.
      '';
    };
    externalUrl = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "http://web1.internal:5000";
      description = ''
        Where an Alertmanager elsewhere, and links in pages, reach the remediator. `settings.listen` and
        `settings.allowed_hosts` have to allow it. `null` is loopback.
      '';
    };
    settings = mkOption {
      inherit (json) type;
      default = { };
      example = {
        budget.actions = 5;
        hold_timeout_seconds = 120;
      };
      description = ''
        What the remediator reads, laid over what the other options give. Lists are added to, other values replaced; a key
        that the remediator does not know fails the build.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    services.homeostat.remediator.settings = asDefaults (
      cfg.rendered.remediator
      // lib.optionalAttrs (cfg.alertmanager.url != null) { alertmanager_url = cfg.alertmanager.url; }
      // lib.optionalAttrs (cfg.prometheus.url != null) { prometheus_url = cfg.prometheus.url; }
    );

    environment.etc."homeostat/remediator.json".source = checked;

    systemd.services.homeostat-remediator = {
      restartTriggers = [ checked ];
      serviceConfig = beyondLoopback (
        [
          settings.listen
          settings.alertmanager_url
          settings.prometheus_url
        ]
        ++ lib.optional (settings.otlp_endpoint or null != null) settings.otlp_endpoint
      );
    };
  };
}
