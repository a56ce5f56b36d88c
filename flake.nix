{
  description = "Homeostat: watches systemd services, heals those that fail, and proves that it helped";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      machineTests = [
        "stack"
        "heals"
        "refuses"
        "survives"
        "besieged"
        "escalates"
        "signals"
        "buffers"
        "poisons"
        "dashboards"
        "rebuild"
        "boots"
        "kernel"
        "power"
        "clock"
        "disks"
      ];
      each = make: lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
      host =
        system: file:
        lib.nixosSystem {
          modules = [
            self.nixosModules.default
            file
            { nixpkgs.hostPlatform = system; }
          ];
        };
      demo = system: host system ./nixos-modules/examples/demo.nix;
    in
    {
      packages = each (pkgs: rec {
        default = homeostat;
        homeostat = pkgs.callPackage ./crates/package.nix { };
        options = import ./nixos-modules/options-page.nix { inherit pkgs; };
      });

      apps = each (
        pkgs:
        let
          program = pkgs.callPackage ./nixos-modules/examples/demo-app.nix {
            inherit (demo pkgs.stdenv.hostPlatform.system) config;
          };
        in
        {
          default = {
            type = "app";
            program = lib.getExe program;
            meta.description = "Boot the demo in a local VM, show its URLs, and end it on Ctrl-C";
          };
        }
      );

      nixosModules.default = ./nixos-modules;

      nixosConfigurations = {
        demo = demo "x86_64-linux";
      }
      // lib.mapAttrs (_: host "x86_64-linux") {
        server = ./nixos-modules/examples/server.nix;
        own-prometheus = ./nixos-modules/examples/own-prometheus.nix;
        monitored-host = ./nixos-modules/examples/monitored-host.nix;
      };

      checks = each (
        pkgs:
        import ./nixos-modules/checks.nix {
          inherit pkgs self;
          inherit (self) nixosConfigurations;
        }
        // lib.genAttrs machineTests (name: pkgs.testers.runNixOSTest (./vm-tests + "/${name}.nix"))
      );

      devShells = each (pkgs: {
        default = pkgs.mkShell {
          inputsFrom = [ self.packages.${pkgs.stdenv.hostPlatform.system}.homeostat ];
          packages = [
            pkgs.clippy
            pkgs.rustfmt
            pkgs.rust-analyzer
            pkgs.nixfmt
            pkgs.statix
            pkgs.deadnix
            pkgs.prometheus.cli
            pkgs.prometheus-alertmanager
          ];
        };
      });

      formatter = each (pkgs: pkgs.nixfmt-tree);
    };
}
