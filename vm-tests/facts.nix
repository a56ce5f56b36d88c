# What the test scripts have to know of a NixOS machine; debian/facts.nix is the counterpart.
let
  names = import ../nixos-modules/names.nix;
in
{
  distribution = "nixos";
  units = names.units // {
    # An alias of whichever implementation runs.
    dbus = "dbus.service";
    polkit = "polkit.service";
    journald = "systemd-journald.service";
  };
  users = names.users // {
    prometheus = "prometheus";
    alertmanager = "alertmanager";
    postgresql = "postgres";
  };
  paths = names.paths // {
    binaries = "/run/current-system/sw/bin";
    systemd = "/run/current-system/systemd/lib/systemd";
    systemUnits = "/etc/systemd/system";
  };
}
