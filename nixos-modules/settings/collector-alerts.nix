# The alerts about what goes through the Collector. Those about a signal carry it as a literal label: by it
# Alertmanager knows what is the log store's fault and what is Tempo's.
{
  host,
  timing,
  expressions,
  shipsLogs,
  # The Collector's own unit.
  unit,
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

  labelled =
    labels: fields:
    let
      rule = about fields;
    in
    rule // { labels = rule.labels // labels; };
  ofSignal = signal: labelled { inherit signal; };

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

  # Whether a counter grew in so many seconds.
  passed =
    range: matchers: metric:
    "sum(increase(${of "collector" matchers metric}[${seconds range}])) > 0";

  # Without the label `signal`, for a store that is down must not mute it: that is one reason of many.
  notSending =
    {
      signal,
      items,
      words,
    }:
    labelled { queue = signal; } {
      name = "CollectorNotSending";
      # Just after a start lines wait, and what has left is not counted yet.
      expr = ''
        max(${of "collector" { data_type = signal; } "otelcol_exporter_queue_size"}) > 0
        unless on () ${passed (4 * timing.scrape) { } "otelcol_exporter_sent_${items}_total"}'';
      holds = timing.pipelineFor;
      summary = "The Collector on ${host} sends no ${words}";
      description = "For ${toString timing.pipelineFor} s its queue of ${words} was never empty, and none has left it. {{ $value | humanize1024 }}B wait.";
    };
  ofUnit = of "node" { name = unit; };
  # systemd counts the starts that it makes of its own, from a person's last one on.
  crashed = about {
    name = "CollectorCrashed";
    expr = ''
      max(${ofUnit "node_systemd_service_restart_total"}) > 0
      and on () time() - max(${ofUnit "node_systemd_unit_start_time_seconds"}) < ${toString timing.pipelineWindow}'';
    summary = "The Collector on ${host} ended by itself";
    description = "It was started again. If a file of its storage was damaged, it was put aside and the journal is read from its beginning, so lines come twice.";
  };

  canaryLate = ofSignal "logs" {
    name = "LogCanaryLate";
    expr = "max(${
      of "remediator" { } "homeostat_remediator_log_canary_age_seconds"
    }) > ${toString (3 * timing.canary)}";
    holds = timing.canary;
    summary = "Log lines of ${host} do not arrive";
    description = "The remediator writes one each ${toString timing.canary} s and asks the log store for it. The newest that has arrived is {{ $value | humanizeDuration }} old.";
  };

  logsMissing = ofSignal "logs" {
    name = "CollectorLogsMissing";
    # The Collector was there for nine tenths of the window, and yet no line came in from the journal, or none
    # went out. Counters that do not exist count as silent.
    expr = ''
      max(sum_over_time(${up "collector"}[${seconds timing.logsWindow}])) >= ${
        toString (9 * timing.logsWindow / (10 * timing.scrape))
      }
      unless (
        ${passed timing.logsWindow { receiver = "journald"; } "otelcol_receiver_accepted_log_records_total"}
        and ${passed timing.logsWindow { } "otelcol_exporter_sent_log_records_total"}
      )'';
    summary = "No log line of ${host} arrives";
    description = "For ${toString timing.logsWindow} s no line of the journal has gone through the Collector, though the host and the Collector are up.";
  };
in
builtins.concatMap perSignal signals
++ map notSending signals
++ [ crashed ]
++ (
  if shipsLogs then
    [
      logsMissing
      canaryLate
    ]
  else
    [ ]
)
