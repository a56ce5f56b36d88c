# rebuild.py on NixOS. Its arguments are here and not in a NAME.args.nix, which would make it a test of Debian's too.
let
  machine = import ./facts.nix;
  victims = import ./victims.nix;
  folder = machine.paths.systemUnits;
  enabled = [
    "victim.service"
    "added.service"
  ];
in
import ./on-nixos.nix {
  name = "rebuild";
  args = import ./base.nix machine // {
    machineArguments = {
      extraApps = {
        broken = {
          unit = "broken.service";
          remedy.attempts = 1;
        };
        victim.unit = "victim.service";
      };
      extraFiles = {
        "${folder}/broken.service" = victims.alwaysFails;
        "${folder}/victim.service" = victims.lives;
        "${folder}/added.service" = victims.lives;
      };
      extraEnable = enabled;
      timing = {
        settle = 2;
        pageResend = 5;
      };
    };
  };
  configuration =
    { pkgs, ... }:
    {
      system.switch.enable = true;
      specialisation.next.configuration.services.homeostat = {
        apps.added.unit = "added.service";
        # A newer version, which grows the store by a migration that this one has never heard of.
        package = (pkgs.callPackage ../crates/package.nix { }).overrideAttrs (old: {
          doCheck = false;
          postPatch = (old.postPatch or "") + ''
            echo "ALTER TABLE events ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue';" \
              > crates/remediator/migrations/9999_from_a_newer_version.sql
          '';
        });
      };
      environment.systemPackages = [ pkgs.sqlite ];
    };
}
