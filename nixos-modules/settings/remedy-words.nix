# The words of a remedy, and the units that none may name. The remediator refuses the same units, whatever its
# configuration says: crates/policy/src/unit.rs.
let
  # Healing with one of these would cut off the hand that heals or the person who would help, or take the host down.
  # Instances of a template count as the template does.
  forbiddenStems = [
    "homeostat-remediator"
    "dbus"
    "dbus-broker"
    "polkit"
    "ssh"
    "sshd"
    "NetworkManager"
    "networking"
    "network"
    "wpa_supplicant"
    "dhcpcd"
    "getty"
    "reboot"
    "poweroff"
    "halt"
    "kexec"
    "shutdown"
    "emergency"
    "rescue"
    "ctrl-alt-del"
  ];
  forbiddenPrefixes = [
    "systemd-"
    "network-"
  ];
in
{
  inherit forbiddenStems forbiddenPrefixes;

  verbs = [
    "restart"
    "try-restart"
    "reload-or-restart"
    "start"
    "rescue"
  ];
  modes = [
    "auto"
    "dry-run"
  ];
  # What a remedy may be tried for.
  occasions = [
    "down"
    "failed"
    "errors"
    "latency"
  ];

  # Of a whole name with its suffix .service.
  forbidden =
    unit:
    let
      stem = builtins.head (builtins.match "([^@]*)(@.*)?[.]service" unit);
      begins = prefix: builtins.substring 0 (builtins.stringLength prefix) stem == prefix;
    in
    builtins.elem stem forbiddenStems || builtins.any begins forbiddenPrefixes;
}
