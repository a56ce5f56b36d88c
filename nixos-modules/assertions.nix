# What would evaluate and still be wrong, each told with the option, its value and the cure. Verbs, modes and
# units that may not be healed are refused by the settings themselves, for both machines.
{ config, lib, ... }:
let
  cfg = config.services.homeostat;
  upstream = config.services.prometheus;
  loopback = import ./loopback.nix;
  option = name: "services.homeostat.${name}";

  template = unit: builtins.replaceStrings [ (instance unit) ] [ "@." ] unit;
  instance =
    unit:
    let
      found = builtins.match "[^@]*(@.*[.])service" unit;
    in
    if found == null then "@." else builtins.head found;
  defined =
    unit: config.systemd.units ? ${unit} || config.systemd.units ? ${template unit};
  unitOf = name: app: {
    assertion = defined app.unit;
    message = "${option "apps.${name}.unit"}: this system defines no unit ${app.unit}. Correct the name, or define it with systemd.services; for a unit that a package brings, declare systemd.services.\"${lib.removeSuffix ".service" app.unit}\" = { };.";
  };

  # Where each port is said, for those that are in use.
  listeners = [
    {
      name = option "ports.remediator";
      port = cfg.ports.remediator;
    }
  ]
  ++ lib.optional cfg.api.enable {
    name = option "ports.api";
    port = cfg.ports.api;
  }
  ++ lib.optional cfg.demo.enable {
    name = option "ports.sink";
    port = cfg.ports.sink;
  }
  ++ lib.optional cfg.prometheus.enable {
    name = "services.prometheus.port";
    port = upstream.port;
    address = upstream.listenAddress;
  }
  ++ lib.optional cfg.alertmanager.enable {
    name = "services.prometheus.alertmanager.port";
    port = upstream.alertmanager.port;
    address = upstream.alertmanager.listenAddress;
  }
  ++
    map
      (name: {
        name = "services.prometheus.exporters.${name}.port";
        inherit (upstream.exporters.${name}) port;
        address = upstream.exporters.${name}.listenAddress;
      })
      (
        [
          "node"
          "process"
          "blackbox"
        ]
        ++ lib.optional cfg.postgresql.enable "postgres"
      )
  ++ lib.mapAttrsToList (name: app: {
    name = option "apps.${name}.metricsPort";
    port = app.metricsPort;
  }) (lib.filterAttrs (name: app: app.metricsPort != null && name != "homeostat-api") cfg.apps);
  clash =
    port: users:
    {
      assertion = lib.length users == 1;
      message = "${lib.concatMapStringsSep " and " (user: user.name) users} are all ${port}. Give each a port of its own.";
    };

  public = lib.filter (listener: !(loopback (listener.address or "127.0.0.1"))) listeners;
  ownListeners = lib.filter (setting: !(loopback setting.value)) (
    [
      {
        name = option "remediator.settings.listen";
        value = cfg.remediator.settings.listen;
      }
    ]
    ++ lib.optional cfg.api.enable {
      name = option "api.settings.listen";
      value = cfg.api.settings.listen;
    }
  );
  publicNames =
    map (listener: "${builtins.replaceStrings [ ".port" ] [ ".listenAddress" ] listener.name} = \"${listener.address}\"") public
    ++ map (setting: "${setting.name} = \"${setting.value}\"") ownListeners;

  secretFiles = {
    ${option "secrets.alertmanagerTokenFile"} = cfg.secrets.alertmanagerTokenFile;
    ${option "secrets.operatorTokenFile"} = cfg.secrets.operatorTokenFile;
  }
  // lib.mapAttrs' (
    name: receiver: lib.nameValuePair (option "receivers.${name}.webhook.urlFile") receiver.webhook.urlFile
  ) (lib.filterAttrs (_: receiver: receiver.webhook.urlFile != null) cfg.receivers);
  outsideStore = name: file: {
    assertion = !(lib.hasPrefix builtins.storeDir file);
    message = "${name} is ${file}, in the Nix store, which everybody can read. Name a file outside it, as a string and not as a path.";
  };

  reachable = name: url: {
    assertion = url == null || lib.hasPrefix "http://" url;
    message = "${option name} is ${toString url}, but the remediator speaks plain http:// only. Use an http:// URL over a tunnel or a private network.";
  };
  oneUrl = name: receiver: {
    assertion = (receiver.webhook.url == "") != (receiver.webhook.urlFile == null);
    message = "${option "receivers.${name}.webhook"} has ${
      if receiver.webhook.url == "" then "neither url nor" else "both url and"
    } urlFile. Set exactly one of them.";
  };
in
{
  config = lib.mkIf cfg.enable {
    assertions =
      lib.mapAttrsToList unitOf cfg.apps
      ++ lib.mapAttrsToList clash (lib.groupBy (listener: toString listener.port) listeners)
      ++ lib.mapAttrsToList outsideStore secretFiles
      ++ lib.mapAttrsToList oneUrl cfg.receivers
      ++ [
        (reachable "prometheus.url" cfg.prometheus.url)
        (reachable "alertmanager.url" cfg.alertmanager.url)
        {
          assertion = !(lib.hasInfix "$" (builtins.toJSON cfg.alertmanager.settings));
          message = "${option "alertmanager.settings"} has a dollar sign, and what follows one would be replaced before Alertmanager reads it. Write %24 in a URL; in a template name the field without a variable.";
        }
        {
          assertion = lib.count (name: name == "systemd") upstream.exporters.node.enabledCollectors < 2;
          message = "services.prometheus.exporters.node.enabledCollectors names systemd twice, which stops the exporter. Homeostat enables it; leave yours out.";
        }
        {
          assertion = cfg.demo.enable -> publicNames == [ ];
          message = "${option "demo.enable"} is true, which lets everybody break the sample API, and ${lib.concatStringsSep ", " publicNames} is reachable from elsewhere. Turn the demo off, or listen on 127.0.0.1.";
        }
      ];

    warnings =
      lib.optional
        (cfg.alertmanager.enable && cfg.receivers == { } && !cfg.demo.enable)
        "${option "receivers"} is { }: nobody is called when a remedy does not help. Set ${option "receivers.NAME.webhook.url"}.";
  };
}
