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
  # For how many seconds a person's acknowledgement of a page holds, if not for the remediator's own four hours.
  acknowledgement ? null,
  # Where the sample API sends its spans: the Collector's receiver, if it runs on this host.
  otlpEndpoint ? null,
  runbookUrl ? "https://github.com/homeostat/homeostat/blob/main/docs/RUNBOOK.md",
  postgresqlRemedy ? { },
  # Programs that do not run on this host, by their scrape jobs: postgres, prometheus, alertmanager, loki, victorialogs,
  # tempo, collector, grafana.
  without ? [ ],
  # Which program keeps log lines, where one does so on this host: loki or victorialogs.
  logStore ? "loki",
  # Where those are that run elsewhere: loki, tempo, and tempoOtlp, where Tempo takes spans over OTLP/HTTP.
  urls ? { },
  # Tempo reads its configuration strictly, and its versions differ.
  tempoVersion ? "2.10",
  ports ? { },
  timing ? { },
}:
let
  chosenPorts = import ./ports.nix ports;
  chosenTiming = import ./timing.nix {
    inherit fast;
    overrides = timing;
  };
  others =
    {
      loki = [ "victorialogs" ];
      victorialogs = [ "loki" ];
    }
    .${logStore} or (throw "logStore is ${logStore}; it must be loki or victorialogs");
  absent = without ++ others;
  base = {
    inherit host runbookUrl;
    timing = chosenTiming;
  };

  backends = import ./backends.nix {
    inherit host units paths;
    inherit urls tempoVersion;
    without = absent;
    inherit otlpEndpoint;
    ports = chosenPorts;
    timing = chosenTiming;
  };

  inherit
    (import ./cared.nix (
      base
      // {
        inherit units users paths;
        inherit demo api apps;
        inherit postgresqlRemedy;
        without = absent;
        ports = chosenPorts;
        inherit (backends) otlpEndpoint;
      }
    ))
    sample
    postgresql
    cared
    ;
  remedies = builtins.concatMap (unit: unit.remedies) cared;

  exporters = import ./exporters.nix {
    ports = chosenPorts;
    watchedUnits = map (watched: watched.unit) (cared ++ targets);
    inherit (paths) postgresqlSocket;
    postgresqlRole = users.postgresExporter;
  };

  targets = builtins.filter (target: !(builtins.elem target.program absent)) (
    import ./targets.nix {
      inherit units;
      ports = chosenPorts;
      processRelabel = exporters.process.relabel;
    }
  );

  remediator = import ./remediator.nix (
    base
    // {
      inherit remedies externalUrl acknowledgement;
      inherit (backends) otlpEndpoint askedStore;
      ports = chosenPorts;
      database = "${paths.remediatorState}/events.db";
    }
  );
in
backends.configurations
// {
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
      inherit (backends) shipsLogs;
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
