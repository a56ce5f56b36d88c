#!/usr/bin/env bash
# Runs in the tree of a machine, not booted: every program that can check its own settings does so.
# Usage: check-settings.sh NUMBER...      The files of each set of settings lie below /sets/NUMBER; while they are
# checked they are also in their places, for some of them name others.
set -euo pipefail

failures=0

check() {
  echo "-- $*"
  "$@" || { failures=$((failures + 1)); echo "!! failed: $*"; }
}

# The present set's files, without the folder that they come from.
present() {
  find "/sets/$1" -type f -printf '/%P\n'
}

check_present() {
  check promtool check config --lint=all --lint-fatal /etc/prometheus/prometheus.yml
  check amtool check-config /etc/prometheus/alertmanager.yml
  if [[ -f /etc/prometheus/blackbox.yml ]]; then
    check prometheus-blackbox-exporter --config.file=/etc/prometheus/blackbox.yml --config.check
  fi
  local program unit config=/etc/homeostat bin=/usr/local/bin
  for program in api remediator; do
    [[ ! -f $config/$program.json ]] || check "homeostat-$program" check-config "$config/$program.json"
  done
  # What Debian has no package of is checked where it was brought.
  [[ ! -f $config/loki.json || ! -x $bin/loki ]] || check "$bin/loki" -verify-config -config.file="$config/loki.json"
  # Tempo counts a warning as an error.
  [[ ! -f $config/tempo.json || ! -x $bin/tempo ]] || check "$bin/tempo" -config.verify -config.file="$config/tempo.json"
  [[ ! -f $config/collector.json || ! -x $bin/otelcol ]] \
    || check "$bin/otelcol" validate --feature-gates=stanza.synchronousLogEmitter --config="file:$config/collector.json"
  # Units that packages bring are their makers' business; ours must be without a complaint. One whose program was not
  # brought would only be told so.
  local units=()
  for unit in /etc/systemd/system/{homeostat-*,loki,victorialogs,tempo,opentelemetry-collector,grafana}.service; do
    [[ -f $unit ]] || continue
    program=$(sed -n 's/^ConditionPathExists=//p' "$unit")
    [[ -z $program || -x $program ]] || continue
    units+=("$unit")
  done
  check systemd-analyze verify --man=no --recursive-errors=no "${units[@]}"
}

# The tree was made with the first set's files in their places.
present 0 | xargs -d '\n' rm -f --
for number; do
  echo "== set $number"
  cp -a "/sets/$number/." /
  check_present
  present "$number" | xargs -d '\n' rm -f --
done

((failures == 0))
