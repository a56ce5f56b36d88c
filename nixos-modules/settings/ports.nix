# The loopback ports of the stack. A caller that moves one passes `{ prometheus = 19090; }`;
# everything that scrapes, posts to or prints a port reads it from here.
overrides:
{
  api = 8000;
  remediator = 5000;
  sink = 5001;
  prometheus = 9090;
  alertmanager = 9093;
  nodeExporter = 9100;
  postgresExporter = 9187;
  blackboxExporter = 9115;
  processExporter = 9256;
}
// overrides
