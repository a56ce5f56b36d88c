{ machine }:
let
  victims = import ./victims.nix;
  unit = "victim.service";
in
import ./base.nix machine
// {
  # MiB. The remediator's log of events lies on it.
  kernel.disks = [ 256 ];
  alone = true;
  long = true;
  folder = machine.paths.remediatorState;
  user = machine.users.remediator;
  machineArguments = {
    demo = true;
    fast = true;
    extraApps.victim = {
      inherit unit;
      remedy.attempts = 20;
    };
    extraFiles."${machine.paths.systemUnits}/${unit}" = victims.lives;
    extraEnable = [ unit ];
    remediatorOverrides.budget = {
      actions = 100;
      window_seconds = 3600;
    };
    timing.cooldown = 0;
  };
}
