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

  # Each program reads what it would read on the host.
  configuration =
    name:
    { config, ... }:
    let
      cfg = config.services.homeostat;
      json = file: value: pkgs.writeText file (builtins.toJSON value);
    in
    pkgs.runCommandLocal "configuration-${name}"
      {
        nativeBuildInputs = [
          pkgs.prometheus.cli
          pkgs.prometheus-alertmanager
          pkgs.prometheus-blackbox-exporter
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
        cat ${config.environment.etc."homeostat/remediator.json".source} > $out
      '';

  tests = import ./tests/render.nix;
  rendered = pkgs.linkFarm "rendered" (
    lib.mapAttrs (path: text: pkgs.writeText (baseNameOf path) text) tests
  );

  wrong = import ./tests/refusals.nix {
    inherit lib;
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

  refusals =
    if wrong == [ ] then
      pkgs.runCommandLocal "refusals" { } "touch $out"
    else
      throw "nixos-modules/tests/refusals.nix: not as it should be: ${toString wrong}";

  rules = pkgs.runCommandLocal "rules" { nativeBuildInputs = [ pkgs.prometheus.cli ]; } ''
    # Rule tests name their rules by a relative path.
    cp -rL ${rendered} rendered
    promtool test rules rendered/tests/*.json
    touch $out
  '';
}
// lib.mapAttrs' (name: machine: {
  name = "configuration-${name}";
  value = configuration name machine;
}) nixosConfigurations
