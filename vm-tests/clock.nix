# clock.py on NixOS.
import ./on-nixos.nix { name = "clock"; }
