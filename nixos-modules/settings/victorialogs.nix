# VictoriaLogs 1.52 as one process, in Loki's place: log lines by service and host on the local disk. All that it reads
# is flags: [ flag ].
{
  ports,
  directory,
  # How many days lines are kept.
  days,
}:
let
  limits = import ./log-limits.nix;
in
[
  # By default it listens on every address.
  "-httpListenAddr=127.0.0.1:${toString ports.victorialogs}"
  "-storageDataPath=${directory}"
  "-retentionPeriod=${toString days}d"
  # Beyond it the oldest day goes, so that lines cannot fill the disk.
  "-retention.maxDiskSpaceUsageBytes=4GiB"
  # Twice what the Collector sends.
  "-insert.maxLineSizeBytes=${toString (2 * limits.text)}"
  # What a crash may lose of lines that it has taken; the default is five seconds of them.
  "-inmemoryDataFlushInterval=1s"
  # Its caches. The default is a share of the host's whole memory.
  "-memory.allowedBytes=192MiB"
  # Its sandbox does not let it ask which pages are in memory, and without this it would end itself.
  "-fs.disableMincore"
  # At info each start is a page of lines.
  "-loggerLevel=WARN"
]
