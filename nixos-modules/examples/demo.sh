# shellcheck shell=bash
# Boots the demo VM, shows what can be opened, and ends the VM in good order on Ctrl-C.
# VM (the VM's own program) and ENDPOINTS (a JSON file) come from demo-app.nix.
# Usage: homeostat-demo [STATE-FILE]; the VM's disk, and all that it remembers, is that one file.

if [[ ${1:-} == -* || $# -gt 1 ]]; then
  echo "usage: homeostat-demo [STATE-FILE]   (default: homeostat-demo.qcow2 in this folder)" >&2
  exit 64
fi
state=$(realpath "${1:-homeostat-demo.qcow2}")

mapfile -t ports < <(jq -r '.[].url | capture(":(?<port>[0-9]+)/").port' "$ENDPOINTS")
for port in "${ports[@]}"; do
  if (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then
    echo "error: port $port on 127.0.0.1 is taken; stop what listens there (ss -ltnp 'sport = :$port')" >&2
    exit 1
  fi
done

# Sockets and the console's log are of this run only. The folder is readable by nobody else.
run=$(mktemp --directory --tmpdir homeostat-demo.XXXXXX)
vm=

end() {
  trap '' INT TERM
  if [[ -n $vm ]] && kill -0 "$vm" 2> /dev/null; then
    echo "Shutting the VM down ..."
    echo system_powerdown | socat - "UNIX-CONNECT:$run/monitor" > /dev/null 2>&1 || kill "$vm"
    timeout 90 tail --pid="$vm" -f /dev/null || kill -KILL "$vm"
  fi
  rm -rf --one-file-system "$run"
  [[ ! -e $state ]] || echo "The VM's state is in $state; remove that file to begin anew."
}
trap end EXIT
# Ctrl-C is how this program is meant to end.
trap 'exit 0' INT TERM

# In a session of its own, so that Ctrl-C reaches this program alone and the VM is asked, not killed.
export NIX_DISK_IMAGE=$state
export TMPDIR=$run
export QEMU_OPTS="-monitor unix:$run/monitor,server=on,wait=off \
-chardev socket,id=console,path=$run/console,server=on,wait=off,logfile=$run/console.log -serial chardev:console"
setsid "$VM" < /dev/null > "$run/qemu.log" 2>&1 &
vm=$!

echo "Booting; the first start takes a minute or two ..."
deadline=$((SECONDS + 600))
answers() { curl --noproxy '*' -fsS --max-time 3 -o /dev/null "$1" 2> /dev/null; }
while read -r health; do
  until answers "$health"; do
    if ! kill -0 "$vm" 2> /dev/null; then
      cat "$run/qemu.log" >&2
      echo "error: the VM has ended" >&2
      exit 1
    fi
    ((SECONDS < deadline)) || break
    sleep 1
  done
done < <(jq -r '.[].health' "$ENDPOINTS")

echo
jq -r '.[] | [.name, .url, .health, .what] | @tsv' "$ENDPOINTS" | while IFS=$'\t' read -r name url health what; do
  answer=ok
  answers "$health" || answer="no answer"
  printf '  %-13s %-10s %-24s %s\n' "$name" "$answer" "$url" "$what"
done
cat << TEXT

A root shell in the VM, where /var/lib/homeostat-secrets holds the tokens and the password of Grafana's user
admin (leave it with Ctrl-]):
  $(command -v socat) -,raw,echo=0,escape=0x1d UNIX-CONNECT:$run/console

Three things to try:
  1. Create some:  for i in \$(seq 30); do curl -sX POST http://127.0.0.1:8000/transactions/create; echo; done
  2. Break it:     for i in \$(seq 20); do curl -so /dev/null http://127.0.0.1:8000/error; done
  3. Watch it being healed, within a minute:  http://127.0.0.1:5000/

State: $state   Ctrl-C ends the VM.
TEXT
wait "$vm"
