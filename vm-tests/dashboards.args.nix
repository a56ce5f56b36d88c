{ machine }:
let
  folder = ../dashboards;
  backends = [
    "loki"
    "tempo"
    "collector"
    "grafana"
  ];
  toml = file: builtins.fromTOML (builtins.readFile (folder + "/${file}"));

  # Everything else in that folder has another ending.
  titled = file: builtins.match "(.*)[.]json" file;
  contents = map (file: {
    name = builtins.head (titled file);
    content = builtins.fromJSON (builtins.readFile (folder + "/${file}"));
  }) (builtins.filter (file: titled file != null) (builtins.attrNames (builtins.readDir folder)));

  # Only what is asked: whole dashboards would be too long for a script of NixOS's driver.
  fields = {
    allValue = null;
    current = null;
    expr = null;
    includeAll = null;
    instant = null;
    multi = null;
    name = null;
    query = null;
    queryType = null;
    regex = null;
    serviceMapQuery = null;
    type = null;
  };
  ask = source: given: builtins.intersectAttrs fields given // { source = source.type or ""; };

  # What is folded into a row too.
  panelsOf = builtins.concatMap (panel: [ panel ] ++ panelsOf (panel.panels or [ ]));
  ofPanel =
    panel:
    map (
      target:
      ask (target.datasource or panel.datasource or { }) target
      // {
        at = "${panel.title} / ${target.refId}";
      }
    ) (panel.targets or [ ]);
  ofAnnotation =
    annotation: ask annotation.datasource annotation // { at = "annotation / ${annotation.name}"; };

  dashboards = map (
    { name, content }:
    {
      inherit name;
      inherit (content) uid;
      questions =
        builtins.concatMap ofPanel (panelsOf content.panels)
        ++ map ofAnnotation (builtins.filter (given: given ? expr) (content.annotations.list or [ ]));
      variables = map (given: ask (given.datasource or { }) given) (content.templating.list or [ ]);
    }
  ) contents;

  # Of an inventory, likewise, only what a dashboard names.
  named =
    file:
    builtins.mapAttrs (_: metrics: builtins.attrNames (builtins.intersectAttrs words metrics)) (
      toml file
    );
  wordsOf =
    question:
    builtins.filter builtins.isString (
      builtins.split "[^a-zA-Z0-9_:]+" (
        question.expr or question.serviceMapQuery or (builtins.toJSON (question.query or ""))
      )
    );
  words = builtins.listToAttrs (
    map
      (name: {
        inherit name;
        value = null;
      })
      (
        builtins.concatMap (
          dashboard: builtins.concatMap wordsOf (dashboard.questions ++ dashboard.variables)
        ) dashboards
      )
  );
in
import ./base.nix machine
// {
  # It waits for values of rates over few scrapes.
  alone = true;
  inherit (machine) distribution;
  inherit (import ../nixos-modules/settings/timing.nix { fast = true; }) scrape;
  inherit backends dashboards;
  inventory = named "metrics.toml";
  unrecorded = named "unrecorded.toml";
  rightlyEmpty = (toml "empty.toml").expressions;
  grafanaPassword = "${machine.paths.secrets}/grafana-admin-password";
  machineArguments = {
    demo = true;
    fast = true;
    inherit backends;
  };
}
