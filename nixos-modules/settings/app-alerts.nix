# The alerts of one app: each as its Prometheus rule, and what a remedy for it has to know.
#
# Result: { recordings; alerts = [ { on; rule; ladder; window; proof; } ]; }
# `on` is the word by which `remedy.on` chooses the alert, `ladder` the rungs of the app's ladder that
# can help, `window` the age in seconds of the oldest sample that the expression looks at.
{
  host,
  timing,
  runbookUrl,
}:
app:
let
  expressions = import ./app-expressions.nix { inherit host timing; } app;
  inherit (app) thresholds;
  alert =
    fields:
    import ./alert.nix { inherit host runbookUrl; } (
      fields
      // {
        component = app.name;
        inherit (app) unit;
      }
    );

  rungs = verbs: builtins.filter (verb: builtins.elem verb verbs) app.remedy.ladder;
  once = verbs: if verbs == [ ] then [ ] else [ (builtins.head verbs) ];
  # A running app that misbehaves is restarted once; if that did not help, doing it again will not.
  restarting = once (rungs [
    "restart"
    "reload-or-restart"
  ]);

  down = {
    on = "down";
    inherit (app.remedy) ladder;
    window = timing.scrape;
    proof = expressions.lowest;
    rule = alert {
      name = "AppDown";
      expr = "${expressions.lowest} == 0";
      holds = timing.downFor;
      severity = "critical";
      summary = "${app.name} is down on ${host}";
      description = "The metrics of ${app.name} cannot be scraped, or its probe fails.";
    };
  };

  unitFailed = {
    on = "failed";
    ladder = rungs [ "rescue" ];
    window = timing.scrape;
    # Not that it is active: a unit that does its work and is over need not be.
    proof = "1 - max(${expressions.stateOf "failed"})";
    rule = alert {
      name = "UnitFailed";
      expr = "max(${expressions.stateOf "failed"}) == 1";
      holds = timing.failedFor;
      severity = "warning";
      summary = "${app.unit} has failed on ${host}";
      description = "systemd has given up on ${app.unit}; its journal says why.";
    };
  };

  errors = {
    on = "errors";
    ladder = restarting;
    window = timing.errorWindow;
    proof = expressions.answering timing.errorWindow;
    rule = alert {
      name = "HighErrorRate";
      expr = ''
        100 * ${expressions.failed} / ${expressions.total} > ${toString thresholds.errorPercent}
        and ${expressions.enoughTraffic}${expressions.unlessDatabaseWasDown timing.errorWindow}'';
      holds = timing.errorFor;
      severity = "critical";
      summary = "${app.name} answers with errors on ${host}";
      description = "{{ $value | printf \"%.0f\" }} % of the requests to ${app.name} end in a server error; the limit is ${toString thresholds.errorPercent} %.";
    };
  };

  latency = {
    on = "latency";
    ladder = restarting;
    window = timing.latencyWindow;
    proof = expressions.answering timing.latencyWindow;
    rule = alert {
      name = "HighLatency";
      expr = ''
        1000 * ${expressions.slowest} > ${toString thresholds.latencyMilliseconds}
        and ${expressions.enoughTraffic}${expressions.unlessDatabaseWasDown timing.latencyWindow}'';
      holds = timing.latencyFor;
      severity = "warning";
      summary = "${app.name} answers slowly on ${host}";
      description = "One request in twenty to ${app.name} takes longer than {{ $value | printf \"%.0f\" }} ms; the limit is ${toString thresholds.latencyMilliseconds} ms.";
    };
  };

  scraped = app.metricsPort != null;
in
{
  recordings =
    if scraped then
      [
        {
          record = expressions.recorded;
          expr = expressions.perStatus;
          # Written as a label, for a rule may not have another's name and labels.
          labels.app = app.name;
        }
      ]
    else
      [ ];
  alerts =
    (if scraped || app.probe != null then [ down ] else [ ])
    ++ [ unitFailed ]
    ++ (
      if scraped then
        [
          errors
          latency
        ]
      else
        [ ]
    );
}
