# dashboards.py on NixOS.
import ./on-nixos.nix { name = "dashboards"; }
