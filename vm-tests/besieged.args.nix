{ machine }:
let
  victims = import ./victims.nix;
  units.victim = victims.lives;
in
import ./base.nix machine
// {
  # It takes both cores.
  alone = true;
  # So many alerts with 64 KiB of annotations are more than one post may have.
  large = 33;
  # How long the siege lasts, in seconds.
  siege = 30;
  # The most that the remediator's memory may be meanwhile, in KiB.
  mostMemory = 40 * 1024;
  machineArguments = {
    demo = true;
    fast = true;
    extraApps.victim = {
      unit = "victim.service";
      remedy.attempts = 20;
    };
    extraFiles = victims.files machine.paths.systemUnits units;
    extraEnable = [ "victim.service" ];
    timing.cooldown = 0;
  };
}
