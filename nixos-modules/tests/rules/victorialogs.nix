# What VictoriaLogs, in Loki's place, throws away or no longer takes: five minutes of it, in windows of five minutes.
_:
let
  write = import ./write.nix { rule_file = "../victorialogs/rules.json"; };
  inherit (write)
    case
    silent
    fires
    alert
    elsewhere
    ;
  series = metric: labels: "${metric}{host=\"web1\",job=\"victorialogs\"${labels}}";
  up = series "up" "";
  dropped = reason: series "vl_rows_dropped_total" ",reason=\"${reason}\"";
  skipped = series "vl_too_long_lines_skipped_total" "";
  readOnly = series "vl_storage_is_read_only" ",path=\"/var/lib/victorialogs\"";

  ours =
    labels:
    alert (
      {
        severity = "warning";
        component = "victorialogs";
        unit = "victorialogs.service";
      }
      // labels
    );
  discarding =
    reason:
    ours { inherit reason; } "victorialogsdiscarding" "VictoriaLogs on web1 discards log lines"
      "Log lines are thrown away for the reason ${reason}, and are lost.";
  full =
    ours { } "victorialogsreadonly" "VictoriaLogs on web1 has no room on its disk"
      "It takes no log line any more; they wait in the Collector's queue and in the journal.";
  down =
    ours { } "victorialogsdown" "VictoriaLogs on web1 is down"
      "New log lines wait in the journal and in the Collector's queue; nothing can be searched.";
in
write.file [
  (case "down for two minutes" { ${up} = "1x4 0x20 1x30"; } [
    (silent "VictoriaLogsDown" "3m")
    (fires "VictoriaLogsDown" "3m30s" [ down ])
    (silent "TargetDown" "6m")
    (silent "VictoriaLogsDown" "6m30s")
  ])
  (case "discarding begins, goes on, and ends"
    {
      ${up} = "1x120";
      ${dropped "too_small_timestamp"} = "0x12 5+5x40 205x60";
      ${dropped "too_many_fields"} = "7x120";
      ${skipped} = "0x120";
    }
    [
      (silent "VictoriaLogsDiscarding" "7m45s")
      (fires "VictoriaLogsDiscarding" "8m15s" [ (discarding "too_small_timestamp") ])
      (silent "VictoriaLogsDiscarding" "18m30s")
    ]
  )
  (case "lines that are too long have a counter of their own"
    {
      ${up} = "1x120";
      ${dropped "too_many_fields"} = "0x120";
      ${skipped} = "0x12 1+1x40 41x60";
    }
    [
      (silent "VictoriaLogsDiscarding" "7m45s")
      (fires "VictoriaLogsDiscarding" "8m15s" [ (discarding "too_long") ])
      (silent "VictoriaLogsDiscarding" "18m30s")
    ]
  )
  (case "one burst is silent; a restart zeroes the counters; another host's are not ours"
    {
      ${up} = "1x80";
      ${dropped "too_small_timestamp"} = "900x12 950x8 0x60";
      ${elsewhere (dropped "too_small_timestamp")} = "0+5x80";
      ${elsewhere skipped} = "0+5x80";
    }
    (
      map (silent "VictoriaLogsDiscarding") [
        "8m"
        "8m15s"
        "12m"
      ]
    )
  )
  (case "the disk has no room for five minutes" { ${readOnly} = "0x4 1x40 0x20"; } [
    (silent "VictoriaLogsReadOnly" "6m")
    (fires "VictoriaLogsReadOnly" "6m30s" [ full ])
    (silent "VictoriaLogsReadOnly" "12m")
  ])
  (case "it was short of room for a moment; another host is" {
    ${readOnly} = "0x4 1x4 0x40";
    ${elsewhere readOnly} = "1x60";
  } (map (silent "VictoriaLogsReadOnly") [
    "2m"
    "7m"
    "10m"
  ]))
]
