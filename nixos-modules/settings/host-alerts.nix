# The alerts about the host itself: [ rule ].
{
  host,
  timing,
  runbookUrl,
}:
let
  inherit (import ./promql.nix) quote selector;
  onHost = selector { inherit host; };
  filesystem =
    metric: "node_filesystem_${metric}{host=${quote host},fstype!~\"tmpfs|ramfs|squashfs|overlay\"}";
  alert =
    fields:
    import ./alert.nix { inherit host runbookUrl; } (
      {
        severity = "warning";
        component = "host";
      }
      // fields
    );
in
[
  (alert {
    name = "HostDiskWillFill";
    expr = ''
      max by (mountpoint) (
        predict_linear(${filesystem "avail_bytes"}[6h], 86400) < 0
        and ${filesystem "avail_bytes"} / ${filesystem "size_bytes"} < 0.25
      )'';
    holds = timing.diskFor;
    summary = "{{ $labels.mountpoint }} on ${host} will be full within a day";
    description = "Less than a quarter of {{ $labels.mountpoint }} is free, and the last six hours lead to none within 24 hours.";
  })
  (alert {
    name = "HostDiskFull";
    # A twentieth of a very large disk is still much, and a read-only file system is full for ever.
    expr = ''
      100 * min by (mountpoint) (
        (
          ${filesystem "avail_bytes"} / ${filesystem "size_bytes"} < 0.05
          and ${filesystem "avail_bytes"} < 10 * 1024 ^ 3
          or ${filesystem "files_free"} / ${filesystem "files"} < 0.05
        )
        unless ${filesystem "readonly"} == 1
      )'';
    holds = timing.diskFullFor;
    severity = "critical";
    summary = "{{ $labels.mountpoint }} on ${host} is full";
    description = "Only {{ $value | printf \"%.1f\" }} % of the bytes or of the inodes of {{ $labels.mountpoint }} are free. What writes there is about to fail.";
  })
  (alert {
    name = "HostMemoryPressure";
    expr = "100 * max(node_memory_MemAvailable_bytes${onHost} / node_memory_MemTotal_bytes${onHost}) < 10";
    holds = timing.memoryFor;
    summary = "${host} is short of memory";
    description = "Only {{ $value | printf \"%.0f\" }} % of the memory is available.";
  })
  (alert {
    name = "HostCpuSaturated";
    expr = "100 * (1 - avg(rate(node_cpu_seconds_total{host=${quote host},mode=\"idle\"}[5m]))) > 90";
    holds = timing.cpuFor;
    summary = "The processors of ${host} are saturated";
    description = "The processors are busy for {{ $value | printf \"%.0f\" }} % of the time.";
  })
]
