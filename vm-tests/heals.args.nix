{ machine }:
let
  victims = import ./victims.nix;
  ports = import ../nixos-modules/settings/ports.nix { };
  # Units that are seen to be down only when a test says so, with every verb that could start them.
  told = {
    bound = victims.boundTo "base.service";
    ends = victims.endsWhenTold;
    forgotten = victims.forgotten;
    frozen = victims.lives;
    once = victims.runsOnce;
  };
  names = builtins.attrNames told;
  folder = machine.paths.systemUnits;
in
import ./base.nix machine
// {
  # The API's cool-down in the fast variant, which the script waits for between two faults.
  inherit (import ../nixos-modules/settings/timing.nix { fast = true; }) cooldown;
  machineArguments = {
    demo = true;
    fast = true;
    # Foreign units, under care by data alone.
    extraApps = {
      # The test's own faults are more than an hour's attempts.
      homeostat-api.remedy.attempts = 20;
      first.unit = "first-victim.service";
      second.unit = "second-victim.service";
    }
    // builtins.mapAttrs (name: _: {
      unit = "${name}.service";
      probe = "http://127.0.0.1:${toString ports.remediator}/health";
      remedy.ladder = [
        "restart"
        "start"
        "rescue"
      ];
    }) told;
    # The test's own faults are more than an hour's budget, too.
    remediatorOverrides.budget = {
      actions = 40;
      window_seconds = 3600;
    };
    extraFiles = {
      "${folder}/first-victim.service" = victims.lives;
      "${folder}/second-victim.service" = victims.lives;
      "${folder}/base.service" = victims.lives;
    }
    // builtins.listToAttrs (
      map (name: {
        name = "${folder}/${name}.service";
        value = told.${name};
      }) names
    );
    extraEnable = [
      "first-victim.service"
      "second-victim.service"
      "base.service"
    ]
    # What is enabled stays in systemd's memory.
    ++ map (name: "${name}.service") (builtins.filter (name: name != "forgotten") names);
  };
}
