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
      slow = victims.app "slow";
    };
    extraFiles = victims.files folder {
      inherit (victims) hungry;
      slow = victims.stopsWhenTold;
    };
    extraEnable = [
      "hungry.service"
      "slow.service"
    ];
    # A restart is under way when the power is cut.
    timing.job = 120;
  };
}
