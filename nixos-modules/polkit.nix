# Polkit lets the remediator do what its own final configuration says, and nothing else.
{ config, lib, ... }:
let
  cfg = config.services.homeostat;
  inherit (import ./names.nix) users;
in
{
  config = lib.mkIf cfg.enable {
    # Servers come without polkit; systemd then knows nobody but root.
    security.polkit.enable = true;
    security.polkit.extraConfig = import ./settings/polkit.nix {
      user = users.remediator;
      permits = cfg.remediator.settings.units;
    };
    systemd.services.homeostat-remediator = {
      wants = [ "polkit.service" ];
      after = [ "polkit.service" ];
    };
  };
}
