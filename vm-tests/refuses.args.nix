{ machine }:
let
  victims = import ./victims.nix;
  folder = machine.paths.systemUnits;
  units = {
    acted = victims.lives;
    dry = victims.lives;
    exits = victims.exits143;
    halted = victims.lives;
    other = victims.lives;
    slow = victims.stopsWhenTold;
    spent = victims.lives;
    switched = victims.lives;
    wished = victims.lives;
  };
  ports = import ../nixos-modules/settings/ports.nix { };
  names = builtins.attrNames units;
in
import ./base.nix machine
// {
  machineArguments = {
    demo = true;
    fast = true;
    extraApps = builtins.mapAttrs (
      name: _:
      {
        unit = "${name}.service";
      }
      // (if name == "dry" then { remedy.mode = "dry-run"; } else { })
      // (
        # Seen to be down only when a test says so; and every verb that could start it is there.
        if name == "wished" || name == "halted" then
          {
            probe = "http://127.0.0.1:${toString ports.remediator}/health";
            remedy.ladder = [
              "restart"
              "start"
              "rescue"
            ];
          }
        else
          { }
      )
    ) units;
    extraFiles = builtins.listToAttrs (
      map (name: {
        name = "${folder}/${name}.service";
        value = units.${name};
      }) names
    );
    extraEnable = map (name: "${name}.service") names;
    # Three actions, and the host has had enough for this test.
    remediatorOverrides.budget = {
      actions = 3;
      window_seconds = 3600;
    };
    # Longer than the test: the cool-down must be met, not waited out.
    timing.cooldown = 600;
  };
}
