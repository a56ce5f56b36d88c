# Every rendered file and every test, by the path below the output folder.
let
  variant =
    name:
    let
      settings = import ./host.nix { fast = name == "fast"; };
      file = path: text: {
        name = "${name}/${path}";
        value = text;
      };
      json = path: value: file path (builtins.toJSON value);
      write = import ../settings/write.nix;
    in
    [
      (json "prometheus.yml" settings.prometheus.file)
      (json "rules.json" settings.rules)
      (json "alertmanager.yml" settings.alertmanager)
      (json "blackbox.yml" settings.blackbox)
      (json "process-exporter.yml" settings.exporters.process.config)
      (json "remediator.json" settings.remediator)
      (json "api.json" settings.api)
      (file "homeostat.rules" settings.polkit)
      (file "postgresql.conf" (write.keyValue settings.postgresql.settings))
      (file "homeostat-secrets" settings.secrets)
    ]
    ++ map (unit: file "${unit}.service" (write.unit settings.units.${unit})) (
      builtins.attrNames settings.units
    );

  rulesOf = name: arguments: [
    {
      name = "${name}/rules.json";
      value = builtins.toJSON (import ./host.nix ({ fast = false; } // arguments)).rules;
    }
  ];

  write = import ./rules/write.nix { rule_file = "../production/rules.json"; };
  ruleTest = name: {
    name = "tests/${name}.json";
    value = builtins.toJSON (import (./rules + "/${name}.nix") write);
  };
  ruleTests = builtins.filter (name: name != null && name != "write") (
    map (
      entry:
      let
        parts = builtins.match "(.*)[.]nix" entry;
      in
      if parts == null then null else builtins.head parts
    ) (builtins.attrNames (builtins.readDir ./rules))
  );
in
builtins.listToAttrs (
  variant "production"
  ++ variant "fast"
  # A host that is watched from elsewhere: the exporters and the remediator, and its rules for whoever evaluates them.
  ++ rulesOf "watched" {
    without = [
      "prometheus"
      "alertmanager"
      "loki"
      "tempo"
      "collector"
      "grafana"
    ];
  }
  # A host whose log lines go nowhere.
  ++ rulesOf "traces-only" { without = [ "loki" ]; }
  # A host with the other log store.
  ++ rulesOf "victorialogs" { logStore = "victorialogs"; }
  ++ map ruleTest ruleTests
  ++ [
    {
      name = "routes.json";
      value = builtins.toJSON (import ./routes.nix);
    }
  ]
)
