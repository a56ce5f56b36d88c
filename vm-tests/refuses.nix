# refuses.py on NixOS.
import ./on-nixos.nix { name = "refuses"; }
