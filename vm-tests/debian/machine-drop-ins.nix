# Debian's packaged units, changed where they would listen on every address or read another configuration.
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
