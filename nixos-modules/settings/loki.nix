# Loki 3.7 as one process: log lines by service and host, on the local disk.
{
  ports,
  directory,
  # How many days lines are kept.
  days,
}:
let
  limits = import ./log-limits.nix;
  loopback = "127.0.0.1";
  retention = "${toString (24 * days)}h";
  kilobytes = bytes: "${toString (bytes / 1024)}KB";
in
{
  auth_enabled = false;
  # Loki reports its use to its makers unless told not to.
  analytics.reporting_enabled = false;

  server = {
    http_listen_address = loopback;
    http_listen_port = ports.loki;
    grpc_listen_address = loopback;
    grpc_listen_port = ports.lokiGrpc;
    # A request becomes one message between Loki's parts, at most some four times as large; the default is 4 MiB.
    grpc_server_max_recv_msg_size = 16 * limits.batch;
    grpc_server_max_send_msg_size = 16 * limits.batch;
    # At info each query is a line. Whoever looks at Loki's own lines would write new ones by looking.
    log_level = "warn";
  };

  common = {
    instance_addr = loopback;
    path_prefix = directory;
    replication_factor = 1;
    ring.kvstore.store = "inmemory";
    storage.filesystem = {
      chunks_directory = "${directory}/chunks";
      rules_directory = "${directory}/rules";
    };
  };
  # The parts of the one process call each other here; the default is the first network card's address.
  frontend = {
    address = loopback;
    # Loki is not ready before its parts have found each other, for which they look this often.
    scheduler_dns_lookup_period = "3s";
  };

  schema_config.configs = [
    {
      # Any day before the first line: there is no older schema to keep readable.
      from = "2024-01-01";
      store = "tsdb";
      object_store = "filesystem";
      schema = "v13";
      index = {
        prefix = "index_";
        # Retention works on whole index tables of a day.
        period = "24h";
      };
    }
  ];

  ingester = {
    # The default of 15 s is for rings with other members.
    lifecycler.min_ready_duration = "1s";
    # After a crash the log is read again; beyond this much memory Loki flushes before it reads on. The default is 4 GB.
    wal.replay_memory_ceiling = "256MB";
  };

  compactor = {
    working_directory = "${directory}/compactor";
    retention_enabled = true;
    delete_request_store = "filesystem";
  };

  limits_config = {
    retention_period = retention;
    # An older line would be deleted at once.
    reject_old_samples_max_age = retention;
    allow_structured_metadata = true;
    # How many lines there were, for Grafana's log view.
    volume_enabled = true;
    # After an outage the Collector sends what it kept as fast as Loki takes it.
    ingestion_rate_mb = 16;
    ingestion_burst_size_mb = 32;
    per_stream_rate_limit = "8MB";
    per_stream_rate_limit_burst = "32MB";
    # Twice what the Collector sends. What others send beyond it is cut, not refused: a refusal would lose it.
    max_line_size = kilobytes (2 * limits.text);
    max_line_size_truncate = true;
    max_structured_metadata_size = kilobytes (4 * limits.allFields);
    max_structured_metadata_entries_count = 4 * limits.fields;
    # Few index labels, so that there are few streams. The defaults hold some that change with each start of a process.
    otlp_config.resource_attributes = {
      ignore_defaults = true;
      attributes_config = [
        {
          action = "index_label";
          attributes = [
            "service.name"
            "host.name"
          ];
        }
      ];
    };
  };
}
