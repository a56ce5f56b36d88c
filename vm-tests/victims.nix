# Units that do nothing but live and die, as files of the machine. No Restart=: systemd leaves them down.
let
  unit = command: extra: {
    text = ''
      [Unit]
      Description=A unit under care in a machine test
      StartLimitIntervalSec=0
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
  alwaysFails = unit "/bin/sh -c 'exit 1'" "";
}
