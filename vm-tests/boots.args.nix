{ machine }:
let
  victims = import ./victims.nix;
  folder = machine.paths.systemUnits;
in
import ./base.nix machine
// {
  # A power cut takes what the disk was not told to keep.
  kernel.loses = true;
  alone = true;
  machineArguments = {
    demo = true;
    fast = true;
    extraApps = {
      hungry.unit = "hungry.service";
      # The probe gives it an AppDown that never fires by itself and may be answered by a restart.
      slow = {
        unit = "slow.service";
        probe = "http://127.0.0.1:${toString (import ../nixos-modules/settings/ports.nix { }).remediator}/health";
      };
    };
    extraFiles = {
      "${folder}/hungry.service" = victims.hungry;
      "${folder}/slow.service" = victims.stopsWhenTold;
    };
    extraEnable = [
      "hungry.service"
      "slow.service"
    ];
    # A restart is under way when the power is cut.
    timing.job = 120;
  };
}
