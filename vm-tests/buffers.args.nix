{ machine }:
let
  backends = [
    "loki"
    "collector"
  ];
in
import ./base.nix machine
// {
  # It floods the machine with lines, which takes all there is.
  alone = true;
  inherit backends;
  # How long the log store is away, in seconds. What is promised is ten minutes; that is run by hand.
  outage = 20;
  restarts = 10;
  kills = 5;
  # The line that has been read but is not in the queue yet: docs/ARCHITECTURE.md states this bound.
  lostToKill = 1;
  machineArguments = {
    demo = true;
    fast = true;
    inherit backends;
    apiOverrides = {
      # Lines are counted here; the spans of so many requests would take the processors.
      otlp_endpoint = null;
      # Three of ten requests write a line.
      traffic = {
        url = "http://127.0.0.1:8000";
        requests_per_second = 200.0;
      };
    };
    # Numbered lines until it is stopped, thousands a second, and without the journal's limit on a unit's lines.
    extraFiles."${machine.paths.systemUnits}/flood@.service".text = ''
      [Service]
      ExecStart=/bin/sh -c 'first=1; while seq $$first $$((first + 99)); do first=$$((first + 100)); sleep 0.01; done'
      LogRateLimitIntervalSec=0
    '';
  };
}
