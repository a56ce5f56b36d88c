# What a person can open on a machine, the remediator first. `runs` names what there is of the rest: api, demo, loki,
# victorialogs, tempo, collector, grafana.
{
  units,
  ports,
  runs,
}:
let
  endpoint =
    name: unit: port: health: what:
    let
      url = "http://127.0.0.1:${toString port}";
    in
    {
      inherit name unit what;
      url = "${url}/";
      health = "${url}${health}";
    };
  where = program: value: if builtins.elem program runs then [ value ] else [ ];
in
[
  (endpoint "Remediator" units.remediator ports.remediator "/health"
    "units under care, incidents, budget"
  )
]
++ where "api" (endpoint "API" units.api ports.api "/ready" "the instrumented workload")
++ where "demo" (
  endpoint "Pages" units.sink ports.sink "/health" "what a person on call would have received"
)
++ where "grafana" (
  endpoint "Grafana" units.grafana ports.grafana "/api/health" "dashboards, logs and traces"
)
++ [
  (endpoint "Prometheus" units.prometheus ports.prometheus "/-/ready" "metrics and alert rules")
  (endpoint "Alertmanager" units.alertmanager ports.alertmanager "/-/ready"
    "routes, silences, inhibitions"
  )
]
++ where "loki" (endpoint "Loki" units.loki ports.loki "/ready" "log lines, asked in LogQL")
++ where "victorialogs" (
  endpoint "VictoriaLogs" units.victorialogs ports.victorialogs "/health" "log lines, asked in LogsQL"
  // {
    url = "http://127.0.0.1:${toString ports.victorialogs}/select/vmui/";
  }
)
++ where "tempo" (endpoint "Tempo" units.tempo ports.tempo "/ready" "traces, asked in TraceQL")
++ where "collector" (
  endpoint "Collector" units.collector ports.collectorHealth "/"
    "its health; takes spans on port ${toString ports.otlpHttp}"
)
