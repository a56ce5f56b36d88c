# poisons.py on NixOS.
import ./on-nixos.nix {
  name = "poisons";
  configuration =
    { pkgs, ... }:
    {
      environment.systemPackages = [ pkgs.python3 ];
    };
}
