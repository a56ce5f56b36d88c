# From spans to metrics: calls and durations by service, span and the attributes that dashboards ask for, with
# exemplars that lead from a bucket to a trace. Prometheus scrapes them from an exporter of their own.
{ ports, timing }:
let
  inherit (import ./promql.nix) seconds;
  dimension = name: { inherit name; };
  # A series that nothing adds to any more goes; when it comes back it counts from nought, as after a restart.
  expiration = "1h";
in
{
  connector = {
    namespace = "traces.span.metrics";
    # An exemplar is kept for one interval: each scrape finds those of its own.
    metrics_flush_interval = seconds timing.scrape;
    metrics_expiration = expiration;
    series_expiration = expiration;
    # A program that makes up span names gets one series for all that are too many.
    aggregation_cardinality_limit = 2000;
    histogram = {
      unit = "s";
      # Those of the API's own histogram, so that the two can be compared.
      explicit.buckets = map (bound: "${toString bound}ms") [
        5
        10
        25
        50
        75
        100
        250
        500
        750
        1000
        2500
        5000
        7500
        10000
      ];
    };
    exemplars = {
      enabled = true;
      max_per_data_point = 5;
    };
    dimensions = map dimension [
      "http.route"
      "peer.service"
      "db.system.name"
    ];
    # It changes with each start of the Collector; the target's own labels tell which one it is.
    exclude_dimensions = [ "collector.instance.id" ];
    # A new version of a program goes on with the series of the old.
    resource_metrics_key_attributes = [ "service.name" ];
  };

  exporter = {
    endpoint = "127.0.0.1:${toString ports.spanMetrics}";
    # Exemplars are part of no other format.
    enable_open_metrics = true;
    translation_strategy = "UnderscoreEscapingWithSuffixes";
    without_scope_info = true;
    metric_expiration = expiration;
  };
}
