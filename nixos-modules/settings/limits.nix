# What the backends' units may take, in the form of NixOS's systemd.services. Go collects garbage harder as it nears
# GOMEMLIMIT, which lies below what the unit may have: the rest is for what is not on Go's heap.
let
  memory = soft: hard: {
    environment.GOMEMLIMIT = "${toString soft}MiB";
    serviceConfig.MemoryMax = "${toString hard}M";
  };
  tempo = memory 800 1024;
in
{
  # Beyond their idle need, what queries read.
  loki = memory 800 1024;
  # Its caches have a bound of their own.
  victorialogs = memory 400 512;
  tempo = tempo // {
    serviceConfig = tempo.serviceConfig // {
      # Stopped within half a minute of a query, Tempo (2.10, 3.0) waits for ever; by then all spans are on the disk.
      TimeoutStopSec = 15;
    };
  };
  # Its memory_limiter refuses at 300 MiB; the files of its queue are mapped into memory too.
  collector = memory 400 512;
}
