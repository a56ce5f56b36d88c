# What `nix flake check` builds besides the machine tests.
{
  pkgs,
  self,
  nixosConfigurations,
}:
let
  inherit (pkgs) lib;
  inherit (pkgs.stdenv.hostPlatform) system;

  # Runs a script over the sources; it fails or is silent.
  over =
    name: tools: script:
    pkgs.runCommandLocal name { nativeBuildInputs = tools; } ''
      cd ${self}
      ${script}
      touch $out
    '';

  # Each program reads what it would read on the host: the final values, the user's words included. NixOS asks most of
  # them when it builds a system; nothing is built here but the checks.
  configuration =
    name:
    { config, ... }:
    let
      cfg = config.services.homeostat;
      json = file: value: pkgs.writeText file (builtins.toJSON value);
      collector = config.services.opentelemetry-collector;
    in
    pkgs.runCommandLocal "configuration-${name}"
      {
        nativeBuildInputs = [
          pkgs.prometheus.cli
          pkgs.prometheus-alertmanager
          pkgs.prometheus-blackbox-exporter
          config.services.loki.package
          (config.services.tempo.package or pkgs.tempo)
          pkgs.jq
        ];
      }
      ''
        promtool check config --lint=all --lint-fatal ${json "prometheus.json" cfg.rendered.prometheus.file}
        amtool check-config ${
          json "alertmanager.json" (
            if cfg.alertmanager.enable then cfg.alertmanager.settings else cfg.rendered.alertmanager
          )
        }
        blackbox_exporter --config.file=${json "blackbox.json" cfg.rendered.blackbox} --config.check
        ${lib.optionalString cfg.loki.enable "loki -verify-config -config.file=${json "loki.json" config.services.loki.configuration}"}
        ${lib.optionalString cfg.tempo.enable "tempo -config.verify -config.file=${json "tempo.json" config.services.tempo.settings}"}
        ${lib.optionalString cfg.collector.enable "${lib.getExe collector.package} validate --config=file:${json "collector.json" collector.settings}"}
        jq --exit-status '.uid and .title' ${../dashboards}/*.json
        cat ${config.environment.etc."homeostat/remediator.json".source} > $out
      '';

  tests = import ./tests/render.nix;
  rendered = pkgs.linkFarm "rendered" (
    lib.mapAttrs (path: text: pkgs.writeText (baseNameOf path) text) tests
  );

  evaluate =
    module:
    (self.inputs.nixpkgs.lib.nixosSystem {
      modules = [
        ./.
        ./examples/hardware.nix
        {
          nixpkgs.hostPlatform = system;
          services.homeostat.enable = true;
        }
        module
      ];
    }).config;

  # Evaluates to nothing but a file if the list of what is wrong is empty.
  none =
    name: wrong:
    if wrong == [ ] then
      pkgs.runCommandLocal name { } "touch $out"
    else
      throw "nixos-modules/tests/${name}.nix: not as it should be:\n${lib.concatStringsSep "\n" wrong}";

  # The Debian machine with everything, and the same on NixOS.
  whole = {
    nixos = evaluate {
      services.homeostat.host = "demo";
      services.homeostat.demo.enable = true;
    };
    debian = import ../vm-tests/debian/machine.nix {
      arguments = {
        backends = [
          "loki"
          "tempo"
          "collector"
          "grafana"
        ];
        tempoVersion = (whole.nixos.services.tempo.package or pkgs.tempo).version;
      };
    };
  };
in
{
  inherit (self.packages.${system}) homeostat;

  format = over "format" [ pkgs.nixfmt ] "find . -name '*.nix' -exec nixfmt --check {} +";
  deadnix = over "deadnix" [ pkgs.deadnix ] "deadnix --fail .";
  statix = over "statix" [ pkgs.statix ] "statix check .";
  options = over "options" [ pkgs.diffutils ] ''
    diff -u docs/OPTIONS.md ${self.packages.${system}.options}
    bash nixos-modules/tests/options.sh docs/OPTIONS.md README.md docs/ARCHITECTURE.md docs/RUNBOOK.md
  '';

  refusals = none "refusals" (import ./tests/refusals.nix { inherit lib evaluate; });
  compare = none "compare" (import ./tests/compare.nix ({ inherit lib; } // whole));

  # The scripts that Debian's tests run: rule tests, routes, and what a real Alertmanager mutes.
  rules =
    pkgs.runCommandLocal "rules"
      {
        nativeBuildInputs = [
          pkgs.curl
          pkgs.jq
          pkgs.prometheus-alertmanager
          pkgs.prometheus-blackbox-exporter
          pkgs.prometheus.cli
        ];
      }
      ''
        # Rule tests name their rules by a relative path.
        cp -rL ${rendered} rendered
        bash ${./tests/run.sh} rendered ${../docs/RUNBOOK.md}
        bash ${./tests/notifications.sh} rendered
        touch $out
      '';
}
// lib.mapAttrs' (name: machine: {
  name = "configuration-${name}";
  value = configuration name machine;
}) nixosConfigurations
