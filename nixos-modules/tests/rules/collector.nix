# CollectorRefusing and CollectorDropping, for log lines and for spans.
write:
let
  inherit (write)
    case
    silent
    fires
    alert
    elsewhere
    ;
  up = "up{host=\"web1\",job=\"collector\"}";
  counter = metric: labels: "otelcol_${metric}_total{host=\"web1\",job=\"collector\",${labels}}";
  refused = items: counter "receiver_refused_${items}" "receiver=\"otlp\",transport=\"http\"";
  notQueued = items: counter "exporter_enqueue_failed_${items}" "exporter=\"otlp_http\"";
  lost = items: counter "exporter_send_failed_${items}" "exporter=\"otlp_http\"";

  ofSignal =
    signal:
    alert {
      severity = "warning";
      component = "collector";
      unit = "opentelemetry-collector.service";
      inherit signal;
    };
  refusing =
    signal: words:
    ofSignal signal "collectorrefusing" "The Collector on web1 refuses ${words}"
      "Its memory or a queue is full. Who sent them may try again; what a sender cannot keep is lost.";
  dropping =
    signal: words: number:
    ofSignal signal "collectordropping" "The Collector on web1 has lost ${words}"
      "About ${number} ${words} were given up in the last 300 s, because the other side refused them for good.";

  perSignal =
    signal: items: words:
    let
      turnsAway =
        how: series:
        case "${words} ${how}, for five minutes and more"
          (
            {
              ${up} = "1x120";
              ${refused items} = "0x120";
            }
            // {
              ${series} = "0x4 0+5x40 200x60";
            }
          )
          [
            (silent "CollectorRefusing" "6m")
            (fires "CollectorRefusing" "6m45s" [ (refusing signal words) ])
            (silent "CollectorRefusing" "17m")
            (silent "CollectorDropping" "6m45s")
          ];
    in
    [
      (turnsAway "refused at the door" (refused items))
      (turnsAway "that a queue does not take" (notQueued items))
      (case "${words}: two bursts, each the first value of its counter, are five minutes together"
        {
          ${up} = "1x80";
          ${refused items} = "_x12 4x60";
          ${notQueued items} = "_x28 1x60";
        }
        [
          (silent "CollectorRefusing" "7m45s")
          (fires "CollectorRefusing" "8m30s" [ (refusing signal words) ])
        ]
      )
      (case "${words}: one refused batch is silent"
        {
          ${up} = "1x80";
          ${refused items} = "0x8 100x80";
        }
        (
          map (silent "CollectorRefusing") [
            "7m"
            "7m30s"
            "12m"
          ]
        )
      )
      (case "${words}: the first that are lost are told at once, and forgotten after the window"
        {
          ${up} = "1x80";
          ${lost items} = "_x12 30x60";
        }
        [
          (silent "CollectorDropping" "2m45s")
          (fires "CollectorDropping" "3m" [ (dropping signal words "30") ])
          (silent "CollectorDropping" "8m30s")
          (silent "CollectorRefusing" "5m")
        ]
      )
      (case "${words}: more are lost than before"
        {
          ${up} = "1x60";
          ${lost items} = "0x8 40x60";
        }
        [
          (fires "CollectorDropping" "5m" [ (dropping signal words "40") ])
          (silent "CollectorDropping" "8m")
        ]
      )
    ];

  never =
    name: collector: spans:
    case name
      {
        ${up} = collector;
        ${lost "log_records"} = spans;
        ${lost "spans"} = spans;
      }
      (
        map (silent "CollectorDropping") [
          "3m"
          "4m30s"
          "6m"
          "8m"
        ]
      );
in
write.file (
  perSignal "logs" "log_records" "log lines"
  ++ perSignal "traces" "spans" "spans"
  ++ [
    (never "an old counter of a Collector that we only just met" "_x12 1x60" "_x12 9000x60")
    (never "an old counter of a Collector that was away" "1x12 0x4 1x60" "9000x12 _x4 9000x60")
    (never "a restart zeroes the counters" "1x60" "9000x16 0x60")
    (case "another host's Collector"
      {
        "up{host=\"web2\",job=\"collector\"}" = "1x60";
        ${elsewhere (lost "spans")} = "_x12 30+5x60";
        ${elsewhere (refused "spans")} = "0+5x60";
        ${elsewhere (notQueued "spans")} = "0+5x60";
      }
      [
        (silent "CollectorDropping" "6m")
        (silent "CollectorRefusing" "12m")
      ]
    )
  ]
)
