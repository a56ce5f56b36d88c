# boots.py on NixOS.
import ./on-nixos.nix { name = "boots"; }
