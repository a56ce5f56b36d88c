{ machine }:
let
  backends = [
    "loki"
    "tempo"
    "collector"
    "grafana"
  ];
in
import ./base.nix machine
// {
  inherit (machine) distribution;
  inherit backends;
  machineArguments = {
    inherit backends;
    demo = true;
    fast = true;
  };
}
