# stack.py on NixOS.
import ./on-nixos.nix { name = "stack"; }
