#!/usr/bin/env bash
# What amtool cannot tell: which alert mutes which, and how many notifications a storm makes, asked of a real
# Alertmanager with the rendered configuration. Only its receivers are replaced, each by one listener that says 200.
# Usage: notifications.sh DIR      DIR is what render.sh wrote.
# Needs bash, curl, jq, Alertmanager and the blackbox exporter, whose health page is that listener.
# Uses two ports of loopback, and ends what it started.
set -euo pipefail

if (($# != 1)) || [[ ! -f $1/fast/alertmanager.yml ]]; then
  echo "usage: notifications.sh DIR   DIR is what render.sh wrote" >&2
  exit 64
fi
configuration=$1/fast/alertmanager.yml
alertmanager=$(command -v prometheus-alertmanager || command -v alertmanager)
blackbox=$(command -v prometheus-blackbox-exporter || command -v blackbox_exporter)
port=${NOTIFICATIONS_PORT:-19093}
listener=$((port + 1))
url=http://127.0.0.1:$port
work=$(mktemp -d)
processes=()
passed=0 failed=0

end() {
  local process
  for process in "${processes[@]}"; do
    kill "$process" 2> /dev/null || true
    wait "$process" 2> /dev/null || true
  done
  processes=()
}
trap 'end; rm -rf "$work"' EXIT

until_answers() {
  curl --silent --fail --retry 100 --retry-delay 1 --retry-max-time 30 --retry-connrefused --output /dev/null "$1"
}

# A new Alertmanager that remembers nothing, and its listener.
begin() {
  end
  rm -rf "$work/state"
  "$blackbox" --config.file="$1/fast/blackbox.yml" --web.listen-address="127.0.0.1:$listener" 2> "$work/blackbox.log" &
  processes+=($!)
  jq --arg to "http://127.0.0.1:$listener/-/healthy" \
    '(.receivers[] | select(.webhook_configs).webhook_configs) |= [{url: $to, send_resolved: .[0].send_resolved}]' "$configuration" > "$work/alertmanager.yml"
  "$alertmanager" --config.file="$work/alertmanager.yml" --storage.path="$work/state" --log.level=warn --enable-feature=receiver-name-in-metrics \
    --web.listen-address="127.0.0.1:$port" --cluster.listen-address= 2> "$work/alertmanager.log" &
  processes+=($!)
  until_answers "http://127.0.0.1:$listener/-/healthy"
  until_answers "$url/-/ready"
}

# Posts alerts, given as a JSON array of label sets.
post() {
  jq '[.[] | {labels: ({host: "web1"} + .)}]' <<< "$1" |
    curl --silent --fail --json @- "$url/api/v2/alerts"
}

verdict() {
  if [[ $2 == "$3" ]]; then
    echo "ok      $1"
    passed=$((passed + 1))
  else
    printf 'FAILED  %s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
    failed=$((failed + 1))
  fi
}

# Which of the alerts are muted, by name, while all of them fire.
mutes() {
  local name=$1 alerts=$2 expected=$3
  begin "$directory"
  post "$alerts"
  verdict "$name" "$expected" "$(curl --silent --fail "$url/api/v2/alerts" |
    jq -r '[.[] | select(.status.inhibitedBy != []) | .labels.alertname] | sort | join(" ")')"
}

# How often a receiver has been notified.
notified() {
  curl --silent --fail "$url/metrics" |
    awk -v "receiver=receiver_name=\"$1\"" '/^alertmanager_notifications_total/ && index($0, "integration=\"webhook\"") && index($0, receiver) { sum += $2 } END { print sum + 0 }'
}

# Counts a receiver's notifications of 200 alerts until three further seconds add none.
storm() {
  local name=$1 receiver=$2 label=$3 rest=$4 expected=$5 count=-1 before=-2 still=0 second
  begin "$directory"
  post "$(jq -n --argjson rest "$rest" --arg label "$label" '[range(200) | {($label): "storm-\(.).service"} + $rest]')"
  for ((second = 0; second < 60 && still < 3; second++)); do
    sleep 1
    before=$count
    count=$(notified "$receiver")
    if ((count > 0 && count == before)); then still=$((still + 1)); else still=0; fi
  done
  verdict "storm of 200, $name: $expected notification(s)" "$expected" "$count"
}

directory=$1
api='"unit": "homeostat-api.service"'
for page in RemediationExhausted RemediationAcknowledged; do
  mutes "$page mutes every other alert of its unit, and no page" \
    "[{\"alertname\": \"$page\", $api}, {\"alertname\": \"AppDown\", $api}, {\"alertname\": \"HighErrorRate\", $api},
      {\"alertname\": \"SomebodyElsesAlert\", $api}, {\"alertname\": \"UnitFailed\", \"unit\": \"shop.service\"}]" \
    "AppDown HighErrorRate SomebodyElsesAlert"
done
mutes "the page stays when its acknowledgement stands beside it" \
  "[{\"alertname\": \"RemediationExhausted\", $api}, {\"alertname\": \"RemediationAcknowledged\", $api}]" ""
mutes "a page that names no unit mutes nothing" \
  '[{"alertname": "RemediationExhausted"}, {"alertname": "HostCpuSaturated"}, {"alertname": "AppDown", "unit": "shop.service"}]' ""
mutes "another host's page mutes nothing here" \
  "[{\"alertname\": \"RemediationExhausted\", \"host\": \"web2\", $api}, {\"alertname\": \"AppDown\", $api}]" ""
for source in AppDown UnitFailed; do
  mutes "$source mutes the symptoms of its own unit" \
    "[{\"alertname\": \"$source\", $api}, {\"alertname\": \"HighErrorRate\", $api}, {\"alertname\": \"HighLatency\", $api},
      {\"alertname\": \"TargetDown\", $api}, {\"alertname\": \"HighLatency\", \"unit\": \"shop.service\"}]" \
    "HighErrorRate HighLatency TargetDown"
done
mutes "RemediatorDown mutes its TargetDown" \
  '[{"alertname": "RemediatorDown", "unit": "homeostat-remediator.service"}, {"alertname": "TargetDown", "unit": "homeostat-remediator.service"}]' \
  "TargetDown"
database='"alertname": "PostgresDown", "unit": "postgresql.service"'
mutes "PostgresDown mutes what depends on it, and nothing else" \
  "[{$database}, {\"alertname\": \"HighErrorRate\", $api}, {\"alertname\": \"HighLatency\", $api}, {\"alertname\": \"AppDown\", \"unit\": \"ledger.service\"},
    {\"alertname\": \"UnitFailed\", $api}, {\"alertname\": \"AppDown\", \"unit\": \"shop.service\"}]" \
  "AppDown HighErrorRate HighLatency"
collector='"unit": "opentelemetry-collector.service"'
mutes "CollectorDown mutes what goes through it, and nothing else" \
  "[{\"alertname\": \"CollectorDown\", $collector}, {\"alertname\": \"TargetDown\", $collector}, {\"alertname\": \"CollectorRefusing\", $collector, \"signal\": \"traces\"},
    {\"alertname\": \"CollectorDropping\", $collector, \"signal\": \"logs\"}, {\"alertname\": \"CollectorQueueFilling\", $collector, \"signal\": \"logs\"},
    {\"alertname\": \"CollectorLogsMissing\", $collector, \"signal\": \"logs\"}, {\"alertname\": \"GrafanaDown\", \"unit\": \"grafana.service\"},
    {\"alertname\": \"CollectorLogsMissing\", $collector, \"signal\": \"logs\", \"host\": \"web2\"}, {\"alertname\": \"LokiDiscarding\", \"unit\": \"loki.service\"},
    {\"alertname\": \"TempoDiscarding\", \"unit\": \"tempo.service\"}]" \
  "CollectorDropping CollectorLogsMissing CollectorQueueFilling CollectorRefusing TargetDown"
for backend in "Loki logs LokiDiscarding LokiRetentionStale LokiWritesFailing" \
  "VictoriaLogs logs VictoriaLogsDiscarding VictoriaLogsReadOnly" "Tempo traces TempoDiscarding"; do
  read -r program signal own <<< "$backend"
  [[ $signal == logs ]] && other=traces || other=logs
  symptoms=$(jq -nc --arg own "$own" --arg unit "${program,,}.service" '$own | split(" ") | map({alertname: ., unit: $unit})')
  mutes "${program}Down mutes its own symptoms and what the Collector cannot get rid of: $signal" \
    "${symptoms%]}, {\"alertname\": \"${program}Down\", \"unit\": \"${program,,}.service\"}, {\"alertname\": \"CollectorRefusing\", $collector, \"signal\": \"$signal\"},
      {\"alertname\": \"CollectorDropping\", $collector, \"signal\": \"$signal\"}, {\"alertname\": \"CollectorQueueFilling\", $collector, \"signal\": \"$signal\"},
      {\"alertname\": \"CollectorLogsMissing\", $collector, \"signal\": \"$signal\"}]" \
    "CollectorDropping CollectorLogsMissing CollectorQueueFilling CollectorRefusing $own"
  mutes "${program}Down does not mute what is lost of the other signal, or on another host, or at another program" \
    "[{\"alertname\": \"${program}Down\", \"unit\": \"${program,,}.service\"}, {\"alertname\": \"CollectorDropping\", $collector, \"signal\": \"$other\"},
      {\"alertname\": \"CollectorRefusing\", $collector, \"signal\": \"$signal\", \"host\": \"web2\"}, {\"alertname\": \"HostDiskFull\", \"mountpoint\": \"/\"},
      {\"alertname\": \"GrafanaDown\", \"unit\": \"grafana.service\"}, {\"alertname\": \"SomebodyElsesAlert\", \"signal\": \"$signal\"}]" ""
done
mutes "HostDiskFull mutes that the same disk will fill, and no other" \
  '[{"alertname": "HostDiskFull", "mountpoint": "/srv"}, {"alertname": "HostDiskWillFill", "mountpoint": "/srv"}, {"alertname": "HostDiskWillFill", "mountpoint": "/"},
    {"alertname": "HostMemoryPressure"}]' "HostDiskWillFill"
mutes "a full disk without a name mutes nothing" '[{"alertname": "HostDiskFull"}, {"alertname": "HostDiskWillFill"}]' ""
mutes "alerts without a unit do not mute one another" \
  '[{"alertname": "AppDown"}, {"alertname": "HighErrorRate"}, {"alertname": "TargetDown"}, {"alertname": "HostMemoryPressure"}]' ""

storm "one unit with a remedy" remediator instance "{\"alertname\": \"HighErrorRate\", $api}" 1
storm "one unit without a remedy" people instance '{"alertname": "AppDown", "unit": "ledger.service"}' 1
storm "one host, no unit" people mountpoint '{"alertname": "HostDiskWillFill"}' 1
storm "200 units" people unit '{"alertname": "UnitFailed"}' 200

echo "$passed passed, $failed failed"
((failed == 0))
