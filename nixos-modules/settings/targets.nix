# The stack's own programs as scrape jobs: [ { job; program; unit; port; relabel; honorLabels; } ], by name.
{
  units,
  ports,
  processRelabel,
}:
let
  programs = {
    prometheus = {
      unit = units.prometheus;
      port = ports.prometheus;
    };
    alertmanager = {
      unit = units.alertmanager;
      port = ports.alertmanager;
    };
    remediator = {
      unit = units.remediator;
      port = ports.remediator;
    };
    node = {
      unit = units.nodeExporter;
      port = ports.nodeExporter;
    };
    postgres = {
      unit = units.postgresExporter;
      port = ports.postgresExporter;
    };
    blackbox = {
      unit = units.blackboxExporter;
      port = ports.blackboxExporter;
    };
    process = {
      unit = units.processExporter;
      port = ports.processExporter;
      relabel = processRelabel;
    };
    loki = {
      unit = units.loki;
      port = ports.loki;
    };
    victorialogs = {
      unit = units.victorialogs;
      port = ports.victorialogs;
    };
    tempo = {
      unit = units.tempo;
      port = ports.tempo;
    };
    collector = {
      unit = units.collector;
      port = ports.collectorMetrics;
    };
    # Metrics about the programs that send spans; the Collector only counts.
    span-metrics = {
      program = "collector";
      unit = units.collector;
      port = ports.spanMetrics;
      honorLabels = true;
    };
    grafana = {
      unit = units.grafana;
      port = ports.grafana;
    };
  };
in
map (
  job:
  {
    inherit job;
    program = job;
  }
  // programs.${job}
) (builtins.attrNames programs)
