{ machine }:
let
  victims = import ../victims.nix;
  folder = machine.paths.systemUnits;
  ports = import ../../nixos-modules/settings/ports.nix { };
  names = builtins.genList (number: "bench-${toString number}") 20;
  # Tempo where there is one, for the memory of the whole.
  backends = [
    "loki"
    "tempo"
    "collector"
  ];
  files = map (name: "${name}.service") names;
  each =
    list: value:
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = value name;
      }) list
    );
in
import ../base.nix machine
// {
  inherit (machine.paths) config remediatorState;
  victims = files;
  inherit backends;
  machineArguments = {
    inherit backends;
    demo = true;
    fast = false;
    extraPackages = [
      "valgrind"
      "python3-flask"
    ];
    # Units that start and stop at once. They share the API's probe, so that AppDown is theirs and never fires.
    extraApps = each names (name: {
      unit = "${name}.service";
      probe = "http://127.0.0.1:${toString ports.api}/live";
      remedy.attempts = 1000;
    });
    extraFiles = each (map (file: "${folder}/${file}") files) (_: victims.lives);
    extraEnable = files;
    remediatorOverrides.budget = {
      actions = 10000;
      window_seconds = 3600;
    };
    # As in production: no switches for faults in the way of a request.
    apiOverrides = {
      faults = false;
      # Spans are recorded, and go nowhere: what is counted is the API's own work.
      otlp_endpoint = null;
    };
    timing = {
      cooldown = 0;
      settle = 1;
    };
  };
}
