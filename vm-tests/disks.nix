# disks.py on NixOS.
import ./on-nixos.nix {
  name = "disks";
  configuration =
    { pkgs, ... }:
    {
      environment.systemPackages = [
        pkgs.lvm2
        pkgs.e2fsprogs
      ];
    };
}
