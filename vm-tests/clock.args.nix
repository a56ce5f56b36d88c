{ machine }:
let
  victims = import ./victims.nix;
  folder = machine.paths.systemUnits;
  # Two that are restarted, which is all that the budget allows; one that is met by the spent budget; one that nobody can
  # start.
  units = {
    first = victims.lives;
    second = victims.lives;
    third = victims.lives;
    gone = victims.lives;
  };
  names = builtins.attrNames units;
in
import ./base.nix machine
// {
  kernel = { };
  alone = true;
  long = true;
  machineArguments = {
    demo = true;
    fast = true;
    extraApps = builtins.mapAttrs (name: _: victims.app name) units;
    extraFiles = victims.files folder units;
    extraEnable = map (name: "${name}.service") (builtins.filter (name: name != "gone") names);
    remediatorOverrides.budget = {
      actions = 2;
      window_seconds = 3600;
    };
    # All longer than the test: they must be met, not waited out.
    timing = {
      cooldown = 3600;
      hold = 7000;
    };
  };
}
