# The shell script that makes the secrets at first start: Alertmanager's token, which may only post alerts, the
# operator's, the password of Grafana's first user and the key that Grafana encrypts its secrets with. A secret that
# exists is never written again, so nothing that holds it breaks.
{ directory }:
''
  #!/bin/sh
  set -eu
  umask 077
  mkdir -p ${directory}
  for name in alertmanager-token operator-token grafana-admin-password grafana-secret-key; do
      secret=${directory}/$name
      [ ! -e "$secret" ] || continue
      # Written whole and flushed before it gets its name: a crash leaves no half secret behind.
      rm -f "$secret.new"
      head -c 32 /dev/urandom | od -An -vtx1 | tr -d ' \n' > "$secret.new"
      [ "$(wc -c < "$secret.new")" -eq 64 ]
      chmod 0400 "$secret.new"
      sync "$secret.new"
      mv -n "$secret.new" "$secret"
  done
''
