{ machine }:
let
  victims = import ./victims.nix;
  folder = machine.paths.systemUnits;
  # Three at once, for what takes time is to wait for the verdict.
  slow = [
    "slow-1"
    "slow-2"
    "slow-3"
  ];
  each =
    value:
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = value name;
      }) slow
    );
in
import ./base.nix machine
// {
  slow = map (name: "${name}.service") slow;
  # In each the remediator is killed once for each of them.
  rounds = 7;
  resends = 1000;
  machineArguments = {
    demo = true;
    fast = true;
    extraApps = {
      victim = {
        unit = "victim.service";
        remedy.attempts = 100;
      };
    }
    # They stop when told, so that the remediator can be killed in the middle of their restart. The probe gives each an
    # AppDown that never fires by itself and may be answered by a restart.
    // each (name: {
      unit = "${name}.service";
      probe = "http://127.0.0.1:5001/health";
      remedy.attempts = 100;
    });
    extraFiles = {
      "${folder}/victim.service" = victims.lives;
    }
    // builtins.listToAttrs (
      map (name: {
        name = "${folder}/${name}.service";
        value = victims.stopsWhenTold;
      }) slow
    );
    extraEnable = [ "victim.service" ] ++ map (name: "${name}.service") slow;
    remediatorOverrides.budget = {
      actions = 1000;
      window_seconds = 3600;
    };
    timing = {
      # A restart goes on while the remediator is killed three times.
      job = 60;
      cooldown = 0;
      settle = 2;
    };
  };
}
