# A unit of a program that Debian has no package of, in the form of NixOS's systemd.services: run as upstream's NixOS
# modules do it, with the sandbox of our own units. Where the program is not there, the unit is skipped.
{
  description,
  # The program's path, and its words.
  binary,
  arguments,
  serviceConfig,
  # The folder that the unit may write to, and what settings/limits.nix says of it.
  state ? null,
  limits ? { },
  wants ? [ ],
  after ? [ ],
}:
let
  inherit (import ../../nixos-modules/settings/write.nix) word;
  environment = limits.environment or { };
in
{
  inherit description wants;
  after = [ "network.target" ] ++ after;
  wantedBy = [ "multi-user.target" ];
  unitConfig = {
    ConditionPathExists = binary;
    StartLimitIntervalSec = 0;
  };
  serviceConfig =
    import ../../nixos-modules/settings/hardening.nix
    // {
      # Each tells when it was started, and finds that in /proc/stat.
      ProcSubset = "all";
      # They ask the kernel for the network cards, though they are told where to listen.
      RestrictAddressFamilies = [
        "AF_INET"
        "AF_INET6"
        "AF_NETLINK"
        "AF_UNIX"
      ];
      Type = "exec";
      Restart = "always";
      RestartSec = 1;
      LimitNOFILE = 65536;
      Environment = map (name: "${name}=${environment.${name}}") (builtins.attrNames environment);
      ExecStart = builtins.concatStringsSep " " ([ binary ] ++ map word arguments);
    }
    // (
      if state == null then
        { }
      else
        {
          StateDirectory = baseNameOf state;
          StateDirectoryMode = "0700";
          WorkingDirectory = state;
        }
    )
    // (limits.serviceConfig or { })
    // serviceConfig;
}
