# survives.py on NixOS.
import ./on-nixos.nix { name = "survives"; }
