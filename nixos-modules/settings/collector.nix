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
  limits = import ./log-limits.nix;
  when = condition: value: if condition then value else { };
  logExporter = "otlp_http/${logStore.name}";

  # A queue on the disk, so that neither an outage of the backend nor a restart of the Collector loses what is in it.
  # All sizes are in bytes, so that what it takes of the disk has a bound and no request is too large for the backend:
  # it is refused as often as it is sent again, and what waits behind it never arrives.
  exporter = target: size: waits: target // {
    retry_on_failure = {
      initial_interval = "1s";
      max_interval = "10s";
      # For ever: the queue's size is the bound.
      max_elapsed_time = "0s";
    };
    sending_queue = {
      storage = "file_storage";
      sizer = "bytes";
      queue_size = size;
      block_on_overflow = waits;
      num_consumers = 2;
      # The queue gives up an entry only once its batch has arrived.
      batch = {
        flush_timeout = "500ms";
        min_size = limits.batch / 4;
        max_size = limits.batch;
      };
    };
  };

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
      # A file that a power cut has damaged is put aside, and the journal is read from its beginning.
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
  # Lines wait in the journal when the queue is full. At 10,000 lines a minute it holds half an hour.
  // when (logStore != null) { ${logExporter} = exporter logStore.exporter (256 * 1024 * 1024) true; }
  # Spans cannot wait anywhere: when the queue is full, the newest are refused and counted.
  // when (tempoUrl != null) { "otlp_http/tempo" = exporter { endpoint = tempoUrl; } (64 * 1024 * 1024) false; };

  service = {
    extensions = [
      "health_check"
      "file_storage"
    ];
    pipelines = {
      traces = {
        receivers = [ "otlp" ];
        processors = arriving;
        exporters = [ "span_metrics" ] ++ (if tempoUrl == null then [ ] else [ "otlp_http/tempo" ]);
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
        exporters = [ logExporter ];
      };
      "logs/otlp" = {
        receivers = [ "otlp" ];
        processors = arriving ++ [ "transform/records" ];
        exporters = [ logExporter ];
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
