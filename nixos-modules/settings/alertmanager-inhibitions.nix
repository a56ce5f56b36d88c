# Which alert mutes which. `cared` are the finished apps, `postgresqlUnit` the unit of PostgreSQL.
{ cared, postgresqlUnit }:
let
  inherit (import ./promql.nix)
    equals
    oneOf
    noneOf
    named
    ;

  pages = [
    "RemediationExhausted"
    "RemediationAcknowledged"
  ];

  # A rule with an equal unit asks for a unit: where a label of `equal` is missing on both sides, Alertmanager
  # takes it as equal, and one alert without a unit would mute all others without one.
  standingPage = {
    source_matchers = [
      (oneOf "alertname" pages)
      (named "unit")
    ];
    target_matchers = [
      (noneOf "alertname" pages)
      (named "unit")
    ];
    equal = [
      "host"
      "unit"
    ];
  };
  ofCollector = [
    "CollectorRefusing"
    "CollectorDropping"
    "CollectorQueueFilling"
    "CollectorLogsMissing"
    "LogCanaryLate"
  ];
  downUnit = {
    source_matchers = [
      (oneOf "alertname" [
        "AppDown"
        "UnitFailed"
        "RemediatorDown"
        "LokiDown"
        "VictoriaLogsDown"
        "TempoDown"
        "CollectorDown"
      ])
      (named "unit")
    ];
    target_matchers = [
      (oneOf "alertname" (
        [
          "HighErrorRate"
          "HighLatency"
          "TargetDown"
          "LokiDiscarding"
          "LokiWritesFailing"
          "LokiRetentionStale"
          "VictoriaLogsDiscarding"
          "VictoriaLogsReadOnly"
          "TempoDiscarding"
        ]
        ++ ofCollector
      ))
      (named "unit")
    ];
    equal = [
      "host"
      "unit"
    ];
  };
  dependants = builtins.filter (app: builtins.elem "postgresql" app.dependsOn) cared;
  downDatabase = app: {
    source_matchers = [
      (equals "alertname" "PostgresDown")
      (equals "unit" postgresqlUnit)
    ];
    target_matchers = [
      (oneOf "alertname" [
        "AppDown"
        "HighErrorRate"
        "HighLatency"
      ])
      (equals "unit" app.unit)
    ];
    equal = [ "host" ];
  };
  # What the Collector cannot get rid of while the backend is away. The other signal's alerts still call.
  downBackend = alertname: signal: {
    source_matchers = [ (equals "alertname" alertname) ];
    target_matchers = [
      (oneOf "alertname" ofCollector)
      (equals "signal" signal)
    ];
    equal = [ "host" ];
  };
  fullDisk = {
    source_matchers = [
      (equals "alertname" "HostDiskFull")
      (named "mountpoint")
    ];
    target_matchers = [
      (equals "alertname" "HostDiskWillFill")
      (named "mountpoint")
    ];
    equal = [
      "host"
      "mountpoint"
    ];
  };
in
[
  standingPage
  downUnit
  (downBackend "LokiDown" "logs")
  (downBackend "VictoriaLogsDown" "logs")
  (downBackend "TempoDown" "traces")
  fullDisk
]
++ map downDatabase dependants
