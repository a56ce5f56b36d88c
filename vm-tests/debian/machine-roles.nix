# Debian's names in the form that the settings ask for.
facts: {
  units = facts.units // {
    # What the API waits for: the server is up and the API's own database exists.
    databaseReady = "homeostat-database.service";
  };

  # All of Debian's exporters run as the one user of the prometheus package.
  users = facts.users // {
    postgresExporter = facts.users.prometheus;
  };

  paths = facts.paths // {
    rules = "/etc/prometheus/homeostat-rules.json";
    blackboxConfig = "/etc/prometheus/blackbox.yml";
    processConfig = "/etc/prometheus/process-exporter.json";
    databaseScript = "${facts.paths.config}/database.sql";
    dashboards = "${facts.paths.config}/dashboards";
    journalctl = "${facts.paths.binaries}/journalctl-all";
    collectorStorage = "${facts.paths.binaries}/collector-storage";
    secretsScript = "${facts.paths.binaries}/homeostat-secrets";
  };
}
