# The alerts about what goes through the Collector. Those about a signal carry it as a literal label: by it
# Alertmanager knows what is the log store's fault and what is Tempo's.
{
  host,
  timing,
  expressions,
  shipsLogs,
  # From the fields of an alert to its rule.
  about,
}:
let
  inherit (expressions)
    of
    up
    grown
    ;
  inherit (import ./promql.nix) seconds;

  signals = [
    {
      signal = "logs";
      # As counters name them, and as people do.
      items = "log_records";
      words = "log lines";
    }
    {
      signal = "traces";
      items = "spans";
      words = "spans";
    }
  ];

  ofSignal =
    signal: fields:
    let
      rule = about fields;
    in
    rule
    // {
      labels = rule.labels // {
        inherit signal;
      };
    };

  perSignal =
    {
      signal,
      items,
      words,
    }:
    let
      rule = ofSignal signal;
      anyGrown = metric: "sum ${grown "collector" metric} > 0";
      ofQueue = of "collector" { data_type = signal; };
    in
    [
      (rule {
        name = "CollectorRefusing";
        expr = ''
          ${anyGrown "otelcol_receiver_refused_${items}_total"}
          or
          ${anyGrown "otelcol_exporter_enqueue_failed_${items}_total"}'';
        holds = timing.pipelineFor;
        summary = "The Collector on ${host} refuses ${words}";
        description = "Its memory or a queue is full. Who sent them may try again; what a sender cannot keep is lost.";
      })
      (rule {
        name = "CollectorDropping";
        expr = anyGrown "otelcol_exporter_send_failed_${items}_total";
        summary = "The Collector on ${host} has lost ${words}";
        description = "About {{ $value | printf \"%.0f\" }} ${words} were given up in the last ${toString timing.pipelineWindow} s, because the other side refused them for good.";
      })
      (rule {
        name = "CollectorQueueFilling";
        expr = "100 * max(${ofQueue "otelcol_exporter_queue_size"} / ${ofQueue "otelcol_exporter_queue_capacity"}) > 80";
        holds = timing.pipelineFor;
        summary = "The Collector on ${host} cannot get rid of its ${words}";
        description = "Its queue of ${words} is full to {{ $value | printf \"%.0f\" }} %. When nothing fits any more, it refuses.";
      })
    ];

  range = seconds timing.logsWindow;
  passed = matchers: metric: "sum(increase(${of "collector" matchers metric}[${range}])) > 0";
  logsMissing = ofSignal "logs" {
    name = "CollectorLogsMissing";
    # The Collector was there for nine tenths of the window, and yet no line came in from the journal, or none
    # went out. Counters that do not exist count as silent.
    expr = ''
      max(sum_over_time(${up "collector"}[${range}])) >= ${
        toString (9 * timing.logsWindow / (10 * timing.scrape))
      }
      unless (
        ${passed { receiver = "journald"; } "otelcol_receiver_accepted_log_records_total"}
        and ${passed { } "otelcol_exporter_sent_log_records_total"}
      )'';
    summary = "No log line of ${host} arrives";
    description = "For ${toString timing.logsWindow} s no line of the journal has gone through the Collector, though the host and the Collector are up.";
  };
in
builtins.concatMap perSignal signals ++ (if shipsLogs then [ logsMissing ] else [ ])
