# HostDiskWillFill, HostMemoryPressure and HostCpuSaturated. HostDiskFull is in disk-full.nix.
write:
let
  inherit (write)
    case
    silent
    fires
    alert
    ;
  ofHost = alert {
    severity = "warning";
    component = "host";
  };
  disk =
    metric: fstype:
    "node_filesystem_${metric}_bytes{host=\"web1\",job=\"node\",device=\"/dev/vda1\",fstype=\"${fstype}\",mountpoint=\"/srv\"}";
  memory = metric: "node_memory_${metric}_bytes{host=\"web1\",job=\"node\"}";
  idle = cpu: "node_cpu_seconds_total{host=\"web1\",job=\"node\",cpu=\"${cpu}\",mode=\"idle\"}";

  fills =
    alert
      {
        severity = "warning";
        component = "host";
        mountpoint = "/srv";
      }
      "hostdiskwillfill"
      "/srv on web1 will be full within a day"
      "Less than a quarter of /srv is free, and the last six hours lead to none within 24 hours.";
in
write.file [
  (case "a filesystem at a fifth that loses a thousandth each quarter minute"
    {
      ${disk "avail" "ext4"} = "200-1x160";
      ${disk "size" "ext4"} = "1000x160";
    }
    [
      (silent "HostDiskWillFill" "29m")
      (fires "HostDiskWillFill" "35m" [ fills ])
    ]
  )
  (case "the same loss with plenty left, and little left without a loss" {
    ${disk "avail" "ext4"} = "900-1x240";
    ${disk "size" "ext4"} = "1000x240";
    ${disk "avail" "xfs"} = "100x240";
    ${disk "size" "xfs"} = "1000x240";
  } [ (silent "HostDiskWillFill" "55m") ])
  (case "a filesystem in memory" {
    ${disk "avail" "tmpfs"} = "200-1x160";
    ${disk "size" "tmpfs"} = "1000x160";
  } [ (silent "HostDiskWillFill" "35m") ])
  (case "a twentieth of the memory is available for ten minutes"
    {
      ${memory "MemAvailable"} = "50x60 500x40";
      ${memory "MemTotal"} = "1000x100";
    }
    [
      (silent "HostMemoryPressure" "9m")
      (fires "HostMemoryPressure" "11m" [
        (ofHost "hostmemorypressure" "web1 is short of memory" "Only 5 % of the memory is available.")
      ])
      (silent "HostMemoryPressure" "16m")
    ]
  )
  (case "processors that idle 3 % of the time"
    {
      ${idle "0"} = "0+0.3x160";
      ${idle "1"} = "0+0.6x160";
    }
    [
      (silent "HostCpuSaturated" "14m")
      (fires "HostCpuSaturated" "20m" [
        (ofHost "hostcpusaturated" "The processors of web1 are saturated"
          "The processors are busy for 97 % of the time."
        )
      ])
    ]
  )
  (case "one busy processor of two" {
    ${idle "0"} = "0+0x160";
    ${idle "1"} = "0+15x160";
  } [ (silent "HostCpuSaturated" "35m") ])
]
