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
  grafana = 3000;
  loki = 3100;
  lokiGrpc = 9096;
  victorialogs = 9428;
  tempo = 3200;
  tempoGrpc = 9097;
  # Tempo's own receiver; applications speak to the Collector's.
  tempoOtlp = 4418;
  otlpGrpc = 4317;
  otlpHttp = 4318;
  collectorHealth = 13133;
  collectorMetrics = 8888;
  spanMetrics = 8889;
}
// overrides
