# The ports that something on this machine listens on, so that nobody has to free the others: [ port ].
{ settings, runs }:
let
  unless = condition: names: if condition then [ ] else names;
in
builtins.attrValues (
  removeAttrs settings.ports (
    unless (runs "loki") [
      "loki"
      "lokiGrpc"
    ]
    ++ unless (runs "victorialogs") [ "victorialogs" ]
    ++ unless (runs "tempo") [
      "tempo"
      "tempoGrpc"
    ]
    # In Tempo's absence the keeper of spans listens there.
    ++ unless (runs "tempo" || runs "spans") [ "tempoOtlp" ]
    ++ unless (runs "collector") [
      "otlpGrpc"
      "otlpHttp"
      "collectorHealth"
      "collectorMetrics"
      "spanMetrics"
    ]
    ++ unless (runs "grafana") [ "grafana" ]
  )
)
