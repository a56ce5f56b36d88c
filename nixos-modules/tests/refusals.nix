# What must not evaluate: each mistake, and words of the sentence that tells of it. The result is the list of cases
# that went otherwise, so [ ] is a pass.
{
  lib,
  # From a NixOS module to its `config`, on a machine that has Homeostat.
  evaluate,
}:
let
  inherit (import ./refused.nix)
    thrown
    asserted
    shop
    homeostat
    remote
    ;

  # What looks like a mistake, and is none.
  accepted = {
    app = shop { metricsPort = 9000; };
    nothing-stored-here = remote { };
    collector-elsewhere = remote { collector.url = "http://192.0.2.2:4318"; };
    own-collector =
      { pkgs, ... }:
      homeostat { collector.package = pkgs.opentelemetry-collector; };
    grafana-elsewhere = homeostat { grafana.url = "http://192.0.2.2:3000"; };
  };

  throws =
    module:
    let
      inherit ((evaluate module).services.homeostat) remediator rendered;
    in
    !(builtins.tryEval (builtins.deepSeq [ remediator.settings rendered.rules ] true)).success;
  failed = module: lib.filter (item: !item.assertion) (evaluate module).assertions;
  says = case: lib.any (item: lib.hasInfix case.says item.message) (failed case.module);

  refused = module: throws module || failed module != [ ];

  # What a Prometheus elsewhere is told, but for URLs, which are asked from here.
  told =
    builtins.toJSON
      (evaluate (remote { })).services.homeostat.rendered.prometheus.file.scrape_configs;

  # Each version of Tempo refuses the other's parts.
  tempo =
    version:
    (evaluate {
      nixpkgs.overlays = [ (_: given: { tempo = given.tempo.overrideAttrs { inherit version; }; }) ];
    }).services.tempo.settings;

  # What the README shows is what the first example is, but for white space.
  dense = text: lib.concatStrings (lib.filter lib.isString (builtins.split "[[:space:]]+" text));
  shown = lib.filter (lib.hasPrefix "nix\nservices.homeostat.") (
    lib.splitString "```" (builtins.readFile ../../README.md)
  );
  evaluated =
    text:
    lib.hasInfix (dense (lib.removePrefix "nix" text)) (
      dense (builtins.readFile ../examples/server.nix)
    );

  silent = evaluate (homeostat {
    receivers.a.webhook.url = "https://pager.example/hook";
  });
in
lib.attrNames (lib.filterAttrs (_: module: !(throws module)) thrown)
++ lib.attrNames (lib.filterAttrs (_: case: !(says case)) asserted)
++ lib.attrNames (lib.filterAttrs (_: refused) accepted)
++ lib.optional (lib.hasInfix "\"127.0.0.1:" told) "a Prometheus elsewhere is told of loopback"
++ lib.optional (
  !(tempo "3.0.2" ? live_store) || tempo "2.10.5" ? live_store
) "what Tempo reads does not follow its version"
++ lib.optional (shown == [ ] || !(lib.all evaluated shown)) "the README shows another example"
++ lib.optional (silent.warnings != [ ]) "a receiver, and still a warning"
++ lib.optional ((evaluate accepted.app).warnings == [ ]) "no receiver, and no warning"
