# besieged.py on NixOS.
import ./on-nixos.nix { name = "besieged"; }
