{ machine }:
let
  victims = import ./victims.nix;
  folder = machine.paths.systemUnits;
in
import ./base.nix machine
// {
  machineArguments = {
    demo = true;
    fast = true;
    extraApps = {
      broken = {
        unit = "broken.service";
        # Rescued at most twice, however long the ladder is.
        remedy = {
          ladder = [
            "rescue"
            "rescue"
            "rescue"
          ];
          attempts = 2;
        };
      };
      victim.unit = "victim.service";
    };
    extraFiles = {
      "${folder}/broken.service" = victims.alwaysFails;
      "${folder}/victim.service" = victims.lives;
    };
    extraEnable = [ "victim.service" ];
    timing = {
      settle = 2;
      resolveTimeout = 20;
      pageResend = 5;
    };
  };
  resolveTimeout = 20;
}
