# signals.py on NixOS.
import ./on-nixos.nix { name = "signals"; }
