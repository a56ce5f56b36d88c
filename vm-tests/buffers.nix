# buffers.py on NixOS.
import ./on-nixos.nix { name = "buffers"; }
