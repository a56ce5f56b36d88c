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
# Units that packages bring are their makers' business; ours must be without a complaint.
for unit in "$tree"/etc/systemd/system/homeostat-*.service; do
  check systemd-analyze verify --man=no --recursive-errors=no "$unit"
done

((failures == 0))
