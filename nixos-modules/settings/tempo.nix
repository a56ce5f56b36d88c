# Tempo as one process: traces by identifier and by search, kept a week on the local disk. Its configuration is read
# strictly, and 3.x has other parts than 2.x: `version` is the program's.
{
  ports,
  directory,
  version,
}:
let
  loopback = "127.0.0.1";
  retention = "168h";
  isThree = builtins.compareVersions version "3" >= 0;

  # Spans are searchable once their trace has been quiet for `idle` and the next check has found it.
  idle = "2s";
  check = "2s";

  written = path: "${directory}/${path}";

  both = {
    stream_over_http_enabled = true;
    # Tempo reports its use to its makers unless told not to.
    usage_report.reporting_enabled = false;

    server = {
      http_listen_address = loopback;
      http_listen_port = ports.tempo;
      grpc_listen_address = loopback;
      grpc_listen_port = ports.tempoGrpc;
    };
    # The Collector alone sends here; programs send to the Collector.
    distributor = {
      receivers.otlp.protocols.http.endpoint = "${loopback}:${toString ports.tempoOtlp}";
      # Without an address, rings look for a card named eth0 or en0, which few hosts have.
      ring = {
        kvstore.store = "inmemory";
        instance_addr = loopback;
      };
    };
    # Not used by one process alone, but its default is every address.
    memberlist.bind_addr = [ loopback ];
    querier.frontend_worker.frontend_address = "${loopback}:${toString ports.tempoGrpc}";

    storage.trace = {
      backend = "local";
      wal.path = written "wal";
      local.path = written "blocks";
    };
    overrides.defaults.compaction.block_retention = retention;
  };

  two = {
    ingester = {
      # The default of 15 s is for rings with other members.
      lifecycler.min_ready_duration = "1s";
      trace_idle_period = idle;
      flush_check_period = check;
      # What is in a block is out of the write-ahead log, which a crash makes Tempo read again.
      max_block_duration = "5m";
    };
    compactor.compaction.block_retention = retention;
  };

  three = {
    live_store = {
      max_trace_idle = idle;
      flush_check_period = check;
      # The defaults of the paths are below /var/tempo, wherever the blocks are.
      wal.path = written "live-store/traces";
      shutdown_marker_dir = written "live-store/shutdown-marker";
    };
    # The default hides the newest 30 s from every search.
    query_frontend.query_end_cutoff = "2s";
    block_builder.wal.path = written "block-builder/traces";
    backend_scheduler = {
      local_work_path = written "backend-scheduler";
      # How long a worker waits for work. With the default of 15 s an idle Tempo logs four errors a minute.
      job_timeout = "10m";
    };
    backend_worker = {
      compaction.block_retention = retention;
      # A stop waits this long for the worker, with or without work. What it was at is begun again.
      finish_on_shutdown_timeout = "5s";
    };
  };
in
both // (if isThree then three else two)
