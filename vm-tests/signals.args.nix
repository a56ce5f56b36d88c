{ machine }:
let
  backends = [
    "loki"
    "tempo"
    "collector"
  ];
in
import ./base.nix machine
// {
  inherit backends;
  machineArguments = {
    inherit backends;
    demo = true;
    fast = true;
  };
}
