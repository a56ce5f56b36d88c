{ machine }:
let
  victims = import ./victims.nix;
  folder = machine.paths.systemUnits;
  ports = import ../nixos-modules/settings/ports.nix { };
  # Two that are restarted, which is all that the budget allows; one that is met by the spent budget; one that nobody can
  # start.
  names = [
    "first"
    "second"
    "third"
    "gone"
  ];
in
import ./base.nix machine
// {
  kernel = { };
  alone = true;
  long = true;
  machineArguments = {
    demo = true;
    fast = true;
    # The probe gives each an AppDown that never fires by itself and may be answered by a restart.
    extraApps = builtins.listToAttrs (
      map (name: {
        inherit name;
        value = {
          unit = "${name}.service";
          probe = "http://127.0.0.1:${toString ports.remediator}/health";
        };
      }) names
    );
    extraFiles = builtins.listToAttrs (
      map (name: {
        name = "${folder}/${name}.service";
        value = victims.lives;
      }) names
    );
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
