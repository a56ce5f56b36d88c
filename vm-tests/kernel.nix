# kernel.py on NixOS.
import ./on-nixos.nix { name = "kernel"; }
