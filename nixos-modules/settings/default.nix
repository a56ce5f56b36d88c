# All settings of one host from one set of arguments. Pure: Nix builtins only, so that the Debian machine
# renders the same data with nix-instantiate that NixOS's modules hand to upstream's options.
{
  # The value of the label `host` everywhere.
  host,
  # Units, users and paths by role; they differ between distributions.
  units,
  users,
  paths,
  # Fake transactions, faults, steady traffic and the local sink.
  demo ? false,
  # Short intervals, for the demo and the machine tests.
  fast ? false,
  api ? demo,
  apps ? { },
  # <name>.webhook.url, or .urlFile for a URL that is a secret: people, or what reaches them.
  receivers ? { },
  heartbeatUrl ? null,
  # Where Alertmanager and people reach the remediator, if not on loopback.
  externalUrl ? null,
  otlpEndpoint ? null,
  runbookUrl ? "https://github.com/homeostat/homeostat/blob/main/docs/RUNBOOK.md",
  postgresqlRemedy ? { },
  # Scrape jobs of programs that do not run on this host: postgres, prometheus, alertmanager.
  without ? [ ],
  ports ? { },
  timing ? { },
}:
let
  chosenPorts = import ./ports.nix ports;
  chosenTiming = import ./timing.nix {
    inherit fast;
    overrides = timing;
  };
  base = {
    inherit host runbookUrl;
    timing = chosenTiming;
  };

  sample = import ./api.nix {
    ports = chosenPorts;
    unit = units.api;
    inherit demo otlpEndpoint;
    databaseSocket = paths.postgresqlSocket;
    databaseRole = users.api;
  };
  # What a caller says about an app that is already there is laid over it, remedy and thresholds too.
  overlay =
    below: above:
    below
    // above
    // {
      remedy = (below.remedy or { }) // (above.remedy or { });
      thresholds = (below.thresholds or { }) // (above.thresholds or { });
    };
  sampled = if api then { ${users.api} = sample.app; } else { };
  allApps =
    apps // builtins.mapAttrs (name: below: overlay below (apps.${name} or { })) sampled;

  finish = import ./apps.nix (base // { ports = chosenPorts; });
  finished = map (name: finish name allApps.${name}) (builtins.attrNames allApps);

  postgresql = import ./postgresql.nix (
    base
    // {
      unit = units.postgresql;
      remedy = postgresqlRemedy;
    }
  );
  cared = finished ++ (if builtins.elem "postgres" without then [ ] else [ postgresql.care ]);
  remedies = builtins.concatMap (unit: unit.remedies) cared;

  exporters = import ./exporters.nix {
    ports = chosenPorts;
    watchedUnits = map (watched: watched.unit) (cared ++ targets);
    inherit (paths) postgresqlSocket;
    postgresqlRole = users.postgresExporter;
  };

  targets = builtins.filter (target: !(builtins.elem target.job without)) (
    import ./targets.nix {
      inherit units;
      ports = chosenPorts;
      processRelabel = exporters.process.relabel;
    }
  );

  remediator = import ./remediator.nix (
    base
    // {
      inherit remedies externalUrl;
      ports = chosenPorts;
      database = "${paths.remediatorState}/events.db";
    }
  );
in
{
  inherit postgresql exporters remediator;
  ports = chosenPorts;
  timing = chosenTiming;
  # The sample API as an app, before a caller's words are laid over it.
  sampleApp = sample.app;
  api = if api then sample.config else null;
  rules = import ./rules.nix (
    base
    // {
      inherit cared targets;
      remediatorUnit = units.remediator;
    }
  );
  prometheus = import ./prometheus.nix {
    inherit host cared targets;
    ports = chosenPorts;
    timing = chosenTiming;
    rulesFile = paths.rules;
  };
  alertmanager = import ./alertmanager.nix {
    inherit
      host
      remedies
      cared
      heartbeatUrl
      ;
    timing = chosenTiming;
    remediatorUrl = "${remediator.external_url}/webhook";
    tokenFile = "/run/credentials/${units.alertmanager}/alertmanager-token";
    people = import ./people.nix {
      inherit receivers demo;
      ports = chosenPorts;
    };
    postgresqlUnit = units.postgresql;
  };
  blackbox = import ./blackbox.nix;
  polkit = import ./polkit.nix {
    user = users.remediator;
    permits = remediator.units;
  };
  secrets = import ./secrets.nix { directory = paths.secrets; };
  units = import ./units.nix {
    inherit
      demo
      api
      units
      users
      paths
      ;
    ports = chosenPorts;
  };
}
