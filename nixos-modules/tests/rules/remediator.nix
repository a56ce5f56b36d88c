# RemediatorDown and RemediatorCannotAct.
write:
let
  inherit (write)
    case
    silent
    fires
    alert
    ;
  up = "up{host=\"web1\",job=\"remediator\"}";
  remediator =
    metric: matchers: "homeostat_remediator_${metric}{host=\"web1\",job=\"remediator\"${matchers}}";

  ofRemediator = alert {
    severity = "critical";
    component = "remediator";
    unit = "homeostat-remediator.service";
  };
  remediatorDown =
    ofRemediator "remediatordown" "The remediator on web1 is down"
      "Nothing heals on web1. Alerts with a remedy reach people through the backstop only.";
  cannotAct =
    ofRemediator "remediatorcannotact" "The remediator on web1 runs but cannot act"
      "Its store, its permission, the system bus, Alertmanager's token, the alerts that it is sent or its pages are at fault; its journal and its metrics tell which.";
  healthy = {
    ${remediator "store_errors_total" ""} = "0x60";
    ${remediator "denied_total" ""} = "0x60";
    ${remediator "webhook_requests_total" ",result=\"unauthorized\""} = "0x60";
    ${remediator "webhook_requests_total" ",result=\"accepted\""} = "0+1x60";
    ${remediator "page_errors_total" ""} = "0x60";
    ${remediator "bus_connected" ""} = "1x60";
  };
  cannot =
    what: changed:
    case "the remediator cannot act: ${what}" (healthy // changed) [
      (silent "RemediatorCannotAct" "3m")
      (fires "RemediatorCannotAct" "4m" [ cannotAct ])
    ];
in
write.file [
  (case "the remediator is down after a minute" { ${up} = "1x4 0x20 1x20"; } [
    (silent "RemediatorDown" "2m")
    (fires "RemediatorDown" "3m" [ remediatorDown ])
    (silent "RemediatorDown" "8m")
  ])
  (case "a healthy remediator, and a restart of it, are silent"
    (
      healthy
      // {
        ${remediator "store_errors_total" ""} = "3x20 0x40";
        ${remediator "denied_total" ""} = "9x20 0x40";
      }
    )
    [
      (silent "RemediatorCannotAct" "3m")
      (silent "RemediatorCannotAct" "8m")
    ]
  )
  (cannot "its store fails" { ${remediator "store_errors_total" ""} = "0x8 1x60"; })
  (cannot "polkit denies" { ${remediator "denied_total" ""} = "0x8 2x60"; })
  (cannot "Alertmanager has the wrong token" {
    ${remediator "webhook_requests_total" ",result=\"unauthorized\""} = "0x8 4x60";
  })
  (cannot "it rejects what it is sent" {
    ${remediator "alerts_total" ",result=\"rejected\""} = "0x6 0+4x60";
  })
  (case "some bad posts by hand" (healthy // { ${remediator "alerts_total" ",result=\"rejected\""} = "0x8 4x60"; })
    [
      (silent "RemediatorCannotAct" "4m")
      (silent "RemediatorCannotAct" "6m")
    ]
  )
  (cannot "Alertmanager does not take its pages" {
    ${remediator "page_errors_total" ""} = "0x6 0+7x60";
  })
  (case "a restart of Alertmanager costs a page some attempts"
    (healthy // { ${remediator "page_errors_total" ""} = "0x8 4 10x60"; })
    [
      (silent "RemediatorCannotAct" "4m")
      (silent "RemediatorCannotAct" "6m")
    ]
  )
  (cannot "the bus is gone" { ${remediator "bus_connected" ""} = "1x8 0x60"; })
  (case "what once went wrong is forgotten" (
    healthy
    // {
      ${remediator "store_errors_total" ""} = "0x8 2x60";
      ${remediator "denied_total" ""} = "0x8 2x60";
      ${remediator "webhook_requests_total" ",result=\"unauthorized\""} = "0x8 2x60";
      ${remediator "page_errors_total" ""} = "0x8 20x60";
    }
  ) [ (silent "RemediatorCannotAct" "9m") ])
]
