# power.py on NixOS.
import ./on-nixos.nix { name = "power"; }
