# services.homeostat.ports: the ports that no option of upstream's says. Upstream's own are read back from there, so
# that whoever moves one moves everything that scrapes it, posts to it or prints it.
{ config, lib, ... }:
let
  cfg = config.services.homeostat;
  upstream = config.services.prometheus;
  given = import ./settings/ports.nix { };
  port =
    name: description:
    lib.mkOption {
      type = lib.types.port;
      default = given.${name};
      example = given.${name} + 10000;
      inherit description;
    };
in
{
  options.services.homeostat = {
    ports = lib.mapAttrs port {
      api = "TCP port of the sample API on loopback.";
      remediator = "TCP port of the remediator on loopback.";
      sink = "TCP port of the demo's receiver of pages on loopback.";
      loki = "TCP port of Loki's HTTP interface on loopback.";
      lokiGrpc = "TCP port on loopback by which Loki's parts speak to one another.";
      tempo = "TCP port of Tempo's HTTP interface on loopback.";
      tempoGrpc = "TCP port on loopback by which Tempo's parts speak to one another.";
      tempoOtlp = "TCP port on loopback where Tempo takes the spans that the Collector hands on (OTLP over HTTP).";
      otlpGrpc = "TCP port on loopback where the Collector takes OTLP over gRPC.";
      otlpHttp = "TCP port on loopback where the Collector takes OTLP over HTTP; programs on this host send here.";
      collectorHealth = "TCP port on loopback that tells whether the Collector is well.";
      collectorMetrics = "TCP port of the Collector's metrics about itself.";
      spanMetrics = "TCP port of the metrics that the Collector makes of spans.";
    };

    chosenPorts = lib.mkOption {
      type = lib.types.attrsOf lib.types.port;
      internal = true;
      readOnly = true;
      description = "All ports, ours and upstream's.";
    };
  };

  config.services.homeostat.chosenPorts = cfg.ports // {
    prometheus = upstream.port;
    alertmanager = upstream.alertmanager.port;
    nodeExporter = upstream.exporters.node.port;
    postgresExporter = upstream.exporters.postgres.port;
    blackboxExporter = upstream.exporters.blackbox.port;
    processExporter = upstream.exporters.process.port;
    grafana = config.services.grafana.settings.server.http_port;
  };
}
