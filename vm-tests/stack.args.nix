{ machine }: import ./base.nix machine
