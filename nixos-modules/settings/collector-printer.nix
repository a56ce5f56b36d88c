# A second Collector for a machine without Tempo: it listens where Tempo would and prints each span.
{ ports }:
{
  receivers.otlp.protocols.http.endpoint = "127.0.0.1:${toString ports.tempoOtlp}";
  exporters.debug.verbosity = "detailed";
  service = {
    pipelines.traces = {
      receivers = [ "otlp" ];
      exporters = [ "debug" ];
    };
    # Its metrics would want a port; nobody asks for them.
    telemetry.metrics.level = "none";
  };
}
