{ machine }:
let
  victims = import ./victims.nix;
  folder = machine.paths.systemUnits;
in
import ./base.nix machine
// {
  rounds = 20;
  resends = 1000;
  machineArguments = {
    demo = true;
    fast = true;
    extraApps = {
      # Stops when told, so that the remediator can be killed in the middle of its restart. The probe
      # gives it an AppDown that never fires by itself and may be answered by a restart.
      slow = {
        unit = "slow.service";
        probe = "http://127.0.0.1:5001/health";
        remedy.attempts = 100;
      };
      victim = {
        unit = "victim.service";
        remedy.attempts = 100;
      };
    };
    extraFiles = {
      "${folder}/slow.service" = victims.stopsWhenTold;
      "${folder}/victim.service" = victims.lives;
    };
    extraEnable = [
      "slow.service"
      "victim.service"
    ];
    remediatorOverrides.budget = {
      actions = 1000;
      window_seconds = 3600;
    };
    timing = {
      cooldown = 0;
      settle = 2;
    };
  };
}
