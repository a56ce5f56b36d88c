# What the evaluated NixOS system reads, beside what the Debian machine boots: configurations key by key, our own units
# line by line, and of upstream's units each flag and limit that Debian gives. The result is the list of differences
# that no reason below explains, and of reasons that explain nothing any more; so [ ] is a pass. What the machine tests
# prove on Debian holds on NixOS as far as this goes; what differs is explained in docs/ARCHITECTURE.md, "On NixOS".
{
  lib,
  # The `config` of a NixOS system, and machine.nix's result with the same arguments.
  nixos,
  debian,
}:
let
  cfg = nixos.services.homeostat;
  upstream = nixos.services.prometheus;
  inherit (nixos.services) grafana loki tempo;
  collector = nixos.services.opentelemetry-collector;
  facts = import ../../vm-tests/debian/facts.nix;
  role = import ../../vm-tests/debian/machine-roles.nix facts;
  names = import ../names.nix;
  write = import ../settings/write.nix;
  inherit (facts) paths;
  inherit (import ./compare-words.nix { inherit lib; })
    data
    lines
    words
    within
    unexplained
    ;

  # Both in the same names: units as on NixOS, programs and files, which are store paths there, as on Debian.
  plain = text: builtins.unsafeDiscardStringContext (toString text);
  renamed = lib.filterAttrs (key: unit: names.units.${key} or unit != unit) role.units;
  # In regular expressions too.
  spellings = units: units ++ map (lib.replaceStrings [ "." ] [ "[.]" ]) units;
  ofDebian =
    text:
    lib.replaceStrings (spellings (lib.attrValues renamed)) (spellings (
      map (key: names.units.${key}) (lib.attrNames renamed)
    )) (plain text);
  same = {
    ${plain "${cfg.package}/bin"} = paths.binaries;
    ${plain cfg.secrets.script} = role.paths.secretsScript;
    ${plain cfg.prometheus.rulesFile} = role.paths.rules;
    ${plain (lib.head cfg.rendered.grafana.dashboards.providers).options.path} = role.paths.dashboards;
    ${plain cfg.rendered.collector.receivers.journald.journalctl_path} = role.paths.journalctl;
  };
  ofNixos = text: lib.replaceStrings (lib.attrNames same) (lib.attrValues same) (plain text);

  json = path: value: {
    debian = data ofDebian (builtins.fromJSON debian.files.${path}.text);
    nixos = data ofNixos value;
  };
  text = path: value: {
    debian = lines (ofDebian debian.files.${path}.text);
    nixos = lines (ofNixos value);
  };

  ofUnit = name: ofNixos nixos.systemd.units.${name}.text;
  own =
    name:
    let
      unit = "${name}.service";
    in
    lib.nameValuePair unit {
      debian = lines (ofDebian debian.files."${paths.systemUnits}/${unit}".text);
      nixos = lines (lib.replaceStrings [ "=true" "=false" ] [ "=yes" "=no" ] (ofUnit unit));
    };
  # `further` is what the program is given elsewhere.
  theirs =
    key: suffix: further:
    lib.nameValuePair names.units.${key} (
      words (ofDebian debian.files."${paths.systemUnits}/${facts.units.${key}}${suffix}".text) (
        "${ofUnit names.units.${key}} ${ofNixos further}"
      )
    );

  compared = {
    prometheus = json paths.prometheusConfig {
      global = upstream.globalConfig;
      rule_files = upstream.ruleFiles;
      alerting.alertmanagers = upstream.alertmanagers;
      scrape_configs = upstream.scrapeConfigs;
    };
    rules = json role.paths.rules cfg.rendered.rules;
    alertmanager = json paths.alertmanagerConfig upstream.alertmanager.configuration;
    blackbox = json role.paths.blackboxConfig cfg.rendered.blackbox;
    process-exporter = json role.paths.processConfig upstream.exporters.process.settings;
    remediator = json "${paths.config}/remediator.json" cfg.remediator.settings;
    api = json "${paths.config}/api.json" cfg.api.settings;
    loki = json "${paths.config}/loki.json" loki.configuration;
    tempo = json "${paths.config}/tempo.json" tempo.settings;
    collector = json "${paths.config}/collector.json" collector.settings;
    grafana = within {
      debian = data ofNixos cfg.rendered.grafana.settings;
      nixos = data ofNixos grafana.settings;
    };
    data-sources = within (
      json "/etc/grafana/provisioning/datasources/homeostat.yaml" grafana.provision.datasources.settings
    );
    dashboards = within (
      json "/etc/grafana/provisioning/dashboards/homeostat.yaml" grafana.provision.dashboards.settings
    );
    postgresql = text "/etc/postgresql/17/main/conf.d/homeostat.conf" (
      write.keyValue (
        lib.intersectAttrs (
          cfg.rendered.postgresql.settings
          // {
            port = null;
            log_line_prefix = null;
          }
        ) nixos.services.postgresql.settings
      )
    );
    polkit = within (text "/etc/polkit-1/rules.d/50-homeostat.rules" nixos.security.polkit.extraConfig);
    secrets = text role.paths.secretsScript cfg.rendered.secrets;
  }
  // lib.listToAttrs (
    map own (lib.attrNames cfg.rendered.units)
    ++ map (key: theirs key ".d/homeostat.conf" "") [
      "prometheus"
      "alertmanager"
      "nodeExporter"
      "postgresExporter"
      "blackboxExporter"
      "processExporter"
    ]
    ++ [
      (theirs "loki" "" "")
      (theirs "tempo" "" "")
      (theirs "collector" "" collector.package.text)
      (theirs "grafana" "" "")
    ]
  );
in
unexplained compared {
  "[^ ]+: --?config[^ ]*=.*" = "a file in the store";
  "grafana[.]service: --homepath=.*" = "its data folder, with links to the store";
  "homeostat-remediator[.]service: (After|Wants)=polkit[.]service: .*" =
    "servers come without polkit, so the module turns it on; on Debian, D-Bus starts it";
  "postgresql: listen_addresses = .*" = "upstream says localhost itself";
  "prometheus-postgres-exporter[.]service: Environment=DATA_SOURCE_NAME=user=prometheus .*" =
    "on NixOS each exporter has a user of its own";
}
