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
  downUnit = {
    source_matchers = [
      (oneOf "alertname" [
        "AppDown"
        "UnitFailed"
        "RemediatorDown"
      ])
      (named "unit")
    ];
    target_matchers = [
      (oneOf "alertname" [
        "HighErrorRate"
        "HighLatency"
        "TargetDown"
      ])
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
in
[
  standingPage
  downUnit
]
++ map downDatabase dependants
