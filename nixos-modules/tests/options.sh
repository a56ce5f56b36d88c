#!/usr/bin/env bash
# Every option that a text names exists on the page of options.
# Usage: options.sh OPTIONS.md TEXT...    Prints what is unknown; status 1 if anything is.
set -euo pipefail

if (($# < 2)); then
  echo "usage: options.sh OPTIONS.md TEXT..." >&2
  exit 64
fi
page=$1
shift
unknown=0
while IFS=: read -r file line option; do
  # Names below apps and receivers are the user's own; a parent of options, and a key of free settings, count too.
  pattern=$(sed -E 's/^(services\.homeostat\.(apps|receivers))\.[A-Za-z0-9_-]+/\1.<name>/; s/(\.settings)\..*/\1/; s/(\.(timing|rendered))\..*/\1/; s/\./[.]/g' <<< "$option")
  if ! grep -Eq "^## \`$pattern([.][^\`]*)?\`\$" "$page"; then
    echo "$file:$line: no option $option"
    unknown=1
  fi
done < <(grep -noHE 'services\.homeostat(\.[A-Za-z0-9_-]+)+' "$@" || true)
exit "$unknown"
