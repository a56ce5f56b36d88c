# Who listens on this host: { all = [ { name; port; } ]; public = [ "OPTION = VALUE" ]; }.
{ config, lib }:
let
  cfg = config.services.homeostat;
  upstream = config.services.prometheus;
  loopback = import ./loopback.nix;

  own = name: {
    name = "services.homeostat.ports.${name}";
    port = cfg.ports.${name};
  };
  theirs = path: service: {
    name = "services.prometheus.${path}port";
    inherit (service) port;
    listen = {
      name = "services.prometheus.${path}listenAddress";
      value = service.listenAddress;
    };
  };
  exporter = name: theirs "exporters.${name}." upstream.exporters.${name};
  # The sample API's port is said by its own option.
  foreign = lib.filterAttrs (
    name: app: app.metricsPort != null && name != (import ./names.nix).users.api
  ) cfg.apps;

  services =
    lib.optional cfg.prometheus.enable (theirs "" upstream)
    ++ lib.optional cfg.alertmanager.enable (theirs "alertmanager." upstream.alertmanager)
    ++ map exporter [
      "node"
      "process"
      "blackbox"
    ]
    ++ lib.optional cfg.postgresql.enable (exporter "postgres");

  settings = [
    {
      name = "services.homeostat.remediator.settings.listen";
      value = cfg.remediator.settings.listen;
    }
  ]
  ++ lib.optional cfg.api.enable {
    name = "services.homeostat.api.settings.listen";
    value = cfg.api.settings.listen;
  };
  addresses = settings ++ map (service: service.listen) services;
in
{
  all = [
    (own "remediator")
  ]
  ++ lib.optional cfg.api.enable (own "api")
  ++ lib.optional cfg.demo.enable (own "sink")
  ++ services
  ++ lib.mapAttrsToList (name: app: {
    name = "services.homeostat.apps.${name}.metricsPort";
    port = app.metricsPort;
  }) foreign;

  public = map (address: "${address.name} = \"${address.value}\"") (
    lib.filter (address: !(loopback address.value)) addresses
  );
}
