#!/usr/bin/env bash
# Checks the files that render.sh wrote with the programs that read them: syntax, rule tests, routes, and that
# no alert is without a test, a route or a heading in the runbook.
# Usage: run.sh DIR [RUNBOOK.md]
# Needs bash, jq, promtool and amtool; checks the blackbox exporter's file too where that program is there.
# Runs on the host or in any root that has them. Prints a line per check; status 1 if any failed.
set -euo pipefail

if (($# < 1 || $# > 2)) || [[ ! -f ${1-}/production/rules.json ]]; then
  echo "usage: run.sh DIR [RUNBOOK.md]   DIR is what render.sh wrote" >&2
  exit 64
fi
cd -- "$1"
runbook=${2-}
passed=0 failed=0

# Runs a check and prints its output only if it fails.
check() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then
    echo "ok      $name"
    passed=$((passed + 1))
  else
    printf 'FAILED  %s\n%s\n' "$name" "$output"
    failed=$((failed + 1))
  fi
}

alerts() {
  jq -rs '[.[].groups[].rules[].alert // empty] | unique[]' {production,victorialogs}/rules.json
}

# Expectations of one alert in all rule tests: with alerts (fires) or with none (silent).
expectations() {
  jq -s --arg alert "$1" "[.[].tests[].alert_rule_test[] | select(.alertname == \$alert and (.exp_alerts | length) $2 0)] | length" tests/*.json
}

tested() {
  local alert missing=0
  while IFS= read -r alert; do
    if (($(expectations "$alert" '>') == 0)); then
      echo "$alert: no test in which it fires"
      missing=1
    fi
    # The watchdog is the one alert that is never silent.
    if [[ $alert != Watchdog ]] && (($(expectations "$alert" '==') == 0)); then
      echo "$alert: no test in which it stays silent"
      missing=1
    fi
  done <<< "$(alerts)"
  return "$missing"
}

routed() {
  local alert missing=0
  while IFS= read -r alert; do
    if ! jq -e --arg alert "$alert" 'any(.[]; .labels.alertname == $alert)' routes.json > /dev/null; then
      echo "$alert: no route test"
      missing=1
    fi
  done <<< "$(alerts)"
  return "$missing"
}

# Every alert, and the two that the remediator posts, under a heading of its own name.
explained() {
  local alert missing=0
  while IFS= read -r alert; do
    if ! grep -Eq "^#+ $alert\$" "$runbook"; then
      echo "$runbook: no heading $alert"
      missing=1
    fi
  done <<< "$(alerts)"$'\nRemediationExhausted\nRemediationAcknowledged'
  return "$missing"
}

# A host has no alert about a program that does not run on it; all else is as on a host that runs everything.
lacks() {
  local missing
  missing=$(jq -rn --slurpfile all production/rules.json --slurpfile some "$1/rules.json" '
    def names: [.[0].groups[].rules[].alert // empty] | unique;
    ($all | names) - ($some | names) | join(" ")')
  echo "lacks: $missing"
  [[ $missing == "$2" ]]
}

route() {
  local index=$1 receivers
  receivers=$(jq -r ".[$index].receivers" routes.json)
  mapfile -t labels <<< "$(jq -r ".[$index].labels | to_entries[] | \"\(.key)=\(.value | @json)\"" routes.json)"
  amtool config routes test --config.file=production/alertmanager.yml --verify.receivers="$receivers" "${labels[@]}"
}

# The backstop waits as long as the rules of the unit may take; a dry-run has no wait of its own.
waits() {
  jq -e --slurpfile remediator production/remediator.json '
    [.route.routes[] | select(.receiver == "people" and .group_wait and (.matchers | any(startswith("unit="))))
      | {unit: (.matchers[] | select(startswith("unit=")) | ltrimstr("unit=") | fromjson), wait: (.group_wait | rtrimstr("s") | tonumber)}]
    | (map(.unit) | sort) == ([$remediator[0].rules[] | select(.mode == "auto") | .unit] | unique)
      and all(.[]; . as $backstop
        | [$remediator[0].rules[] | select(.unit == $backstop.unit) | .settle_seconds + .window_seconds + .grace_seconds] | max < $backstop.wait)
  ' production/alertmanager.yml
}

# What the remediator is told to judge over is the longest range of the alert's expression and of the
# recordings that it reads; an expression without a range looks at one scrape.
windows() {
  jq -e --slurpfile rules "$1/rules.json" --slurpfile prometheus "$1/prometheus.yml" '
    def ranges: [scan("\\[(\\d+)s\\]") | .[0] | tonumber];
    ($prometheus[0].global.scrape_interval | rtrimstr("s") | tonumber) as $scrape
    | all(.rules[]; . as $rule
      | [$rules[0].groups[] | [.rules[] | select(.record)] as $recordings
          | .rules[] | select(.alert == $rule.alert and .labels.unit == $rule.unit) | .expr as $expr
          | ([$expr] + [$recordings[] | select(.record as $name | $expr | contains($name)) | .expr])
          | map(ranges) | add | max // $scrape]
      | . == [$rule.window_seconds])
  ' "$1/remediator.json"
}

# The remediator takes an alert for its own only with every label that the alert's rule writes.
labels() {
  jq -e --slurpfile rules "$1/rules.json" '
    all(.rules[]; . as $rule
      | [$rules[0].groups[].rules[] | select(.alert == $rule.alert and .labels.unit == $rule.unit) | .labels] == [$rule.labels])
  ' "$1/remediator.json"
}

# Of each verb exactly what systemd asks polkit about; a plain restart would start what somebody stopped.
permits() {
  local granted
  granted=$(sed -n 's/^ *var permits = \(.*\);$/\1/p' "$1/homeostat.rules")
  jq -e --argjson granted "$granted" '
    {restart: ["try-restart"], "reload-or-restart": ["reload-or-try-restart"], start: ["start"], rescue: ["reset-failed", "start"]} as $asked
    | [.units | to_entries[] | .key as $unit | .value.verbs[] | $asked[.][] | [$unit, .]] | unique == ($granted | sort)
  ' "$1/remediator.json"
}

for variant in production fast; do
  check "$variant: prometheus configuration" promtool check config "$variant/prometheus.yml"
  check "$variant: alert rules" promtool check rules --lint=all --lint-fatal "$variant/rules.json"
  check "$variant: alertmanager configuration" amtool check-config "$variant/alertmanager.yml"
  check "$variant: windows of alerts and remedies agree" windows "$variant"
  check "$variant: labels of alerts and remedies agree" labels "$variant"
  check "$variant: polkit's rule grants the verbs of the remedies" permits "$variant"
  if command -v prometheus-blackbox-exporter > /dev/null; then
    check "$variant: blackbox exporter" prometheus-blackbox-exporter --config.check --config.file="$variant/blackbox.yml"
  fi
done
for file in tests/*.json; do
  check "rule test $(basename -- "$file" .json)" promtool test rules "$file"
done
for ((index = 0; index < $(jq length routes.json); index++)); do
  check "route $(jq -r ".[$index] | \"\(.labels.alertname) \(.labels.unit // \"\") on \(.labels.host): \(.receivers)\"" routes.json)" route "$index"
done
ofLoki="LokiDiscarding LokiDown LokiRetentionStale LokiWritesFailing"
check "traces-only: no alert about what does not run" lacks traces-only "CollectorLogsMissing LogCanaryLate $ofLoki"
check "watched: no alert about what does not run" lacks watched \
  "AlertmanagerNotificationsFailing CollectorCrashed CollectorDown CollectorDropping CollectorLogsMissing CollectorNotSending CollectorQueueFilling CollectorRefusing GrafanaDown LogCanaryLate $ofLoki PrometheusRuleFailures PrometheusWithoutData TempoDiscarding TempoDown"
check "watched: alert rules" promtool check rules --lint=all --lint-fatal watched/rules.json
check "victorialogs: no alert about Loki" lacks victorialogs "$ofLoki"
check "victorialogs: alert rules" promtool check rules --lint=all --lint-fatal victorialogs/rules.json
check "the backstop waits for the ladder" waits
check "every alert fires in one test and stays silent in another" tested
check "every alert has a route test" routed
if [[ -n $runbook ]]; then
  check "every alert has a heading in the runbook" explained
else
  echo "skipped every alert has a heading in the runbook: no RUNBOOK.md named"
fi

echo "$passed passed, $failed failed"
((failed == 0))
