# Which receivers an alert must reach, in order. `remediator people` is the remediator at once and people
# when the ladder's time is over.
let
  to = receivers: labels: {
    receivers = builtins.concatStringsSep "," receivers;
    labels = {
      host = "web1";
    }
    // labels;
  };
  healed = alertname: unit: to [ "remediator" "people" ] { inherit alertname unit; };
  people = alertname: unit: to [ "people" ] { inherit alertname unit; };
  api = "homeostat-api.service";
  collector = "opentelemetry-collector.service";
in
[
  (healed "AppDown" api)
  (healed "UnitFailed" api)
  (healed "HighErrorRate" api)
  (healed "HighLatency" api)
  (healed "PostgresDown" "postgresql.service")

  # A foreign app: what its remedy.on names is healed, the rest is for people.
  (healed "AppDown" "shop.service")
  (healed "UnitFailed" "shop.service")
  (healed "HighErrorRate" "shop.service")
  (people "HighLatency" "shop.service")
  (people "AppDown" "ledger.service")
  (people "UnitFailed" "ledger.service")

  # A dry-run tells the remediator, and people without delay: see the waiting times in run.sh.
  (healed "UnitFailed" "mail\\x2dqueue@main.service")

  # The right alert about a unit that nothing heals, and one that is not there at all.
  (people "AppDown" "sshd.service")
  (people "AppDown" "postgresql.service")
  (people "PostgresDown" api)
  # Dots in a unit's name are dots.
  (people "AppDown" "homeostat-apiXservice")
  # Another host's alert is none of this remediator's business.
  (to [ "people" ] {
    alertname = "AppDown";
    unit = api;
    host = "web2";
  })

  (people "TargetDown" "prometheus-node-exporter.service")
  (people "RemediatorDown" "homeostat-remediator.service")
  (people "RemediatorCannotAct" "homeostat-remediator.service")
  (people "LokiDown" "loki.service")
  (people "LokiDiscarding" "loki.service")
  (people "LokiWritesFailing" "loki.service")
  (people "LokiRetentionStale" "loki.service")
  (people "VictoriaLogsDown" "victorialogs.service")
  (people "VictoriaLogsDiscarding" "victorialogs.service")
  (people "VictoriaLogsReadOnly" "victorialogs.service")
  (people "TempoDown" "tempo.service")
  (people "TempoDiscarding" "tempo.service")
  (people "CollectorDown" collector)
  (people "CollectorRefusing" collector)
  (people "CollectorDropping" collector)
  (people "CollectorQueueFilling" collector)
  (people "CollectorNotSending" collector)
  (people "CollectorCrashed" collector)
  (people "CollectorLogsMissing" collector)
  (people "LogCanaryLate" collector)
  (people "GrafanaDown" "grafana.service")
  (people "PrometheusRuleFailures" "prometheus.service")
  (people "PrometheusWithoutData" "prometheus.service")
  (people "AlertmanagerNotificationsFailing" "alertmanager.service")
  (to [ "people" ] { alertname = "HostDiskWillFill"; })
  (to [ "people" ] {
    alertname = "HostDiskFull";
    mountpoint = "/";
  })
  (to [ "people" ] { alertname = "HostMemoryPressure"; })
  (to [ "people" ] { alertname = "HostCpuSaturated"; })
  (to [ "people" ] { alertname = "SomebodyElsesAlert"; })
  (to [ "heartbeat" ] { alertname = "Watchdog"; })

  # The remediator's own pages never come back to it.
  (people "RemediationExhausted" api)
  (people "RemediationExhausted" "postgresql.service")
  (to [ "none" ] {
    alertname = "RemediationAcknowledged";
    unit = api;
  })
]
