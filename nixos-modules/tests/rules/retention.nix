# LokiRetentionStale: three hours since Loki last deleted, or since it started.
write:
let
  inherit (write)
    case
    silent
    fires
    alert
    elsewhere
    ;
  lastRun = "loki_compactor_apply_retention_last_successful_run_timestamp_seconds{host=\"web1\",job=\"loki\"}";
  start = "process_start_time_seconds{host=\"web1\",job=\"loki\"}";
  name = "LokiRetentionStale";
  stale =
    alert
      {
        severity = "warning";
        component = "loki";
        unit = "loki.service";
      }
      "lokiretentionstale"
      "Loki on web1 no longer deletes old logs"
      "Retention last ran 3h 1m 0s ago. Loki has no limit in bytes, so the disk fills.";
in
write.eachMinute [
  (case "retention has not run for three hours, and then it does"
    {
      ${lastRun} = "600x780 11700x60";
      ${start} = "300x840";
    }
    [
      (silent name "3h10m")
      (fires name "3h11m" [ stale ])
      (silent name "3h16m")
    ]
  )
  (case "retention has not run since Loki started three hours ago"
    {
      ${lastRun} = "0x820";
      ${start} = "1200x820";
    }
    [
      (silent name "3h20m")
      (fires name "3h21m" [ stale ])
    ]
  )
  (case "retention has not run yet after a restart"
    {
      ${lastRun} = "4000x300 0x500";
      ${start} = "0x300 4500x500";
    }
    [
      (silent name "1h20m")
      (silent name "3h11m")
    ]
  )
  (case "retention runs, and Loki started long ago" {
    ${lastRun} = "0+15x780";
    ${start} = "0x780";
  } [ (silent name "3h11m") ])
  (case "nothing is known of Loki, and that of another host does not delete" {
    ${elsewhere lastRun} = "600x780";
    ${elsewhere start} = "0x780";
  } [ (silent name "3h11m") ])
]
