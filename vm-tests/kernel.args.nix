{ machine }:
let
  victims = import ./victims.nix;
  folder = machine.paths.systemUnits;
  units = {
    greedy = victims.greedy;
    slow = victims.stopsSlowly;
    frozen = victims.lives;
    squeezed = victims.squeezed;
  };
  names = builtins.attrNames units;
  # The API's way to its database leads over a port here, where a network can be bad. Who comes by the socket is who runs
  # what stands between.
  databasePort = 15432;
  road = text: {
    inherit text;
    mode = "0644";
    user = "root";
    group = "root";
  };
in
import ./base.nix machine
// {
  inherit databasePort;
  kernel = { };
  alone = true;
  long = true;
  machineArguments = {
    demo = true;
    fast = true;
    extraApps =
      builtins.mapAttrs (name: _: victims.app name // { remedy.attempts = 20; }) units
      // {
        # Emulated, it is slow by itself.
        homeostat-api.thresholds.latencyMilliseconds = 1500;
      };
    apiOverrides.database_url = "postgresql://${machine.users.api}@127.0.0.1:${toString databasePort}/${machine.users.api}?sslmode=disable";
    extraFiles = victims.files folder units // {
      "${folder}/road.socket" = road ''
        [Socket]
        ListenStream=127.0.0.1:${toString databasePort}
        [Install]
        WantedBy=sockets.target
      '';
      "${folder}/road.service" = road ''
        [Service]
        User=${machine.users.api}
        ExecStart=${machine.paths.systemd}/systemd-socket-proxyd ${machine.paths.postgresqlSocket}/.s.PGSQL.5432
      '';
    };
    extraEnable = [ "road.socket" ] ++ map (name: "${name}.service") (builtins.filter (name: name != "squeezed") names);
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
