# What Loki and Tempo turn away or no longer write: five minutes of it, in windows of five minutes.
write:
let
  inherit (write)
    case
    silent
    fires
    alert
    elsewhere
    ;
  up = job: "up{host=\"web1\",job=\"${job}\"}";
  loki = metric: "loki_${metric}{host=\"web1\",job=\"loki\"}";
  discarded =
    format: reason:
    "loki_discarded_samples_total{host=\"web1\",job=\"loki\",format=\"${format}\",reason=\"${reason}\",tenant=\"fake\"}";
  refused =
    tenant: reason:
    "tempo_discarded_spans_total{host=\"web1\",job=\"tempo\",reason=\"${reason}\",tenant=\"${tenant}\"}";

  ofLoki =
    labels:
    alert (
      {
        severity = "warning";
        component = "loki";
        unit = "loki.service";
      }
      // labels
    );
  lines =
    reason:
    ofLoki { inherit reason; } "lokidiscarding" "Loki on web1 discards log lines"
      "Log lines are turned away for the reason ${reason}. Those over a rate come again; all others are lost.";
  spans =
    reason:
    alert
      {
        severity = "warning";
        component = "tempo";
        unit = "tempo.service";
        inherit reason;
      }
      "tempodiscarding"
      "Tempo on web1 discards spans"
      "Spans are turned away for the reason ${reason}; the traces that they belong to have holes.";
  unwritten =
    ofLoki { } "lokiwritesfailing" "Loki on web1 cannot write to its disk"
      "Log lines that Loki has accepted are in memory only, and a restart of it would lose them.";

  # The same for both: `of` makes a series from a kind (Loki's formats, Tempo's tenants) and a reason.
  discarding = name: program: of: expected: [
    (case "${name}: it begins, goes on, and ends"
      {
        ${up program} = "1x120";
        ${of "otlp" "rate_limited"} = "_x12 5+5x40 205x60";
        ${of "otlp" "quiet"} = "7x120";
      }
      [
        (silent name "7m45s")
        (fires name "8m15s" [ (expected "rate_limited") ])
        (silent name "18m30s")
      ]
    )
    (case "${name}: one burst is silent"
      {
        ${up program} = "1x80";
        ${of "otlp" "rate_limited"} = "_x12 50x60";
      }
      (
        map (silent name) [
          "7m45s"
          "8m"
          "8m15s"
          "10m"
        ]
      )
    )
    (case "${name}: two bursts, each the first value of its series, are five minutes together" {
      ${up program} = "1x80";
      ${of "otlp" "too_long"} = "_x12 4x60";
      ${of "other" "too_long"} = "_x28 1x60";
    } [ (fires name "8m30s" [ (expected "too_long") ]) ])
    (case "${name}: a restart zeroes the counters; another host's are not ours"
      {
        ${up program} = "1x80";
        ${of "otlp" "rate_limited"} = "900x20 0x60";
        ${elsewhere (of "otlp" "trace_too_large")} = "0+5x80";
      }
      [
        (silent name "6m")
        (silent name "12m")
      ]
    )
  ];
  failing =
    metric:
    case "Loki cannot write: ${metric}" { ${loki metric} = "0x4 0+1x40 40x40"; } [
      (silent "LokiWritesFailing" "6m")
      (fires "LokiWritesFailing" "6m45s" [ unwritten ])
      (silent "LokiWritesFailing" "17m")
    ];
in
write.file (
  discarding "LokiDiscarding" "loki" discarded lines
  ++ discarding "TempoDiscarding" "tempo" refused spans
  ++ [
    (failing "ingester_chunks_flush_failures_total")
    (failing "ingester_wal_disk_full_failures_total")
    (case "one failed write, then a restart"
      {
        ${loki "ingester_chunks_flush_failures_total"} = "0x8 1x20 0x60";
        ${loki "ingester_wal_disk_full_failures_total"} = "0x80";
        ${elsewhere (loki "ingester_chunks_flush_failures_total")} = "0+1x80";
        ${elsewhere (loki "ingester_wal_disk_full_failures_total")} = "0+1x80";
      }
      (
        map (silent "LokiWritesFailing") [
          "7m"
          "7m30s"
          "12m"
        ]
      )
    )
  ]
)
