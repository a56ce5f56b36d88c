# Our own units as the settings describe them, hardening included, and their users.
{ config, lib, ... }:
let
  cfg = config.services.homeostat;
  inherit (import ./names.nix) users;
  inherit (cfg.rendered) units;
  owners = lib.catAttrs "User" (map (unit: unit.serviceConfig) (lib.attrValues units));
in
{
  config = lib.mkIf cfg.enable {
    systemd.services = units;

    # Static, because polkit's rule and PostgreSQL's peer login name them.
    users.users = lib.genAttrs owners (name: {
      isSystemUser = true;
      group = name;
      extraGroups = lib.optional (name == users.remediator) "systemd-journal";
    });
    users.groups = lib.genAttrs owners (_: { });

    environment.systemPackages = [ cfg.package ];
  };
}
