# Debian's packaged units, changed where they would listen on every address, read another configuration, or log to a file.
# Each drop-in empties ExecStart and EnvironmentFile first: /etc/default would otherwise win.
{ facts, settings }:
let
  role = import ./machine-roles.nix facts;
  inherit (settings) exporters ports prometheus;
  listen = port: "--web.listen-address=127.0.0.1:${toString port}";

  inherit (import ../../nixos-modules/settings/write.nix) word;
  run = program: flags: {
    EnvironmentFile = "";
    ExecStart = [
      ""
      (builtins.concatStringsSep " " ([ "/usr/bin/${program}" ] ++ map word flags))
    ];
    Restart = "always";
    RestartSec = 1;
  };
in
{
  # In the background its standard error would be a file. By syslog's socket its lines would reach the journal too, but
  # those of a process that ends at once without their unit. Debian's wrapper would take NOTIFY_SOCKET away, and gives the
  # server this file to undo OOMScoreAdjust in its children.
  ${facts.units.postgresql}.serviceConfig = {
    Type = "notify";
    User = facts.users.postgresql;
    Environment = "PG_OOM_ADJUST_FILE=/proc/self/oom_score_adj";
    PIDFile = "";
    ExecStart = [
      ""
      "/usr/lib/postgresql/17/bin/postgres -D /etc/postgresql/17/main"
    ];
  };

  ${facts.units.prometheus}.serviceConfig = run "prometheus" (
    [
      "--config.file=${facts.paths.prometheusConfig}"
      (listen ports.prometheus)
    ]
    ++ prometheus.flags
  );

  # An empty cluster address turns gossip off, which would listen beyond loopback.
  ${facts.units.alertmanager} = {
    wants = [ facts.units.secrets ];
    after = [ facts.units.secrets ];
    serviceConfig =
      run "prometheus-alertmanager" [
        "--config.file=${facts.paths.alertmanagerConfig}"
        (listen ports.alertmanager)
        "--cluster.listen-address="
      ]
      // {
        LoadCredential = "alertmanager-token:${facts.paths.secrets}/alertmanager-token";
      };
  };

  ${facts.units.nodeExporter}.serviceConfig = run "prometheus-node-exporter" (
    exporters.node.address
    ++ map (name: "--collector.${name}") exporters.node.collectors
    ++ exporters.node.flags
  );

  ${facts.units.postgresExporter} = {
    after = [ role.units.databaseReady ];
    serviceConfig =
      run "prometheus-postgres-exporter" (exporters.postgres.address ++ exporters.postgres.flags)
      // {
        Environment = "\"DATA_SOURCE_NAME=${exporters.postgres.dataSourceName}\"";
      };
  };

  ${facts.units.blackboxExporter}.serviceConfig = run "prometheus-blackbox-exporter" [
    "--config.file=${role.paths.blackboxConfig}"
    (listen ports.blackboxExporter)
  ];

  ${facts.units.processExporter}.serviceConfig = run "prometheus-process-exporter" (
    [ "-config.path=${role.paths.processConfig}" ]
    ++ exporters.process.address
    ++ exporters.process.flags
  );
}
