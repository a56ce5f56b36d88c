# What every machine test needs to know of its machine: units, ports and the place of the tokens.
machine:
let
  # What a test's machine runs only where its arguments name it in `backends`.
  backends = [
    "loki"
    "victorialogs"
    "tempo"
    "collector"
    "grafana"
  ];
in
{
  inherit (machine) units users paths;
  ports = import ../nixos-modules/settings/ports.nix { };
  alertmanagerToken = "${machine.paths.secrets}/alertmanager-token";
  operatorToken = "${machine.paths.secrets}/operator-token";
  backends = [ ];
  # The units that every machine runs. There is nothing to wait for in secrets, which runs once.
  active = builtins.attrValues (
    removeAttrs machine.units (
      [
        "secrets"
        "dbus"
        "polkit"
        "journald"
        # Only where a log store runs, and no Tempo.
        "spans"
      ]
      ++ backends
    )
  );
}
