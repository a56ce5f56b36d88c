# A machine test on NixOS: the same NAME.py and NAME.args.nix that the Debian machine runs, on one VM.
{
  name,
  args ? import (./. + "/${name}.args.nix") { machine = import ./facts.nix; },
  # What the machine has besides.
  configuration ? { },
}:
let
  given = {
    demo = true;
    fast = true;
    extraApps = { };
    extraFiles = { };
    extraEnable = [ ];
    timing = { };
    apiOverrides = { };
    remediatorOverrides = { };
    collectorExporters = { };
    # Which of loki, tempo, collector and grafana run.
    backends = [ ];
  }
  // (args.machineArguments or { });
  runs = backend: builtins.elem backend given.backends;

  # Here nothing that a test asks for is absent.
  scriptArgs = removeAttrs args [ "machineArguments" ] // {
    absent = [ ];
  };

  # A unit file by its name. NixOS ignores [Install], so who is enabled is said beside it; and its systemd looks for
  # programs without a path nowhere but in its own package.
  unit = path: file: {
    name = baseNameOf path;
    value = {
      text = file.text + "\n[Service]\nExecSearchPath=/run/current-system/sw/bin\n";
      wantedBy = builtins.filter (_: builtins.elem (baseNameOf path) given.extraEnable) [
        "multi-user.target"
      ];
    };
  };
in
{
  inherit name;

  nodes.machine =
    { lib, pkgs, ... }:
    {
      imports = [
        ../nixos-modules
        configuration
      ];

      services.homeostat = {
        enable = true;
        # As on Debian.
        host = "demo";
        demo.enable = given.demo;
        demo.fast = given.fast;
        apps = given.extraApps;
        inherit (given) timing;
        api.settings = given.apiOverrides;
        remediator.settings = given.remediatorOverrides;
        loki.enable = runs "loki";
        tempo.enable = runs "tempo";
        collector.enable = runs "collector";
        collector.settings.exporters = given.collectorExporters;
        grafana.enable = runs "grafana";
      };

      systemd.units = lib.mapAttrs' (path: file: unit path file) given.extraFiles;
      # Nor do transient units find the programs that their scripts name.
      systemd.settings.Manager.DefaultEnvironment = "PATH=/run/current-system/sw/bin";

      environment.systemPackages = [
        pkgs.curl
        pkgs.jq
      ];
      # A DHCP client listens on every address, and these machines ask nobody for one.
      networking.dhcpcd.enable = false;

      virtualisation = {
        memorySize = if given.backends == [ ] then 3072 else 4096;
        diskSize = if given.backends == [ ] then 4096 else 8192;
        cores = 2;
        emptyDiskImages = args.kernel.disks or [ ];
      };
      # The test driver's machines stop when any memory runs out.
      boot.kernel.sysctl = lib.mkIf (args ? kernel) { "vm.panic_on_oom" = 0; };
    };

  # The scripts carry no type annotations; that they are sound Python is checked wherever Debian's tests run.
  skipTypeCheck = true;

  # The driver gets its script in one environment variable, which the kernel limits to 128 KiB: what is much comes in
  # a file.
  testScript = ''
    import json

    with open("${builtins.toFile "args.json" (builtins.toJSON scriptArgs)}", encoding="utf-8") as file:
        args = json.load(file)

  ''
  + builtins.readFile ./prelude.py
  + builtins.readFile (./. + "/${name}.py");
}
