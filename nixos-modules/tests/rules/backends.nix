# LokiDown, TempoDown, CollectorDown and GrafanaDown: two minutes without a scrape, in place of TargetDown.
write:
let
  inherit (write)
    case
    silent
    fires
    alert
    elsewhere
    ;
  up = job: "up{host=\"web1\",job=\"${job}\",instance=\"127.0.0.1:1\"}";

  programs = {
    Loki = {
      job = "loki";
      unit = "loki.service";
      consequence = "New log lines wait in the journal and in the Collector's queue; nothing can be searched.";
    };
    Tempo = {
      job = "tempo";
      unit = "tempo.service";
      consequence = "Traces cannot be searched, and what the Collector's queue cannot hold is lost.";
    };
    Collector = {
      job = "collector";
      unit = "opentelemetry-collector.service";
      consequence = "Log lines wait in the journal; traces, and the metrics made from them, are lost.";
    };
    Grafana = {
      job = "grafana";
      unit = "grafana.service";
      consequence = "Dashboards cannot be seen; alerts and remedies go on.";
    };
  };
  names = builtins.attrNames programs;
  anchor = {
    Loki = "lokidown";
    Tempo = "tempodown";
    Collector = "collectordown";
    Grafana = "grafanadown";
  };
  down =
    name:
    let
      program = programs.${name};
    in
    alert {
      severity = "warning";
      component = program.job;
      inherit (program) unit;
    } anchor.${name} "${name} on web1 is down" program.consequence;
  all =
    value:
    builtins.listToAttrs (
      map (name: {
        name = up programs.${name}.job;
        inherit value;
      }) names
    );

  alone =
    name:
    case "${name} is down, and nothing else"
      (all "1x60" // { ${up programs.${name}.job} = "1x4 0x20 1x30"; })
      (
        [
          (silent "${name}Down" "3m")
          (fires "${name}Down" "3m30s" [ (down name) ])
          (silent "${name}Down" "6m30s")
        ]
        ++ map (other: silent "${other}Down" "3m30s") (builtins.filter (other: other != name) names)
      );
in
write.file (
  map alone names
  ++ [
    (case "they have no second alert for the same thing" (all "0x60") [ (silent "TargetDown" "10m") ])
    (case "a restart of a minute is silent" (all "1x4 0x4 1x40") (
      map (name: silent "${name}Down" "2m15s") names
    ))
    (case "another host's, and nothing is known of ours" (builtins.listToAttrs (
      map (name: {
        name = elsewhere (up programs.${name}.job);
        value = "0x60";
      }) names
    )) (map (name: silent "${name}Down" "10m") names))
    (case "the span metrics alone cannot be scraped" (
      all "1x60" // { ${up "span-metrics"} = "0x60"; }
    ) [ (silent "CollectorDown" "10m") ])
  ]
)
