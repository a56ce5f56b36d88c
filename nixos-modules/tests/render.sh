#!/usr/bin/env bash
# Renders the settings of the tests' host and the tests themselves into a folder.
# Usage: render.sh OUT      Needs nix-instantiate and jq; runs on the host.
set -euo pipefail

(($# == 1)) || {
  echo "usage: render.sh OUT" >&2
  exit 64
}
out=$1
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

# The dummy store keeps Nix from making /nix.
rendered=$(nix-instantiate --store dummy:// --eval --strict --json "$here/render.nix")
while IFS= read -r path; do
  mkdir -p "$out/$(dirname -- "$path")"
  jq --raw-output --join-output --arg path "$path" '.[$path]' <<< "$rendered" > "$out/$path"
done < <(jq --raw-output 'keys[]' <<< "$rendered")
