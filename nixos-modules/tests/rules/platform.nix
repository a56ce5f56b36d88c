# PostgresDown, TargetDown and Watchdog.
write:
let
  inherit (write)
    case
    silent
    fires
    alert
    ;
  pgUp = "pg_up{host=\"web1\",job=\"postgres\",instance=\"127.0.0.1:9187\"}";
  active = "node_systemd_unit_state{host=\"web1\",job=\"node\",name=\"postgresql.service\",state=\"active\"}";
  up = job: "up{host=\"web1\",job=\"${job}\"}";

  postgresDown =
    alert
      {
        severity = "critical";
        component = "postgresql";
        unit = "postgresql.service";
      }
      "postgresdown"
      "PostgreSQL is down on web1"
      "The exporter cannot log in, or postgresql.service is not active. What depends on it is muted until it is back.";
  targetDown =
    job: unit:
    alert
      {
        severity = "warning";
        component = job;
        inherit unit;
      }
      "targetdown"
      "${job} on web1 cannot be scraped"
      "Nothing is known of ${unit} while its metrics are missing; alerts that need them stay silent.";
in
write.file [
  (case "PostgreSQL that the exporter cannot reach"
    {
      ${pgUp} = "1x4 0x6 1x20";
      ${active} = "1x40";
    }
    [
      (silent "PostgresDown" "1m30s")
      (fires "PostgresDown" "2m" [ postgresDown ])
      (silent "PostgresDown" "3m")
    ]
  )
  (case "PostgreSQL whose unit is not active" {
    ${pgUp} = "1x40";
    ${active} = "0x40";
  } [ (fires "PostgresDown" "1m" [ postgresDown ]) ])
  (case "PostgreSQL that runs, and one of which nothing is known"
    {
      ${pgUp} = "1x8 _x40";
      ${active} = "1x8 _x40";
    }
    [
      (silent "PostgresDown" "1m")
      (silent "PostgresDown" "10m")
    ]
  )
  (case "an exporter that does not answer for five minutes"
    {
      ${up "node"} = "1x4 0x40";
      ${up "postgres"} = "1x60";
    }
    [
      (silent "TargetDown" "6m")
      (fires "TargetDown" "7m" [ (targetDown "node" "prometheus-node-exporter.service") ])
    ]
  )
  (case "every program of the stack has its own TargetDown"
    {
      ${up "alertmanager"} = "0x60";
      ${up "app/shop"} = "0x60";
      ${up "blackbox"} = "0x60";
      ${up "postgres"} = "0x60";
      ${up "process"} = "0x60";
      ${up "prometheus"} = "0x60";
      ${up "remediator"} = "0x60";
      ${up "span-metrics"} = "0x60";
    }
    [
      (silent "TargetDown" "4m30s")
      (fires "TargetDown" "6m" [
        (targetDown "alertmanager" "alertmanager.service")
        (targetDown "blackbox" "prometheus-blackbox-exporter.service")
        (targetDown "postgres" "prometheus-postgres-exporter.service")
        (targetDown "process" "prometheus-process-exporter.service")
        (targetDown "prometheus" "prometheus.service")
        (targetDown "remediator" "homeostat-remediator.service")
        (targetDown "span-metrics" "opentelemetry-collector.service")
      ])
    ]
  )
  (case "the watchdog always fires" { } [
    (fires "Watchdog" "0s" [
      (alert
        {
          severity = "info";
          component = "monitoring";
        }
        "watchdog"
        "The path from Prometheus to Alertmanager works"
        "This alert always fires; whoever stops receiving it knows that alerts of web1 no longer arrive."
      )
    ])
  ])
]
