# Alertmanager. Upstream's `configuration` is an untyped attrset, which cannot merge two definitions in depth;
# so ours and the user's meet in an option of our own, and upstream gets the finished value.
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

  here = cfg.enable && cfg.alertmanager.enable;
  secretUrls = lib.filterAttrs (_: receiver: receiver.webhook.urlFile != null) cfg.receivers;
in
{
  options.services.homeostat.alertmanager = {
    enable = mkOption {
      type = types.bool;
      default = cfg.alertmanager.url == null;
      defaultText = lib.literalExpression "config.services.homeostat.alertmanager.url == null";
      example = false;
      description = "Whether to run Alertmanager on this host.";
    };
    url = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "http://monitor.example:9093";
      description = ''
        An Alertmanager elsewhere, which gets the alerts and the remediator's pages. It needs the routes of this host, which
        are in `services.homeostat.rendered.alertmanager`, and the token of `secrets.alertmanagerTokenFile`.
      '';
    };
    heartbeatUrl = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "http://watch.example/ping";
      description = "URL that gets a post each minute for as long as the path of alerts works; who misses it calls people.";
    };
    settings = mkOption {
      inherit (json) type;
      default = { };
      example = {
        route.repeat_interval = "1h";
      };
      description = ''
        Alertmanager's configuration, laid over ours: values replace, lists (receivers, routes, inhibitions) are added to. Use
        this in place of `services.prometheus.alertmanager.configuration`, which cannot be merged.
      '';
    };
  };

  config = lib.mkIf here {
    services.homeostat.alertmanager.settings = asDefaults cfg.rendered.alertmanager;

    services.prometheus.alertmanager = {
      enable = true;
      listenAddress = lib.mkDefault "127.0.0.1";
      configuration = cfg.alertmanager.settings;
      # One Alertmanager needs no gossip, which would listen on every address.
      extraFlags = [ "--cluster.listen-address=" ];
    };

    systemd.services.alertmanager = {
      wants = [ units.secrets ];
      after = [ units.secrets ];
      # Its user is made at each start: only a credential reaches it.
      serviceConfig.LoadCredential = [
        "alertmanager-token:${cfg.secrets.alertmanagerTokenFile}"
      ]
      ++ lib.mapAttrsToList (name: receiver: "receiver-${name}:${receiver.webhook.urlFile}") secretUrls;
    };
  };
}
