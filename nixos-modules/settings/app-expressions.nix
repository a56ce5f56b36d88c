# The PromQL of one app. Selectors are literal: no alert takes its target from a series.
{ host, timing }:
app:
let
  inherit (import ./promql.nix)
    quote
    seconds
    selector
    anyOf
    ;

  requests = "http_server_request_duration_seconds";
  of = "app=${quote app.name},host=${quote host}";
  # The stack's own probes and scrapes are not traffic: they would keep an idle app above the guard.
  served = "${of},http_route!~${quote (anyOf app.ignoredRoutes)}";
  count = "${requests}_count{${served}}";
  up = "up${
    selector {
      inherit host;
      inherit (app) job;
    }
  }";
  probed = "probe_success${
    selector {
      inherit host;
      job = app.probeJob;
    }
  }";

  window = seconds timing.errorWindow;
in
rec {
  recorded = "app_status:http_server_requests:rate";

  # rate() does not see the first value of a series, so twenty errors in one second under a status
  # that was never seen before would count as none. A series that is missing from some successful scrape
  # of the window was born in it and counts from zero; one that is in all of them may be an old
  # counter that we only just met.
  perStatus = ''
    sum by (host, unit, http_response_status_code) (
        (
          (${count} unless ${count} offset ${window})
          and (count_over_time(${count}[${window}]) < on (app, host) group_left () sum_over_time(${up}[${window}]))
        ) / ${toString timing.errorWindow}
      or
        rate(${count}[${window}])
    )'';

  total = "sum by (host) (${recorded}{${of}})";
  failed = "sum by (host) (${recorded}{${of},http_response_status_code=~\"5..\"})";
  enoughTraffic = "60 * ${total} >= ${toString app.thresholds.requestsPerMinute}";

  # What the database's absence does to the app lasts in the window after the database is back, when
  # PostgresDown mutes it no longer; a restart of the app would heal nothing.
  unlessDatabaseWasDown =
    range:
    if builtins.elem "postgresql" app.dependsOn then
      " unless on (host) min_over_time(pg_up{host=${quote host}}[${seconds range}]) == 0"
    else
      "";

  slowest = "histogram_quantile(0.95, sum by (host, le) (rate(${requests}_bucket{${served}}[${seconds timing.latencyWindow}])))";

  # 1 while every way of looking at the app says that it is up.
  lowest = "min by (host) (${
    builtins.concatStringsSep " or " (
      (if app.metricsPort == null then [ ] else [ up ]) ++ (if app.probe == null then [ ] else [ probed ])
    )
  })";

  stateOf =
    state:
    "node_systemd_unit_state${
      selector {
        inherit host state;
        name = app.unit;
      }
    }";

  # A silent app proves nothing: after a remedy requests must be answered again.
  answering = range: "sum(rate(${count}[${seconds range}]))";
}
