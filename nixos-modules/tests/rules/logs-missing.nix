# CollectorLogsMissing: for an hour no line came in from the journal, or none went out, though the Collector answered.
write:
let
  inherit (write)
    case
    silent
    fires
    alert
    ;
  up = "up{host=\"web1\",job=\"collector\"}";
  accepted =
    receiver:
    "otelcol_receiver_accepted_log_records_total{host=\"web1\",job=\"collector\",receiver=\"${receiver}\"}";
  sent = "otelcol_exporter_sent_log_records_total{host=\"web1\",job=\"collector\",exporter=\"otlp_http/loki\"}";
  name = "CollectorLogsMissing";
  missing =
    alert
      {
        severity = "warning";
        component = "collector";
        unit = "opentelemetry-collector.service";
        signal = "logs";
      }
      "collectorlogsmissing"
      "No log line of web1 arrives"
      "For 3600 s no line of the journal has gone through the Collector, though the host and the Collector are up.";
  flowing = {
    ${up} = "1x320";
    ${accepted "journald"} = "0+1x320";
    ${sent} = "0+1x320";
  };
  # What stopped a quarter of an hour after the beginning is missing an hour later.
  stopped = [
    (silent name "1h14m")
    (fires name "1h15m" [ missing ])
  ];
in
write.eachMinute [
  (case "no line since the Collector began: its counters do not exist" { ${up} = "1x320"; } [
    (silent name "53m")
    (fires name "54m" [ missing ])
  ])
  (case "lines come and go" flowing [
    (silent name "54m")
    (silent name "1h15m")
  ])
  (case "lines stop, and come again after an hour and a quarter" (
    flowing
    // {
      ${accepted "journald"} = "0+1x60 60x240 61+1x20";
      ${sent} = "0+1x60 60x240 61+1x20";
    }
  ) (stopped ++ [ (silent name "1h16m") ]))
  (case "lines come in and none goes out" (flowing // { ${sent} = "0+1x60 60x260"; }) stopped)
  (case "only programs that speak OTLP are heard" (
    flowing
    // {
      ${accepted "journald"} = "0+1x60 60x260";
      ${accepted "otlp"} = "0+1x320";
    }
  ) stopped)
  (case "a restart zeroes the counters"
    (
      flowing
      // {
        ${accepted "journald"} = "0+1x220 0+1x100";
        ${sent} = "0+1x220 0+1x100";
      }
    )
    [
      (silent name "56m")
      (silent name "1h15m")
    ]
  )
  (case "a Collector that answered for half of the hour" { ${up} = "1x110 0x120 1x90"; } [
    (silent name "59m")
    (silent name "1h")
    (silent name "1h15m")
  ])
  (case "a Collector that is down, and another host's" {
    ${up} = "0x320";
    "up{host=\"web2\",job=\"collector\"}" = "1x320";
  } [ (silent name "1h15m") ])
]
