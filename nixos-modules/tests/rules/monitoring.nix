# PrometheusRuleFailures, PrometheusWithoutData and AlertmanagerNotificationsFailing: what stops alerts on their way.
write:
let
  inherit (write)
    case
    silent
    fires
    alert
    elsewhere
    ;
  failures = "prometheus_rule_evaluation_failures_total{host=\"web1\",job=\"prometheus\",rule_group=\"rules.json;host\"}";
  lost =
    reason:
    "alertmanager_notifications_failed_total{host=\"web1\",job=\"alertmanager\",integration=\"webhook\",reason=\"${reason}\"}";
  remediator = "up{host=\"web1\",job=\"remediator\"}";

  unevaluated =
    alert
      {
        severity = "critical";
        component = "prometheus";
        unit = "prometheus.service";
      }
      "prometheusrulefailures"
      "Prometheus on web1 cannot evaluate some of its rules"
      "An alert whose expression fails never fires. Prometheus's page of rules shows which fail, and why.";
  itself = "up{host=\"web1\",job=\"prometheus\"}";
  blind =
    alert
      {
        severity = "critical";
        component = "prometheus";
        unit = "prometheus.service";
      }
      "prometheuswithoutdata"
      "Prometheus on web1 takes no samples"
      "It does not even know of itself, so no other alert can fire. A clock that stood ahead and was set right, or a full disk, does that.";
  unheard =
    alert
      {
        severity = "critical";
        component = "alertmanager";
        unit = "alertmanager.service";
        integration = "webhook";
      }
      "alertmanagernotificationsfailing"
      "Alertmanager on web1 cannot reach a receiver"
      "Notifications by webhook fail again and again. Somebody who should hear of alerts does not.";
  name = "AlertmanagerNotificationsFailing";
  # Every group interval of five minutes one more.
  again = "0x8 1x19 2x19 3x19 4x19 5x120";
in
write.file [
  (case "a rule that cannot be evaluated, until it can" { ${failures} = "0x4 0+1x40 40x60"; } [
    (silent "PrometheusRuleFailures" "6m")
    (fires "PrometheusRuleFailures" "6m45s" [ unevaluated ])
    (silent "PrometheusRuleFailures" "17m")
  ])
  (case "one failed evaluation, then a restart" { ${failures} = "0x8 1x30 0x60"; } [
    (silent "PrometheusRuleFailures" "7m")
    (silent "PrometheusRuleFailures" "7m30s")
    (silent "PrometheusRuleFailures" "12m")
  ])
  # What was scraped is known for five minutes.
  (case "no sample comes any more, until they do" { ${itself} = "1x8 _x60 1x20"; } [
    (silent "PrometheusWithoutData" "11m")
    (fires "PrometheusWithoutData" "13m" [ blind ])
    (silent "PrometheusWithoutData" "18m")
  ])
  (case "Prometheus knows that it is down, as another tells it" { ${itself} = "0x80"; } [
    (silent "PrometheusWithoutData" "19m")
  ])
  (case "a receiver that fails every time"
    {
      ${remediator} = "1x250";
      ${lost "serverError"} = again;
      ${lost "clientError"} = "0x250";
    }
    [
      (silent name "12m")
      (fires name "12m30s" [ unheard ])
      (silent name "33m")
    ]
  )
  (case "one notification that failed for good, and a restart" { ${lost "other"} = "0x8 1x50 0x60"; }
    [
      (silent name "12m")
      (silent name "12m30s")
      (silent name "20m")
    ]
  )
  (case "what the remediator's absence does, also just after it is back"
    {
      ${remediator} = "1x8 0x60 1x180";
      ${lost "other"} = "0x8 0+1x60 60x180";
    }
    [
      (silent name "13m")
      (silent name "18m")
      (silent name "20m")
      (silent name "30m")
    ]
  )
  (case "notifications that go on failing when the remediator is back" {
    ${remediator} = "1x8 0x20 1x180";
    ${lost "other"} = "0x8 0+1x180";
  } [ (fires name "30m" [ unheard ]) ])
  (case "another host's, and nothing is known of ours"
    {
      ${elsewhere (lost "other")} = "0+1x100";
      ${elsewhere failures} = "0+1x100";
    }
    [
      (silent name "20m")
      (silent "PrometheusRuleFailures" "20m")
    ]
  )
]
