# CollectorQueueFilling: a queue more than four fifths full for five minutes.
write:
let
  inherit (write)
    case
    silent
    fires
    alert
    elsewhere
    ;
  queue =
    exporter: signal: metric:
    "otelcol_exporter_queue_${metric}{host=\"web1\",job=\"collector\",exporter=\"${exporter}\",data_type=\"${signal}\"}";
  name = "CollectorQueueFilling";
  filling =
    signal: words: percent:
    alert
      {
        severity = "warning";
        component = "collector";
        unit = "opentelemetry-collector.service";
        inherit signal;
      }
      "collectorqueuefilling"
      "The Collector on web1 cannot get rid of its ${words}"
      "Its queue of ${words} is full to ${percent} %. When nothing fits any more, it refuses.";

  perSignal =
    signal: words:
    let
      here = queue "otlp_http" signal;
      other = queue "other" signal;
    in
    [
      (case "${words}: a queue at nine tenths, beside another that is empty"
        {
          ${here "size"} = "0x4 900x40 100x40";
          ${here "capacity"} = "1000x90";
          ${other "size"} = "0x90";
          ${other "capacity"} = "1000x90";
        }
        [
          (silent name "6m")
          (fires name "6m15s" [ (filling signal words "90") ])
          (silent name "11m30s")
        ]
      )
      (case "${words}: a queue at four fifths, one whose capacity is not known, and another host's" {
        ${here "size"} = "800x60";
        ${here "capacity"} = "1000x60";
        ${other "size"} = "5000x60";
        ${elsewhere (here "size")} = "1000x60";
        ${elsewhere (here "capacity")} = "1000x60";
      } [ (silent name "12m") ])
    ];
in
write.file (perSignal "logs" "log lines" ++ perSignal "traces" "spans")
