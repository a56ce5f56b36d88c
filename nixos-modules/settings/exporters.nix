# Flags and configuration of the exporters that are not probes. All listen on loopback. The address and the
# collectors stand apart from the flags: NixOS has options for them, and a flag must not be given twice.
{
  ports,
  watchedUnits,
  postgresqlSocket,
  postgresqlRole,
}:
let
  inherit (import ./promql.nix) anyOf;
  listen = port: "127.0.0.1:${toString port}";
  unitPath = "/system[.]slice/(?:[^/ ]+[.]slice/)*([^/ ]+[.]service)";
in
{
  # Restart counts and start times are off unless asked for. Only units that an alert or a person asks
  # about: all units of a host would be five series each.
  node = {
    address = [ "--web.listen-address=${listen ports.nodeExporter}" ];
    collectors = [ "systemd" ];
    flags = [
      "--collector.systemd.enable-restarts-metrics"
      "--collector.systemd.enable-start-time-metrics"
      "--collector.systemd.unit-include=${anyOf watchedUnits}"
    ];
  };

  postgres = {
    address = [ "--web.listen-address=${listen ports.postgresExporter}" ];
    flags = [
      "--collector.database_wraparound"
      "--collector.long_running_transactions"
      "--collector.stat_checkpointer"
    ];
    # The socket and the exporter's own system user: there is no password to keep.
    dataSourceName = "user=${postgresqlRole} host=${postgresqlSocket} dbname=postgres sslmode=disable";
  };

  process = {
    address = [ "-web.listen-address=${listen ports.processExporter}" ];
    flags = [
      "-threads=false"
      "-gather-smaps=false"
      "-remove-empty-groups"
    ];
    # Grouped by cgroup. All paths are written down, because a host with the old hierarchy beside the
    # new has many, and only one of them tells the unit.
    config.process_names = [
      {
        name = "{{range .Cgroups}}{{.}} {{end}}";
        cmdline = [ ".+" ];
      }
    ];
    # The unit is cut out when the group is scraped; in a container its path has a prefix. What runs
    # outside a system service is dropped; the exporter's own series have no group and stay.
    relabel = [
      {
        source_labels = [ "groupname" ];
        regex = "|(?:.* )?(?:/[^ ]*)?${unitPath} ?";
        action = "keep";
      }
      {
        source_labels = [ "groupname" ];
        regex = "(?:.* )?(?:/[^ ]*)?${unitPath} ?";
        target_label = "groupname";
        replacement = "$1";
      }
    ];
  };
}
