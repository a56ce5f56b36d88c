# The shell script that makes the two tokens at first start: Alertmanager's, which may only post alerts,
# and the operator's. A token that exists is never written again, so nothing that holds it breaks.
{ directory }:
''
  #!/bin/sh
  set -eu
  umask 077
  mkdir -p ${directory}
  for name in alertmanager-token operator-token; do
      token=${directory}/$name
      [ ! -e "$token" ] || continue
      # Written whole and flushed before it gets its name: a crash leaves no half token behind.
      rm -f "$token.new"
      head -c 32 /dev/urandom | od -An -vtx1 | tr -d ' \n' > "$token.new"
      [ "$(wc -c < "$token.new")" -eq 64 ]
      chmod 0400 "$token.new"
      sync "$token.new"
      mv -n "$token.new" "$token"
  done
''
