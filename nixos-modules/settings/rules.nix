# All alert rules of the stack as Prometheus reads them: groups = [ ... ].
# `cared` are the finished apps and PostgreSQL; `targets` are the scrape jobs of the stack's own
# programs with their units, each of which gets its literal TargetDown.
{
  host,
  timing,
  runbookUrl,
  cared,
  targets,
  remediatorUnit,
}:
let
  inherit (import ./promql.nix) quote seconds selector;
  alert = import ./alert.nix { inherit host runbookUrl; };
  onHost = selector { inherit host; };

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

  filesystem = metric: "${metric}{host=${quote host},fstype!~\"tmpfs|ramfs|squashfs|overlay\"}";
  hostAlert =
    fields:
    alert (
      fields
      // {
        severity = "warning";
        component = "host";
      }
    );

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
    metric: matchers:
    "homeostat_remediator_${metric}${selector ({ inherit host; } // matchers)}";
  growing =
    metric: matchers:
    "increase(${ofRemediator metric matchers}[${seconds timing.cannotActWindow}]) > 0";
  group = name: rules: { inherit name rules; };
in
{
  groups =
    map (unit: group unit.name (unit.recordings ++ unit.alerts)) cared
    ++ [
      (group "targets" (map targetDown targets))
      (group "host" [
        (hostAlert {
          name = "HostDiskWillFill";
          expr = ''
            max by (mountpoint) (
              predict_linear(${filesystem "node_filesystem_avail_bytes"}[6h], 86400) < 0
              and ${filesystem "node_filesystem_avail_bytes"} / ${filesystem "node_filesystem_size_bytes"} < 0.25
            )'';
          holds = timing.diskFor;
          summary = "{{ $labels.mountpoint }} on ${host} will be full within a day";
          description = "Less than a quarter of {{ $labels.mountpoint }} is free, and the last six hours lead to none within 24 hours.";
        })
        (hostAlert {
          name = "HostMemoryPressure";
          expr = "100 * max(node_memory_MemAvailable_bytes${onHost} / node_memory_MemTotal_bytes${onHost}) < 10";
          holds = timing.memoryFor;
          summary = "${host} is short of memory";
          description = "Only {{ $value | printf \"%.0f\" }} % of the memory is available.";
        })
        (hostAlert {
          name = "HostCpuSaturated";
          expr = "100 * (1 - avg(rate(node_cpu_seconds_total{host=${quote host},mode=\"idle\"}[5m]))) > 90";
          holds = timing.cpuFor;
          summary = "The processors of ${host} are saturated";
          description = "The processors are busy for {{ $value | printf \"%.0f\" }} % of the time.";
        })
      ])
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
              "${ofRemediator "bus_connected" { }} == 0"
            ]
          );
          summary = "The remediator on ${host} runs but cannot act";
          description = "Its store, its permission, the system bus or Alertmanager's token is at fault; its journal and its metrics tell which.";
        })
      ])
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
    ];
}
