# CollectorNotSending, CollectorCrashed and LogCanaryLate: what waits and never leaves, a Collector that systemd has to start
# again, and a line of the remediator that does not arrive.
write:
let
  inherit (write)
    case
    silent
    fires
    alert
    elsewhere
    ;
  collector = {
    severity = "warning";
    component = "collector";
    unit = "opentelemetry-collector.service";
  };
  queue =
    signal:
    "otelcol_exporter_queue_size{host=\"web1\",job=\"collector\",exporter=\"otlp_http\",data_type=\"${signal}\"}";
  sent =
    items:
    "otelcol_exporter_sent_${items}_total{host=\"web1\",job=\"collector\",exporter=\"otlp_http\"}";
  name = "CollectorNotSending";
  stuck =
    signal: words:
    alert (collector // { queue = signal; }) "collectornotsending" "The Collector on web1 sends no ${words}"
      "For 300 s its queue of ${words} was never empty, and none has left it. 2MiB wait.";

  perSignal =
    {
      signal,
      items,
      words,
    }:
    let
      waiting = queue signal;
      leaving = sent items;
    in
    [
      (case "${words} wait, and none leaves"
        {
          ${waiting} = "0x4 2097152x40 0x40";
          ${leaving} = "0+100x4 400x40 400+100x40";
        }
        [
          (silent name "6m30s")
          (fires name "6m45s" [ (stuck signal words) ])
          (silent name "12m")
        ]
      )
      (case "${words} wait after a start, and none has ever left" { ${waiting} = "2097152x40"; } [
        (silent name "4m45s")
        (fires name "6m" [ (stuck signal words) ])
      ])
      (case "${words} wait and leave"
        {
          ${waiting} = "2097152x60";
          ${leaving} = "0+1x60";
        }
        [ (silent name "14m") ]
      )
      (case "nothing happens; another host's ${words} wait"
        {
          ${waiting} = "0x60";
          ${leaving} = "7x60";
          ${elsewhere waiting} = "5x60";
        }
        [ (silent name "14m") ]
      )
    ];

  restarts =
    unit: "node_systemd_service_restart_total{host=\"web1\",job=\"node\",name=\"${unit}.service\"}";
  own = restarts "opentelemetry-collector";
  began = "node_systemd_unit_start_time_seconds{host=\"web1\",job=\"node\",name=\"opentelemetry-collector.service\"}";
  ended =
    alert collector "collectorcrashed" "The Collector on web1 ended by itself"
      "It was started again. If a file of its storage was damaged, it was put aside and the journal is read from its beginning, so lines come twice.";
  canary = "homeostat_remediator_log_canary_age_seconds{host=\"web1\",job=\"remediator\"}";
  late =
    alert (collector // { signal = "logs"; }) "logcanarylate" "Log lines of web1 do not arrive"
      "The remediator writes one each 60 s and asks the log store for it. The newest that has arrived is 5m 0s old.";
in
write.file (
  perSignal {
    signal = "logs";
    items = "log_records";
    words = "log lines";
  }
  ++ perSignal {
    signal = "traces";
    items = "spans";
    words = "spans";
  }
  ++ [
    (case "systemd starts it again, then a person does, then systemd between two scrapes, and a person at last"
      {
        ${own} = "0x8 1x31 1x30 0x30";
        ${began} = "0x8 135x31 600x30 1065x30";
      }
      [
        (silent "CollectorCrashed" "2m")
        (fires "CollectorCrashed" "4m" [ ended ])
        (silent "CollectorCrashed" "8m")
        (fires "CollectorCrashed" "11m" [ ended ])
        (silent "CollectorCrashed" "18m")
      ]
    )
    (case "others are started again, and it was long ago"
      {
        ${own} = "3x60";
        ${began} = "-900x60";
        ${restarts "grafana"} = "0+1x60";
        ${elsewhere own} = "0+1x60";
      }
      [ (silent "CollectorCrashed" "14m") ]
    )
    # One a minute arrives; none does from the second minute on; all do again.
    (case "no canary arrives, until one does"
      {
        ${canary} = "0+15x4 0+15x40 5x20";
      }
      [
        (silent "LogCanaryLate" "5m")
        (fires "LogCanaryLate" "6m15s" [ late ])
        (silent "LogCanaryLate" "13m")
      ]
    )
    (case "the newest is three minutes old at times; another host's is late"
      {
        ${canary} = "0+15x12 0+15x12 0+15x12";
        ${elsewhere canary} = "900x60";
      }
      [
        (silent "LogCanaryLate" "3m15s")
        (silent "LogCanaryLate" "9m")
      ]
    )
  ]
)
