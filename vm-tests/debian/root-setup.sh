#!/usr/bin/env bash
# Runs once inside a new root, while mmdebstrap builds it: adds what only sid has new enough.
# Arguments: the packages to take from sid.
set -euo pipefail

export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

# mmdebstrap has put its own guard in place for its own installation; this one holds for ours.
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
chmod 0755 /usr/sbin/policy-rc.d

if (($# > 0)); then
  # The mirror is the one that this root was made from; only the suite differs.
  awk '$1 == "deb" && $3 == "trixie" { $3 = "sid"; print }' /etc/apt/sources.list > /etc/apt/sources.list.d/sid.list
  cat > /etc/apt/preferences.d/sid <<'PIN'
Package: *
Pin: release n=sid
Pin-Priority: 100
PIN
  # A mirror that lags behind serves a sid whose signature is good but past its date. sid changes
  # daily, so what is asked for may still be there: say it, and go on with that state.
  if ! apt-get update --quiet --quiet; then
    echo "note: the mirror's sid is past its date; its signature is still checked" >&2
    apt-get update --quiet --quiet --option Acquire::Check-Valid-Until=false
  fi
  wanted=()
  for package in "$@"; do wanted+=("$package/sid"); done
  # This solver may go to sid for what a wanted package cannot do without, and for nothing else.
  apt-get install --quiet --quiet --yes --no-install-recommends --solver 3.0 --no-strict-pinning "${wanted[@]}"
fi

apt-get clean
rm -rf /var/lib/apt/lists/* /usr/sbin/policy-rc.d
