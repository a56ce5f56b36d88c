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
  alwaysFails = unit "/bin/sh -c 'exit 1'" "";
}
