{ machine }:
let
  victims = import ./victims.nix;
  folder = machine.paths.systemUnits;
  ports = import ../nixos-modules/settings/ports.nix { };
  units = {
    greedy = victims.greedy;
    slow = victims.stopsSlowly;
    frozen = victims.lives;
    squeezed = victims.squeezed;
  };
  names = builtins.attrNames units;
in
import ./base.nix machine
// {
  inherit (machine) distribution;
  kernel = { };
  alone = true;
  long = true;
  machineArguments = {
    demo = true;
    fast = true;
    # The probe gives each an AppDown that never fires by itself and may be answered by a restart.
    extraApps =
      builtins.mapAttrs (name: _: {
        unit = "${name}.service";
        probe = "http://127.0.0.1:${toString ports.remediator}/health";
        remedy.attempts = 20;
      }) units
      // {
        # Emulated, it is slow by itself.
        homeostat-api.thresholds.latencyMilliseconds = 20000;
      };
    extraFiles = builtins.listToAttrs (
      map (name: {
        name = "${folder}/${name}.service";
        value = units.${name};
      }) names
    );
    extraEnable = map (name: "${name}.service") (builtins.filter (name: name != "squeezed") names);
    # The test's own faults are more than an hour's budget.
    remediatorOverrides.budget = {
      actions = 100;
      window_seconds = 3600;
    };
    timing = {
      job = 60;
      cooldown = 0;
    };
  };
}
