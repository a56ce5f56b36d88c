# What a person can open on a machine, the remediator first.
{
  units,
  ports,
  api,
  demo,
  grafana ? false,
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
in
[
  (endpoint "Remediator" units.remediator ports.remediator "/health"
    "units under care, incidents, budget"
  )
]
++ (
  if api then [ (endpoint "API" units.api ports.api "/ready" "the instrumented workload") ] else [ ]
)
++ (
  if demo then
    [ (endpoint "Pages" units.sink ports.sink "/health" "what a person on call would have received") ]
  else
    [ ]
)
++ (
  if grafana then
    [ (endpoint "Grafana" units.grafana ports.grafana "/api/health" "dashboards, logs and traces") ]
  else
    [ ]
)
++ [
  (endpoint "Prometheus" units.prometheus ports.prometheus "/-/ready" "metrics and alert rules")
  (endpoint "Alertmanager" units.alertmanager ports.alertmanager "/-/ready"
    "routes, silences, inhibitions"
  )
]
