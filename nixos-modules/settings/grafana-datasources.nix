# Grafana's data sources: Prometheus, Loki and Tempo where they are, with fixed uids, and one click from each
# to the others: an exemplar or a log line leads to its trace, a span to its log lines and to its metrics.
{
  ports,
  timing,
  without,
  urls,
}:
let
  inherit (import ./promql.nix) seconds;

  # Elsewhere, here, or nowhere (null).
  place =
    name:
    if urls.${name} or null != null then
      urls.${name}
    else if builtins.elem name without then
      null
    else
      "http://127.0.0.1:${toString ports.${name}}";
  # Nothing leads to what cannot be had.
  linked = name: value: if place name == null then { } else value;

  source =
    name: type: jsonData:
    if place type == null then
      [ ]
    else
      [
        {
          inherit name type jsonData;
          uid = type;
          access = "proxy";
          url = place type;
          editable = false;
          # Where Explore and new panels begin. Grafana takes one such source and no second.
          isDefault = type == "prometheus";
        }
      ];

  prometheus = source "Prometheus" "prometheus" (
    {
      prometheusType = "Prometheus";
      httpMethod = "POST";
      # The smallest step that has a sample: Grafana makes $__rate_interval of it.
      timeInterval = seconds timing.scrape;
    }
    // linked "tempo" {
      exemplarTraceIdDestinations = [
        {
          name = "trace_id";
          datasourceUid = "tempo";
          urlDisplayLabel = "Trace";
        }
      ];
    }
  );

  loki = source "Loki" "loki" (
    linked "tempo" {
      derivedFields = [
        {
          name = "trace_id";
          # Not a pattern over the line: the name of a label or of structured metadata.
          matcherType = "label";
          matcherRegex = "trace_id";
          datasourceUid = "tempo";
          url = "\${__value.raw}";
          urlDisplayLabel = "Trace";
        }
      ];
    }
  );

  # Span attributes, and what they are called as labels.
  service = {
    key = "service.name";
    value = "service_name";
  };
  route = {
    key = "http.route";
    value = "http_route";
  };
  query = name: query: { inherit name query; };

  tempo = source "Tempo" "tempo" (
    {
      nodeGraph.enabled = true;
    }
    // linked "loki" {
      tracesToLogsV2 = {
        datasourceUid = "loki";
        # A line may be written a little before its span begins or after it has ended.
        spanStartTimeShift = "-1m";
        spanEndTimeShift = "1m";
        tags = [ service ];
        customQuery = true;
        query = "{\${__tags}} | trace_id = \"\${__trace.traceId}\"";
      };
    }
    // linked "prometheus" {
      serviceMap.datasourceUid = "prometheus";
      tracesToMetrics = {
        datasourceUid = "prometheus";
        spanStartTimeShift = "-30m";
        spanEndTimeShift = "30m";
        tags = [
          service
          route
        ];
        queries = [
          (query "Requests a second" "sum(rate(traces_span_metrics_calls_total{$__tags}[5m]))")
          (query "Errors a second" "sum(rate(traces_span_metrics_calls_total{$__tags, status_code=\"STATUS_CODE_ERROR\"}[5m]))")
          (query "95th percentile of the duration" "histogram_quantile(0.95, sum by (le) (rate(traces_span_metrics_duration_seconds_bucket{$__tags}[5m])))")
        ];
      };
    }
  );

  # Provisioning replaces $NAME by an environment variable, and $$ by a dollar sign.
  escaped =
    value:
    if builtins.isString value then
      builtins.replaceStrings [ "$" ] [ "$$" ] value
    else if builtins.isList value then
      map escaped value
    else if builtins.isAttrs value then
      builtins.mapAttrs (_: escaped) value
    else
      value;
in
escaped (prometheus ++ loki ++ tempo)
