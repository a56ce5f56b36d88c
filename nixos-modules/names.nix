# How units, users and paths are called on NixOS. vm-tests/debian/facts.nix is its counterpart.
{
  units = {
    api = "homeostat-api.service";
    remediator = "homeostat-remediator.service";
    traffic = "homeostat-traffic.service";
    sink = "homeostat-sink.service";
    secrets = "homeostat-secrets.service";
    prometheus = "prometheus.service";
    alertmanager = "alertmanager.service";
    nodeExporter = "prometheus-node-exporter.service";
    postgresExporter = "prometheus-postgres-exporter.service";
    blackboxExporter = "prometheus-blackbox-exporter.service";
    processExporter = "prometheus-process-exporter.service";
    loki = "loki.service";
    tempo = "tempo.service";
    collector = "opentelemetry-collector.service";
    grafana = "grafana.service";
    postgresql = "postgresql.service";
    # The server is up, and its roles and databases are made. The service alone says only the first.
    databaseReady = "postgresql.target";
  };

  users = {
    api = "homeostat-api";
    remediator = "homeostat-remediator";
    traffic = "homeostat-traffic";
    sink = "homeostat-sink";
    postgresExporter = "postgres-exporter";
  };

  paths = {
    secrets = "/var/lib/homeostat-secrets";
    config = "/etc/homeostat";
    remediatorState = "/var/lib/homeostat-remediator";
    sinkState = "/var/lib/homeostat-sink";
    lokiState = "/var/lib/loki";
    tempoState = "/var/lib/tempo";
    collectorState = "/var/lib/opentelemetry-collector";
    grafanaState = "/var/lib/grafana";
    postgresqlSocket = "/run/postgresql";
  };
}
