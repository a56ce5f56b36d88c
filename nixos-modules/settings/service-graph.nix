# The service map: which service calls which, from the spans of the callers. Grafana draws it from these names.
#
# Each series of a caller's spans stays a series of its own. A sum of counters would fall when one of them goes, and
# to rate() what falls has been restarted. Who draws the map adds up.
{ host, ... }:
let
  inherit (import ./promql.nix) quote;

  # The server is the service that the caller names, or the kind of the database where it names none.
  edges =
    metric: matchers:
    let
      calls = peer: "${metric}{host=${quote host},span_kind=\"SPAN_KIND_CLIENT\",${peer}${matchers}}";
      edge =
        label: spans:
        "label_replace(label_replace(${spans}, \"client\", \"$1\", \"service_name\", \"(.*)\"), \"server\", \"$1\", \"${label}\", \"(.*)\")";
    in
    ''
      ${edge "peer_service" (calls "peer_service!=\"\"")}
      or
      ${edge "db_system_name" (calls "peer_service=\"\",db_system_name!=\"\"")}'';

  record = name: expr: {
    record = "traces_service_graph_request_${name}";
    inherit expr;
  };
  calls = edges "traces_span_metrics_calls_total";
  # Both ends of an edge are seen from the caller: most of what it calls sends no spans of its own.
  durations =
    end:
    map
      (part: record "${end}_seconds_${part}" (edges "traces_span_metrics_duration_seconds_${part}" ""))
      [
        "bucket"
        "sum"
        "count"
      ];
in
[
  (record "total" (calls ""))
  # Without a failure there is no counter of failures, and nothing would be known of the edge.
  (record "failed_total" ''
    ${calls ",status_code=\"STATUS_CODE_ERROR\""}
    or
    0 * (${calls ",status_code!=\"STATUS_CODE_ERROR\""})'')
]
++ durations "client"
++ durations "server"
