# The stack's own programs as scrape jobs: [ { job; unit; port; relabel; } ], by name.
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
  };
in
map (job: { inherit job; } // programs.${job}) (builtins.attrNames programs)
