# What the test scripts and the settings have to know of a Debian machine: unit names, users, paths.
{
  distribution = "debian";

  # What Debian leaves otherwise than NixOS does.
  postgresql = {
    # Its cluster gets the next port that was free on whichever host built the root; the socket bears its number.
    port = 5432;
    # The journal has the time.
    log_line_prefix = "[%p] ";
  };

  units = {
    api = "homeostat-api.service";
    remediator = "homeostat-remediator.service";
    traffic = "homeostat-traffic.service";
    sink = "homeostat-sink.service";
    secrets = "homeostat-secrets.service";
    prometheus = "prometheus.service";
    alertmanager = "prometheus-alertmanager.service";
    nodeExporter = "prometheus-node-exporter.service";
    postgresExporter = "prometheus-postgres-exporter.service";
    blackboxExporter = "prometheus-blackbox-exporter.service";
    processExporter = "prometheus-process-exporter.service";
    loki = "loki.service";
    victorialogs = "victorialogs.service";
    tempo = "tempo.service";
    spans = "homeostat-spans.service";
    collector = "opentelemetry-collector.service";
    grafana = "grafana.service";
    # postgresql.service is an empty shell on Debian: the server is an instance of the template.
    postgresql = "postgresql@17-main.service";
    dbus = "dbus.service";
    polkit = "polkit.service";
    journald = "systemd-journald.service";
  };

  users = {
    api = "homeostat-api";
    remediator = "homeostat-remediator";
    traffic = "homeostat-traffic";
    sink = "homeostat-sink";
    prometheus = "prometheus";
    alertmanager = "prometheus";
    postgresql = "postgres";
  };

  paths = {
    binaries = "/usr/local/bin";
    systemd = "/usr/lib/systemd";
    secrets = "/var/lib/homeostat-secrets";
    config = "/etc/homeostat";
    remediatorState = "/var/lib/homeostat-remediator";
    sinkState = "/var/lib/homeostat-sink";
    lokiState = "/var/lib/loki";
    victorialogsState = "/var/lib/victorialogs";
    tempoState = "/var/lib/tempo";
    collectorState = "/var/lib/opentelemetry-collector";
    grafanaState = "/var/lib/grafana";
    postgresqlSocket = "/run/postgresql";
    prometheusConfig = "/etc/prometheus/prometheus.yml";
    alertmanagerConfig = "/etc/prometheus/alertmanager.yml";
    systemUnits = "/etc/systemd/system";
  };
}
