{ machine }:
let
  backends = [
    "loki"
    "collector"
  ];
  port = 9195;
  through = path: { logs_endpoint = "http://127.0.0.1:${toString port}${path}"; };
in
import ./base.nix machine
// {
  inherit backends;
  # What stands between the Collector and the log store.
  strict = {
    inherit port;
    program = builtins.readFile ./strict_receiver.py;
  };
  machineArguments = {
    demo = true;
    fast = true;
    inherit backends;
    # Several alerts have to come and go, one after the other.
    timing = {
      pipelineWindow = 30;
      pipelineFor = 30;
    };
    collectorExporters = {
      "otlp_http/loki" = through "/otlp/v1/logs";
      "otlp_http/victorialogs" = through "/insert/opentelemetry/v1/logs";
    };
    # One line after the other until it is stopped.
    extraFiles."${machine.paths.systemUnits}/steady.service".text = ''
      [Service]
      ExecStart=/bin/sh -c 'number=0; while :; do number=$$((number + 1)); echo "steady $$number"; sleep 0.1; done'
      LogRateLimitIntervalSec=0
    '';
  };
}
