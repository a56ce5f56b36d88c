# heals.py on NixOS.
import ./on-nixos.nix { name = "heals"; }
