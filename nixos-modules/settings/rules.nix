# All alert rules of the stack as Prometheus reads them: groups = [ ... ].
# `cared` are the finished apps and PostgreSQL; `targets` are the scrape jobs of the stack's own
# programs with their units, each of which gets its literal TargetDown or a down alert of its own name.
{
  host,
  timing,
  runbookUrl,
  cared,
  targets,
  remediatorUnit,
  shipsLogs ? true,
}:
let
  inherit (import ./promql.nix) quote seconds selector;
  alert = import ./alert.nix { inherit host runbookUrl; };

  runs = job: builtins.any (target: target.job == job) targets;
  # LokiDown and its like are in pipeline-alerts.nix.
  hasOwnAlert =
    target:
    builtins.elem target.job [
      "loki"
      "victorialogs"
      "tempo"
      "collector"
      "grafana"
    ];
  targetDown =
    { job, unit, ... }:
    alert {
      name = "TargetDown";
      expr = "max(up${selector { inherit host job; }}) == 0";
      holds = timing.targetFor;
      severity = "warning";
      component = job;
      inherit unit;
      summary = "${job} on ${host} cannot be scraped";
      description = "Nothing is known of ${unit} while its metrics are missing; alerts that need them stay silent.";
    };

  remediatorAlert =
    fields:
    alert (
      fields
      // {
        holds = timing.remediatorFor;
        severity = "critical";
        component = "remediator";
        unit = remediatorUnit;
      }
    );
  ofRemediator =
    metric: matchers: "homeostat_remediator_${metric}${selector ({ inherit host; } // matchers)}";
  growth =
    metric: matchers: "increase(${ofRemediator metric matchers}[${seconds timing.cannotActWindow}])";
  growing = metric: matchers: "${growth metric matchers} > 0";

  group = name: rules: { inherit name rules; };
  pipeline = import ./pipeline-alerts.nix {
    inherit
      host
      timing
      runbookUrl
      targets
      shipsLogs
      ;
  };
in
{
  groups =
    map (unit: group unit.name (unit.recordings ++ unit.alerts)) cared
    ++ [
      (group "targets" (map targetDown (builtins.filter (target: !(hasOwnAlert target)) targets)))
      (group "host" (import ./host-alerts.nix { inherit host timing runbookUrl; }))
      (group "remediator" [
        (remediatorAlert {
          name = "RemediatorDown";
          expr = "max(up{host=${quote host},job=\"remediator\"}) == 0";
          summary = "The remediator on ${host} is down";
          description = "Nothing heals on ${host}. Alerts with a remedy reach people through the backstop only.";
        })
        (remediatorAlert {
          name = "RemediatorCannotAct";
          expr = builtins.concatStringsSep "\nor " (
            map (cause: "max(${cause})") [
              (growing "store_errors_total" { })
              (growing "denied_total" { })
              (growing "webhook_requests_total" { result = "unauthorized"; })
              # What it rejects is lost, for Alertmanager takes its answer as one to the whole post. One by hand is a slip.
              "${growth "alerts_total" { result = "rejected"; }} > 5"
              # A page is tried again every two seconds, so a restart of Alertmanager costs a few attempts.
              "${growth "page_errors_total" { }} > 10"
              "${ofRemediator "bus_connected" { }} == 0"
            ]
          );
          summary = "The remediator on ${host} runs but cannot act";
          description = "Its store, its permission, the system bus, Alertmanager's token, the alerts that it is sent or its pages are at fault; its journal and its metrics tell which.";
        })
      ])
      (group "pipeline" pipeline)
      (group "watchdog" [
        (alert {
          name = "Watchdog";
          expr = "vector(1)";
          severity = "info";
          component = "monitoring";
          summary = "The path from Prometheus to Alertmanager works";
          description = "This alert always fires; whoever stops receiving it knows that alerts of ${host} no longer arrive.";
        })
      ])
    ]
    ++ (
      if runs "span-metrics" then
        [ (group "service-graph" (import ./service-graph.nix { inherit host timing; })) ]
      else
        [ ]
    );
}
