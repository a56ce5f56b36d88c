# The OpenTelemetry Collector: log lines from the journal and over OTLP to the log store, spans to Tempo and into metrics.
# `logStore` and `tempoUrl` (OTLP over HTTP) are null where there is none; what would go there is then not taken at all.
{
  host,
  units,
  ports,
  timing,
  directory,
  journalctl,
  # { name; exporter; }, the latter as the exporter's settings have it.
  logStore,
  # How many days the log store keeps lines.
  logDays,
  tempoUrl,
}:
let
  address = port: "127.0.0.1:${toString port}";
  spans = import ./collector-spans.nix { inherit ports timing; };
  when = condition: value: if condition then value else { };
  exporters = import ./collector-exporters.nix { inherit logStore tempoUrl; };

  arriving = [
    "memory_limiter"
    "resource/host"
  ];
in
{
  extensions = {
    health_check.endpoint = address ports.collectorHealth;
    file_storage = {
      inherit directory;
      create_directory = true;
      # A damaged file is put aside, where the Collector sees it; collector-storage.sh does the rest.
      recreate = true;
      # What an outage has made the file grow to is given back.
      compaction = {
        inherit directory;
        on_start = true;
        on_rebound = true;
        cleanup_on_start = true;
      };
    };
  };

  receivers = {
    otlp.protocols = {
      grpc.endpoint = address ports.otlpGrpc;
      http.endpoint = address ports.otlpHttp;
    };
  }
  // when (logStore != null) {
    journald = import ./collector-journal.nix {
      inherit
        host
        units
        journalctl
        logDays
        ;
      storage = "file_storage";
    };
  };

  processors = {
    # It refuses before the unit's own limit ends the process; who sends has to try again.
    memory_limiter = {
      check_interval = "1s";
      limit_mib = 300;
      spike_limit_mib = 60;
    };
    # What comes from a program on this host need not say so.
    "resource/host".attributes = [
      {
        key = "host.name";
        value = host;
        action = "insert";
      }
    ];
  }
  // when (logStore != null) {
    "transform/records" = import ./collector-records.nix { inherit logDays; };
  };

  connectors.span_metrics = spans.connector;

  exporters = {
    prometheus = spans.exporter;
  }
  // exporters.logs
  // exporters.traces;

  service = {
    extensions = [
      "health_check"
      "file_storage"
    ];
    pipelines = {
      traces = {
        receivers = [ "otlp" ];
        processors = arriving;
        exporters = [ "span_metrics" ] ++ builtins.attrNames exporters.traces;
      };
      metrics = {
        receivers = [ "span_metrics" ];
        exporters = [ "prometheus" ];
      };
    }
    // when (logStore != null) {
      # No batch processor on lines: it would hold in memory what the journal's cursor has already passed.
      "logs/journal" = {
        receivers = [ "journald" ];
        processors = [
          "memory_limiter"
          "transform/records"
        ];
        exporters = builtins.attrNames exporters.logs;
      };
      "logs/otlp" = {
        receivers = [ "otlp" ];
        processors = arriving ++ [ "transform/records" ];
        exporters = builtins.attrNames exporters.logs;
      };
    };
    telemetry.metrics = {
      level = "normal";
      readers = [
        {
          pull.exporter.prometheus = {
            host = "127.0.0.1";
            port = ports.collectorMetrics;
            # Pinned, because the defaults have changed before: names end as Prometheus wants them.
            without_type_suffix = false;
            without_units = false;
            without_scope_info = true;
          };
        }
      ];
    };
  };
}
