# escalates.py on NixOS.
import ./on-nixos.nix { name = "escalates"; }
