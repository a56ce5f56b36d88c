{ machine }:
let
  victims = import ./victims.nix;
  folder = machine.paths.systemUnits;
  # Restarted again and again, one of them never to the end; and one that nobody can start, so that a page stands.
  units = {
    quick-1 = victims.tells;
    quick-2 = victims.tells;
    quick-3 = victims.tells;
    quick-4 = victims.tells;
    slow = victims.stopsWhenTold;
    gone = victims.lives;
  };
  names = builtins.attrNames units;
in
import ./base.nix machine
// {
  kernel.loses = true;
  alone = true;
  long = true;
  rounds = 20;
  quick = map (name: "${name}.service") (builtins.filter (name: builtins.substring 0 5 name == "quick") names);
  store = "${machine.paths.remediatorState}/events.db";
  machineArguments = {
    demo = true;
    fast = true;
    extraApps = builtins.mapAttrs (name: _: victims.app name // { remedy.attempts = 1000; }) units;
    extraFiles = victims.files folder units;
    extraEnable = map (name: "${name}.service") (builtins.filter (name: name != "gone") names);
    remediatorOverrides.budget = {
      actions = 1000;
      window_seconds = 3600;
    };
    timing = {
      job = 120;
      cooldown = 0;
      settle = 1;
      # So long Alertmanager, after each boot, knows nothing for sure.
      resolveTimeout = 20;
      pageResend = 5;
    };
  };
}
