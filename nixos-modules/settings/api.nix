# The sample API: its configuration, and itself as an app under care. Nothing else names it; as far as
# Prometheus, Alertmanager and the remediator know it is one app among others.
{
  ports,
  unit,
  demo,
  databaseSocket,
  databaseRole,
  otlpEndpoint,
}:
let
  url = "http://127.0.0.1:${toString ports.api}";
in
{
  config = {
    listen = "127.0.0.1:${toString ports.api}";
    database_url = "postgresql:///${databaseRole}?host=${databaseSocket}&user=${databaseRole}";
    # Faults and seed rows are for people who try the stack; production starts with neither.
    faults = demo;
    seed = demo;
    otlp_endpoint = otlpEndpoint;
    traffic.url = url;
  };

  app = {
    inherit unit;
    metricsPort = ports.api;
    probe = "${url}/live";
    dependsOn = [ "postgresql" ];
    remedy = {
      on = [
        "down"
        "failed"
        "errors"
        "latency"
      ];
    }
    // (
      # The demo is there to be broken, more often than an hour of production would allow.
      if demo then { attempts = 10; } else { }
    );
  };
}
