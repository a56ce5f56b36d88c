# HostDiskFull: for five minutes less than a twentieth of the bytes and less than 10 GiB free, or of the inodes.
write:
let
  inherit (write)
    case
    silent
    fires
    alert
    elsewhere
    ;
  name = "HostDiskFull";
  series =
    mountpoint: fstype: metric:
    "node_filesystem_${metric}{host=\"web1\",job=\"node\",device=\"/dev/vda1\",fstype=\"${fstype}\",mountpoint=\"${mountpoint}\"}";
  srv = series "/srv" "ext4";
  full =
    percent:
    alert
      {
        severity = "critical";
        component = "host";
        mountpoint = "/srv";
      }
      "hostdiskfull"
      "/srv on web1 is full"
      "Only ${percent} % of the bytes or of the inodes of /srv are free. What writes there is about to fail.";

  filesystem = at: free: size: {
    ${at "avail_bytes"} = free;
    ${at "size_bytes"} = "${size}x60";
    ${at "files_free"} = "900x60";
    ${at "files"} = "1000x60";
    ${at "readonly"} = "0x60";
  };
in
write.file [
  (case "a disk is full for a while, beside one that is not"
    (
      filesystem srv "60x4 40x30 60x30" "1000"
      // filesystem (series "/" "ext4") "500x60" "1000"
      // filesystem (metric: elsewhere (srv metric)) "0x60" "1000"
    )
    [
      (silent name "6m")
      (fires name "6m15s" [ (full "4.0") ])
      (silent name "9m")
    ]
  )
  (case "a disk has bytes but no inodes" (
    filesystem srv "500x60" "1000" // { ${srv "files_free"} = "30x60"; }
  ) [ (fires name "6m" [ (full "3.0") ]) ])
  (case "a twentieth is free, of both" (
    filesystem srv "50x60" "1000" // { ${srv "files_free"} = "50x60"; }
  ) [ (silent name "10m") ])
  (case "neither bytes nor inodes are one alert" (
    filesystem srv "40x60" "1000" // { ${srv "files_free"} = "30x60"; }
  ) [ (fires name "6m" [ (full "4.0") ]) ])
  (case "a twentieth of a large disk is much" (filesystem srv "20000000000x60" "1000000000000") [
    (silent name "10m")
  ])
  (case "little of a large disk is little" (filesystem srv "4000000000x60" "10000000000000") [
    (fires name "6m" [ (full "0.0") ])
  ])
  (case "a read-only file system is always full"
    (filesystem srv "0x60" "1000" // { ${srv "readonly"} = "1x60"; })
    [
      (silent name "10m")
    ]
  )
  (case "a file system in memory, and one that counts no inodes" (
    filesystem (series "/run" "tmpfs") "0x60" "1000"
    // filesystem srv "500x60" "1000"
    // {
      ${srv "files_free"} = "0x60";
      ${srv "files"} = "0x60";
    }
  ) [ (silent name "10m") ])
  (case "nothing is known of the disks" { } [ (silent name "10m") ])
]
