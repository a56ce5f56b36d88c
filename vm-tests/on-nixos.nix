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
  }
  // (args.machineArguments or { });

  # Here nothing that a test asks for is absent.
  scriptArgs = removeAttrs args [ "machineArguments" ] // {
    absent = [ ];
  };

  # A unit file by its name; NixOS ignores [Install], so who is enabled is said beside it.
  unit = path: file: {
    name = baseNameOf path;
    value = {
      inherit (file) text;
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
      };

      systemd.units = lib.mapAttrs' (path: file: unit path file) given.extraFiles;
      # The victims name their programs without a path.
      systemd.settings.Manager.DefaultEnvironment = "PATH=/run/current-system/sw/bin";

      environment.systemPackages = [
        pkgs.curl
        pkgs.jq
      ];
      # A DHCP client listens on every address, and these machines ask nobody for one.
      networking.dhcpcd.enable = false;

      virtualisation = {
        memorySize = 3072;
        diskSize = 4096;
        cores = 2;
      };
    };

  # The scripts carry no type annotations; that they are sound Python is checked wherever Debian's tests run.
  skipTypeCheck = true;

  # A string in JSON is one in Python too.
  testScript = ''
    import json

    args = json.loads(${builtins.toJSON (builtins.toJSON scriptArgs)})

  ''
  + builtins.readFile ./prelude.py
  + builtins.readFile (./. + "/${name}.py");
}
