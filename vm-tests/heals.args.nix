{ machine }:
let
  victims = import ./victims.nix;
  folder = machine.paths.systemUnits;
in
import ./base.nix machine
// {
  # The API's cool-down in the fast variant, which the script waits for between two faults.
  inherit (import ../nixos-modules/settings/timing.nix { fast = true; }) cooldown;
  machineArguments = {
    demo = true;
    fast = true;
    # Foreign units, under care by data alone.
    extraApps = {
      # The test's own faults are more than an hour's attempts.
      homeostat-api.remedy.attempts = 20;
      first.unit = "first-victim.service";
      second.unit = "second-victim.service";
    };
    extraFiles = {
      "${folder}/first-victim.service" = victims.lives;
      "${folder}/second-victim.service" = victims.lives;
    };
    extraEnable = [
      "first-victim.service"
      "second-victim.service"
    ];
  };
}
