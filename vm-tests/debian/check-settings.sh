#!/usr/bin/env bash
# Runs in the tree of a machine, not booted: every program that can check its own settings does so.
# The argument is the folder that holds the tree.
set -euo pipefail

tree=${1%/}
failures=0

check() {
  echo "-- $*"
  "$@" || { failures=$((failures + 1)); echo "!! failed: $*"; }
}

check promtool check config --lint=all --lint-fatal "$tree/etc/prometheus/prometheus.yml"
check amtool check-config "$tree/etc/prometheus/alertmanager.yml"
if [[ -f $tree/etc/prometheus/blackbox.yml ]]; then
  check prometheus-blackbox-exporter --config.file="$tree/etc/prometheus/blackbox.yml" --config.check
fi
for program in api remediator; do
  [[ ! -f $tree/etc/homeostat/$program.json ]] \
    || check "homeostat-$program" check-config "$tree/etc/homeostat/$program.json"
done
# What Debian has no package of is checked where it was brought.
config=$tree/etc/homeostat
bin=$tree/usr/local/bin
[[ ! -f $config/loki.json || ! -x $bin/loki ]] || check "$bin/loki" -verify-config -config.file="$config/loki.json"
# Tempo counts a warning as an error.
[[ ! -f $config/tempo.json || ! -x $bin/tempo ]] || check "$bin/tempo" -config.verify -config.file="$config/tempo.json"
[[ ! -f $config/collector.json || ! -x $bin/otelcol ]] \
  || check "$bin/otelcol" validate --feature-gates=stanza.synchronousLogEmitter --config="file:$config/collector.json"
# Units that packages bring are their makers' business; ours must be without a complaint. One whose program was not
# brought would only be told so.
for unit in "$tree"/etc/systemd/system/{homeostat-*,loki,tempo,opentelemetry-collector,grafana}.service; do
  [[ -f $unit ]] || continue
  program=$(sed -n 's/^ConditionPathExists=//p' "$unit")
  [[ -z $program || -x $tree$program ]] || continue
  check systemd-analyze verify --man=no --recursive-errors=no "$unit"
done

((failures == 0))
