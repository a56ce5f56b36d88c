# Flags and configuration of the exporters that are not probes. All listen on loopback.
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
  node.flags = [
    "--web.listen-address=${listen ports.nodeExporter}"
    "--collector.systemd"
    "--collector.systemd.enable-restarts-metrics"
    "--collector.systemd.enable-start-time-metrics"
    "--collector.systemd.unit-include=${anyOf watchedUnits}"
  ];

  postgres = {
    flags = [
      "--web.listen-address=${listen ports.postgresExporter}"
      "--collector.database_wraparound"
      "--collector.long_running_transactions"
      "--collector.stat_checkpointer"
    ];
    # The socket and the exporter's own system user: there is no password to keep.
    dataSourceName = "user=${postgresqlRole} host=${postgresqlSocket} dbname=postgres sslmode=disable";
  };

  process = {
    flags = [
      "-web.listen-address=${listen ports.processExporter}"
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
