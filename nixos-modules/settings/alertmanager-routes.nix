# The routes of the alerts that have a remedy, made from the remediator's own rules by literal alert name,
# unit and host: first to the remediator, then, if the alert outlasts the ladder, to people.
{
  host,
  timing,
  remedies,
}:
let
  inherit (import ./promql.nix) seconds equals oneOf;

  perUnit = builtins.groupBy (rule: rule.unit) remedies;
  healed = map (unit: {
    matchers = [
      (equals "host" host)
      (equals "unit" unit)
    ];
    rules = perUnit.${unit};
  }) (builtins.attrNames perUnit);
  alertNames = rules: oneOf "alertname" (map (rule: rule.alert) rules);

  # The longest that the ladder of a unit may take: each rung once, however many of its alerts fire,
  # and each rung a systemd job, the settle time, a whole window without old samples, and the grace.
  longest =
    rules:
    let
      rungs = builtins.attrNames (
        builtins.listToAttrs (
          map (verb: {
            name = verb;
            value = null;
          }) (builtins.concatMap (rule: rule.ladder) rules)
        )
      );
      rung = rule: timing.job + rule.settle_seconds + rule.window_seconds + rule.grace_seconds;
      largest = builtins.foldl' (most: rule: if rung rule > most then rung rule else most) 0 rules;
    in
    timing.remediatorWait + builtins.length rungs * largest + timing.backstopMargin;

  toRemediator = unit: {
    receiver = "remediator";
    matchers = unit.matchers ++ [ (alertNames unit.rules) ];
    group_by = [
      "host"
      "unit"
    ];
    group_wait = seconds timing.remediatorWait;
    group_interval = seconds timing.remediatorInterval;
    repeat_interval = seconds timing.remediatorRepeat;
    continue = true;
  };

  # Alertmanager keeps a group until its first wait is over, healed alerts and all, and a new alert that joins
  # it is told with what is left of that wait. So each alert name waits by itself: latency after errors
  # that have just been healed gets the ladder's whole time.
  #
  # A rule in dry-run heals nothing, so its alert goes straight to people. It needs a route of its own:
  # the root's receiver counts only for alerts that no route matched.
  toPeople =
    unit:
    let
      inherit (builtins.partition (rule: rule.mode == "auto") unit.rules) right wrong;
      route =
        rules: wait:
        if rules == [ ] then
          [ ]
        else
          [
            (
              {
                receiver = "people";
                matchers = unit.matchers ++ [ (alertNames rules) ];
              }
              // wait
            )
          ];
    in
    route right {
      group_by = [
        "host"
        "unit"
        "alertname"
      ];
      group_wait = seconds (longest right);
    }
    ++ route wrong { };
in
map toRemediator healed ++ builtins.concatMap toPeople healed
