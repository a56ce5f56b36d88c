# Where the Collector sends log lines and spans: its exporters by signal, none where there is no store for it.
{ logStore, tempoUrl }:
let
  limits = import ./log-limits.nix;
  when = condition: value: if condition then value else { };

  # Each has a queue on the disk, so that neither an outage of the backend nor a restart of the Collector loses what is in
  # it. It is measured in bytes, so that what it takes of the disk has a bound.
  exporter =
    {
      # Where to, as the exporter's settings have it.
      target,
      # The most bytes in the queue; whether more waits until there is room, or is refused.
      size,
      waits,
      # How requests are put together.
      batch,
    }:
    target
    // {
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
        batch = batch // {
          flush_timeout = "500ms";
        };
      };
    };
in
{
  logs = when (logStore != null) {
    "otlp_http/${logStore.name}" = exporter {
      target = logStore.exporter;
      # At 10,000 lines a minute of a hundred bytes it holds nearly two hours, in 600 MB of the disk; then lines wait in the
      # journal.
      size = 256 * 1024 * 1024;
      waits = true;
      # A request that is too large is refused as often as it is sent, and what waits behind it never arrives. No record
      # is as large as a batch: what remains of its request would be dropped with it.
      batch = {
        sizer = "bytes";
        min_size = limits.batch / 4;
        max_size = limits.batch;
      };
    };
  };
  traces = when (tempoUrl != null) {
    "otlp_http/tempo" = exporter {
      target.endpoint = tempoUrl;
      # Spans cannot wait anywhere: when the queue is full, the newest are refused and counted.
      size = 64 * 1024 * 1024;
      waits = false;
      # In spans, for one of them may be as large as its program likes.
      batch = {
        sizer = "items";
        min_size = 1000;
        max_size = 4000;
      };
    };
  };
}
