# The alerts about the stack's own programs, each only where that program runs: [ rule ].
#
# One refused batch or one failed attempt is no reason to call anybody: what is tried again has to go on for
# longer than the window that it is looked for in. Only what is lost for good is told at once.
{
  host,
  timing,
  runbookUrl,
  targets,
  # Whether the Collector sends log lines anywhere.
  shipsLogs,
}:
let
  expressions = import ./pipeline-expressions.nix { inherit host timing; };
  inherit (expressions)
    of
    up
    grown
    growing
    notificationWindow
    ;
  inherit (import ./promql.nix) seconds;

  unitOf = builtins.listToAttrs (
    map (target: {
      name = target.job;
      value = target.unit;
    }) targets
  );
  where = job: rules: if unitOf ? ${job} then rules else [ ];
  about =
    job: fields:
    import ./alert.nix { inherit host runbookUrl; } (
      {
        severity = "warning";
        component = job;
        unit = unitOf.${job};
      }
      // fields
    );

  down =
    job: program: consequence:
    where job [
      (about job {
        name = "${program}Down";
        expr = "max(${up job}) == 0";
        holds = timing.backendFor;
        summary = "${program} on ${host} is down";
        description = consequence;
      })
    ];

  sustained = fields: { holds = timing.pipelineFor; } // fields;

  loki = where "loki" [
    (about "loki" (sustained {
      name = "LokiDiscarding";
      expr = "sum by (reason) ${grown "loki" "loki_discarded_samples_total"} > 0";
      summary = "Loki on ${host} discards log lines";
      description = "Log lines are turned away for the reason {{ $labels.reason }}. Those over a rate come again; all others are lost.";
    }))
    (about "loki" (sustained {
      name = "LokiWritesFailing";
      expr = ''
        ${growing "loki" "loki_ingester_chunks_flush_failures_total"}
        or ${growing "loki" "loki_ingester_wal_disk_full_failures_total"}'';
      summary = "Loki on ${host} cannot write to its disk";
      description = "Log lines that Loki has accepted are in memory only, and a restart of it would lose them.";
    }))
    (about "loki" {
      name = "LokiRetentionStale";
      # The time of the last run is 0 until the first run after a start.
      expr = "time() - max(${
        of "loki" { } "loki_compactor_apply_retention_last_successful_run_timestamp_seconds"
      } > 0 or ${of "loki" { } "process_start_time_seconds"}) > ${toString timing.retentionAge}";
      summary = "Loki on ${host} no longer deletes old logs";
      description = "Retention last ran {{ $value | humanizeDuration }} ago. Loki has no limit in bytes, so the disk fills.";
    })
  ];

  # It answers 200 for these too.
  thrownAway = metric: grown "victorialogs" "vl_${metric}_total";
  victorialogs = where "victorialogs" [
    (about "victorialogs" (sustained {
      name = "VictoriaLogsDiscarding";
      expr = ''
        sum by (reason) ${thrownAway "rows_dropped"} > 0
        or label_replace(sum ${thrownAway "too_long_lines_skipped"}, "reason", "too_long", "", "") > 0'';
      summary = "VictoriaLogs on ${host} discards log lines";
      description = "Log lines are thrown away for the reason {{ $labels.reason }}, and are lost.";
    }))
    (about "victorialogs" (sustained {
      name = "VictoriaLogsReadOnly";
      expr = "max(${of "victorialogs" { } "vl_storage_is_read_only"}) > 0";
      summary = "VictoriaLogs on ${host} has no room on its disk";
      description = "It takes no log line any more; they wait in the Collector's queue and in the journal.";
    }))
  ];

  tempo = where "tempo" [
    (about "tempo" (sustained {
      name = "TempoDiscarding";
      expr = "sum by (reason) ${grown "tempo" "tempo_discarded_spans_total"} > 0";
      summary = "Tempo on ${host} discards spans";
      description = "Spans are turned away for the reason {{ $labels.reason }}; the traces that they belong to have holes.";
    }))
  ];

  prometheus = where "prometheus" [
    (about "prometheus" (sustained {
      name = "PrometheusRuleFailures";
      expr = growing "prometheus" "prometheus_rule_evaluation_failures_total";
      severity = "critical";
      summary = "Prometheus on ${host} cannot evaluate some of its rules";
      description = "An alert whose expression fails never fires. Prometheus's page of rules shows which fail, and why.";
    }))
    # A clock that was set back: until it is again where it once stood, every sample is too old to be taken, and no alert
    # but this and the heartbeat can fire.
    (about "prometheus" {
      name = "PrometheusWithoutData";
      expr = "max(absent(${up "prometheus"})) == 1";
      holds = timing.targetFor;
      severity = "critical";
      summary = "Prometheus on ${host} takes no samples";
      description = "It does not even know of itself, so no other alert can fire. A clock that stood ahead and was set right, or a full disk, does that.";
    })
  ];

  # What the remediator's absence does to its own notifications lasts in the window after it is back.
  unlessRemediatorWasDown =
    if unitOf ? remediator then
      " unless on () (min(min_over_time(${up "remediator"}[${seconds notificationWindow}])) == 0)"
    else
      "";
  alertmanager = where "alertmanager" [
    (about "alertmanager" {
      name = "AlertmanagerNotificationsFailing";
      expr = "(sum by (integration) (increase(${
        of "alertmanager" { } "alertmanager_notifications_failed_total"
      }[${seconds notificationWindow}])) > 0)${unlessRemediatorWasDown}";
      holds = notificationWindow;
      severity = "critical";
      summary = "Alertmanager on ${host} cannot reach a receiver";
      description = "Notifications by {{ $labels.integration }} fail again and again. Somebody who should hear of alerts does not.";
    })
  ];
in
down "loki" "Loki"
  "New log lines wait in the journal and in the Collector's queue; nothing can be searched."
++
  down "victorialogs" "VictoriaLogs"
    "New log lines wait in the journal and in the Collector's queue; nothing can be searched."
++
  down "tempo" "Tempo"
    "Traces cannot be searched, and what the Collector's queue cannot hold is lost."
++
  down "collector" "Collector"
    "Log lines wait in the journal; traces, and the metrics made from them, are lost."
++ down "grafana" "Grafana" "Dashboards cannot be seen; alerts and remedies go on."
++ loki
++ victorialogs
++ tempo
++ where "collector" (
  import ./collector-alerts.nix {
    inherit
      host
      timing
      expressions
      shipsLogs
      ;
    unit = unitOf.collector;
    about = about "collector";
  }
)
++ prometheus
++ alertmanager
