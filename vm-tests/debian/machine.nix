# The Debian machine as data: what its root gets beyond Debian's own packages, and NixOS does differently.
{
  arguments ? { },
}:
let
  facts = import ./facts.nix;
  given = import ./machine-arguments.nix arguments;

  role = import ./machine-roles.nix facts;
  settings = import ../../nixos-modules/settings {
    inherit (given)
      host
      demo
      fast
      timing
      ports
      receivers
      acknowledgement
      postgresqlRemedy
      tempoVersion
      ;
    inherit (role) units users paths;
    apps = given.extraApps;
    logStore = if builtins.elem "victorialogs" given.backends then "victorialogs" else "loki";
    without = builtins.filter (backend: !(builtins.elem backend given.backends)) [
      "loki"
      "victorialogs"
      "tempo"
      "collector"
      "grafana"
    ];
    # In Tempo's absence the keeper of spans listens there, if there is a log store.
    urls =
      if
        builtins.any (backend: builtins.elem backend given.backends) [
          "loki"
          "victorialogs"
        ]
      then
        { tempoOtlp = "http://127.0.0.1:${toString ports.tempoOtlp}"; }
      else
        { };
  };
  inherit (settings) ports;
  write = import ../../nixos-modules/settings/write.nix;

  dropIns = import ./machine-drop-ins.nix { inherit facts settings; };
  database = import ./machine-database.nix { inherit facts role; };
  backends = import ./machine-backends.nix {
    inherit facts role settings;
    inherit (given) collectorExporters;
  };

  text = content: {
    text = content;
    mode = "0644";
    user = "root";
    group = "root";
  };
  json = value: text (builtins.toJSON value + "\n");
  script = content: text content // { mode = "0755"; };
  systemd =
    suffix: units:
    builtins.listToAttrs (
      map (name: {
        name = "${facts.paths.systemUnits}/${name}${suffix}";
        value = text (write.unit units.${name});
      }) (builtins.attrNames units)
    );

  ownUnits = settings.units // {
    homeostat-database = database.unit;
  };
  # Each of the settings' units that has a user has one of its own.
  ownUsers = builtins.catAttrs "User" (
    map (unit: unit.serviceConfig) (builtins.attrValues settings.units)
  );
in
{
  packages = {
    trixie = [
      "postgresql-17"
      "prometheus-blackbox-exporter"
      "prometheus-node-exporter"
      "prometheus-postgres-exporter"
      "prometheus-process-exporter"
    ]
    ++ given.extraPackages;
    # amtool comes with Alertmanager; promtool is a package of its own, and trixie's would satisfy Prometheus.
    sid = [
      "prometheus"
      "prometheus-alertmanager"
      "promtool"
    ];
  };

  files = {
    ${facts.paths.prometheusConfig} = json settings.prometheus.file;
    ${role.paths.rules} = json settings.rules;
    ${facts.paths.alertmanagerConfig} = json settings.alertmanager;
    ${role.paths.blackboxConfig} = json settings.blackbox;
    ${role.paths.processConfig} = json settings.exporters.process.config;
    "${facts.paths.config}/remediator.json" = json (settings.remediator // given.remediatorOverrides);
    "/etc/polkit-1/rules.d/50-homeostat.rules" = text settings.polkit;
    "/etc/postgresql/17/main/conf.d/homeostat.conf" = text (
      write.keyValue (settings.postgresql.settings // facts.postgresql)
    );
    ${role.paths.databaseScript} = text database.sql;
    ${role.paths.secretsScript} = script settings.secrets;
    ${role.paths.collectorStorage} = script (
      builtins.readFile ../../nixos-modules/settings/collector-storage.sh
    );
    ${role.paths.journalctl} = script (builtins.readFile ../../nixos-modules/settings/journalctl.sh);
  }
  // (
    if settings.api == null then
      { }
    else
      { "${facts.paths.config}/api.json" = json (settings.api // given.apiOverrides); }
  )
  // builtins.mapAttrs (_: text) backends.files
  // systemd ".service" ownUnits
  // systemd "" backends.units
  // systemd ".d/homeostat.conf" dropIns
  // given.extraFiles;

  users =
    map (name: {
      inherit name;
      groups = if name == facts.users.remediator then [ "systemd-journal" ] else [ ];
    }) (ownUsers ++ backends.users)
    ++ given.extraUsers;

  enable =
    map (name: "${name}.service") (builtins.attrNames ownUnits)
    ++ builtins.attrNames backends.units
    ++ given.extraEnable;

  # A mirror is not there to be asked, and a failed timer would make the machine count as degraded.
  mask = [
    "apt-daily-upgrade.timer"
    "apt-daily.timer"
    "dpkg-db-backup.timer"
    "fstrim.timer"
  ];

  endpoints = import ../../nixos-modules/settings/endpoints.nix {
    inherit (facts) units;
    inherit ports;
    runs =
      (if given.demo then [ "demo" ] else [ ])
      ++ builtins.filter (program: settings.${program} != null) [
        "api"
        "loki"
        "victorialogs"
        "tempo"
        "collector"
        "grafana"
      ];
  };

  ports = backends.ports ++ [ facts.postgresql.port ];

  secrets = map (name: "${facts.paths.secrets}/${name}") [
    "alertmanager-token"
    "operator-token"
    "grafana-admin-password"
    "grafana-secret-key"
  ];
}
