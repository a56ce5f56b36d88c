# What would evaluate and still be wrong, each told with the option, its value and the cure. Units that may not be
# healed are refused by the settings themselves, for both machines; so are verbs and modes, whose types say it first.
{ config, lib, ... }:
let
  cfg = config.services.homeostat;
  listeners = import ./listeners.nix { inherit config lib; };
  option = name: "services.homeostat.${name}";

  # An instance of a template counts as defined where the template is.
  template =
    unit:
    let
      parts = builtins.match "([^@]*@)[^@]*([.]service)" unit;
    in
    if parts == null then unit else lib.concatStrings parts;
  defined = name: app: {
    assertion = config.systemd.units ? ${app.unit} || config.systemd.units ? ${template app.unit};
    message = ''
      ${option "apps.${name}.unit"}: this system defines no unit ${app.unit}. Correct the name, or define the unit with
      systemd.services; for one that a package brings, declare systemd.services."${lib.removeSuffix ".service" app.unit}" = { };.'';
  };

  clash = port: users: {
    assertion = lib.length users == 1;
    message = "${
      lib.concatMapStringsSep " and " (user: user.name) users
    } are all ${port}. Give each a port of its own.";
  };

  secretUrls = lib.filterAttrs (_: receiver: receiver.webhook.urlFile != null) cfg.receivers;
  secretFiles = {
    ${option "secrets.alertmanagerTokenFile"} = cfg.secrets.alertmanagerTokenFile;
    ${option "secrets.operatorTokenFile"} = cfg.secrets.operatorTokenFile;
    ${option "secrets.grafanaAdminPasswordFile"} = cfg.secrets.grafanaAdminPasswordFile;
    ${option "secrets.grafanaSecretKeyFile"} = cfg.secrets.grafanaSecretKeyFile;
  }
  // lib.mapAttrs' (name: receiver: {
    name = option "receivers.${name}.webhook.urlFile";
    value = receiver.webhook.urlFile;
  }) secretUrls;
  outsideStore = name: file: {
    assertion = !(lib.hasPrefix builtins.storeDir file);
    message = "${name} is ${file}, in the Nix store, which everybody can read. Name a file outside it, as a string and not as a path.";
  };

  oneUrl = name: receiver: {
    assertion = (receiver.webhook.url == "") != (receiver.webhook.urlFile == null);
    message = "${option "receivers.${name}.webhook"} has ${
      if receiver.webhook.url == "" then "neither url nor" else "both url and"
    } urlFile. Set exactly one of them.";
  };

  reachable = name: url: {
    assertion = url == null || lib.hasPrefix "http://" url;
    message = ''
      ${option name} is ${toString url}, but the remediator speaks plain http:// only. Use an http:// URL over a tunnel or a
      private network.'';
  };
in
{
  config = lib.mkIf cfg.enable {
    assertions =
      lib.mapAttrsToList defined cfg.apps
      ++ lib.mapAttrsToList clash (builtins.groupBy (listener: toString listener.port) listeners.all)
      ++ lib.mapAttrsToList outsideStore secretFiles
      ++ lib.mapAttrsToList oneUrl cfg.receivers
      ++ [
        (reachable "prometheus.url" cfg.prometheus.url)
        (reachable "alertmanager.url" cfg.alertmanager.url)
        {
          assertion = !(lib.hasInfix "$" (builtins.toJSON cfg.alertmanager.settings));
          message = ''
            ${option "alertmanager.settings"} has a dollar sign, and what follows one would be replaced before Alertmanager
            reads it. Write %24 in a URL; in a template name the field without a variable.'';
        }
        {
          assertion =
            lib.count (name: name == "systemd") config.services.prometheus.exporters.node.enabledCollectors < 2;
          message = ''
            services.prometheus.exporters.node.enabledCollectors names systemd twice, which stops the exporter. Homeostat
            enables it; leave yours out.'';
        }
        {
          assertion = cfg.demo.enable -> listeners.public == [ ];
          message = ''
            ${option "demo.enable"} is true, which lets everybody break the sample API, and ${lib.concatStringsSep ", " listeners.public} is
            reachable from elsewhere. Turn the demo off, or listen on 127.0.0.1.'';
        }
      ];

    warnings =
      lib.optional (cfg.alertmanager.enable && cfg.receivers == { } && !cfg.demo.enable)
        "${option "receivers"} is { }: nobody is called when a remedy does not help. Set ${option "receivers.NAME.webhook.url"}.";
  };
}
