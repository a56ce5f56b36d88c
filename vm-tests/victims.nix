# Units that do nothing but live and die, as files of the machine. No Restart=: systemd leaves them down.
let
  unit = unitWith "";
  unitWith = section: command: extra: {
    text = ''
      [Unit]
      Description=A unit under care in a machine test
      StartLimitIntervalSec=0
      ${section}
      [Service]
      ExecStart=${command}
      ${extra}
      [Install]
      WantedBy=multi-user.target
    '';
    mode = "0644";
    user = "root";
    group = "root";
  };
in
{
  lives = unit "/bin/sh -c 'exec sleep infinity'" "";
  # Its stop goes on until a test makes this file.
  stopsWhenTold = unit "/bin/sh -c 'exec sleep infinity'" "ExecStop=/bin/sh -c 'until test -e /run/may-stop; do sleep 0.1; done'";
  # It ends by itself, and well, when a test makes this file.
  endsWhenTold = unit "/bin/sh -c 'until test -e /run/may-end; do sleep 0.1; done; rm /run/may-end'" "";
  # A stop leaves it failed, as many a program's does.
  exits143 = unit "/bin/sh -c 'trap \"exit 143\" TERM; while :; do sleep 0.1; done'" "";
  # It runs as long as that one does.
  boundTo = other: unitWith "BindsTo=${other}\nAfter=${other}" "/bin/sh -c 'exec sleep infinity'" "";
  # systemd forgets it when it fails, with all that it knew of its last run.
  forgotten = unitWith "CollectMode=inactive-or-failed" "/bin/sh -c 'exec sleep infinity'" "";
  # It does its work and is over.
  runsOnce = unit "/bin/sh -c 'test ! -e /run/fails-once'" "Type=oneshot";
  # It tells the console of each start, for whoever cannot rely on the disk.
  tells = unit "/bin/sh -c 'exec sleep infinity'" "ExecStartPre=/bin/sh -c 'echo \"started %n;\" > /dev/ttyS0'";
  # It takes all the memory that it can get when a test makes this file.
  hungry = unit "/bin/sh -c 'until test -e /run/may-eat; do sleep 0.1; done; rm /run/may-eat; exec dd if=/dev/zero of=/dev/null bs=128M'" "MemoryMax=64M\nMemorySwapMax=0";
  # The same, with no bound but the machine's own; and of all programs it is the one to go.
  greedy = unit "/bin/sh -c 'until test -e /run/may-eat-all; do sleep 0.1; done; rm /run/may-eat-all; exec dd if=/dev/zero of=/dev/null bs=2G'" "OOMScoreAdjust=1000";
  # It reads a file again and again into more memory than it may keep.
  squeezed = unit "/bin/sh -c 'while :; do cat /usr/bin/* > /dev/null; sleep 1; done'" "MemoryHigh=16M";
  # Its stop takes as long as it may.
  stopsSlowly = unit "/bin/sh -c 'exec sleep infinity'" "ExecStop=/bin/sh -c 'exec sleep infinity'\nTimeoutStopSec=10";
  alwaysFails = unit "/bin/sh -c 'exit 1'" "";
  # Such units by their names, as files of a folder.
  files =
    folder: units:
    builtins.listToAttrs (
      map (name: {
        name = "${folder}/${name}.service";
        value = units.${name};
      }) (builtins.attrNames units)
    );
  # The app of a unit: its probe gives it an AppDown that never fires by itself and may be answered by a restart.
  app = name: {
    unit = "${name}.service";
    probe = "http://127.0.0.1:${toString (import ../nixos-modules/settings/ports.nix { }).remediator}/health";
  };
}
