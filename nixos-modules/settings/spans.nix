# Where no Tempo runs: a receiver in its place, which keeps each span as an entry of the log store. Its unit in the form
# of NixOS's systemd.services.
{
  ports,
  paths,
  # Where the log store takes OTLP logs.
  store,
}:
{
  description = "Homeostat: keeps spans in the log store, for want of Tempo";
  after = [ "network.target" ];
  wantedBy = [ "multi-user.target" ];
  # The Collector keeps what it cannot hand over, for as long as this is away.
  unitConfig.StartLimitIntervalSec = 0;
  serviceConfig = import ./hardening.nix // {
    Type = "exec";
    Restart = "always";
    RestartSec = 1;
    DynamicUser = true;
    # Two requests of the largest size, unpacked and read.
    MemoryMax = "256M";
    # One allocator arena: with one for each thread, a large request leaves the process larger for good.
    Environment = [ "MALLOC_ARENA_MAX=1" ];
    ExecStart = "${paths.binaries}/homeostat spans --listen 127.0.0.1:${toString ports.tempoOtlp} --store ${store}";
  };
}
