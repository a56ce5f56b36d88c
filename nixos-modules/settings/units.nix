# Our own units, in the form of NixOS's systemd.services; write.nix makes unit files of the same data.
{
  demo,
  api,
  ports,
  units,
  users,
  paths,
}:
let
  hardening = import ./hardening.nix;
  name = unit: builtins.head (builtins.match "(.*)[.]service" unit);
  ours =
    fields:
    {
      wantedBy = [ "multi-user.target" ];
    }
    // fields
    // {
      serviceConfig =
        hardening
        // {
          Restart = "on-failure";
          # Lines that a person is promised must not be dropped by journald's rate limit.
          LogRateLimitIntervalSec = 0;
        }
        // fields.serviceConfig;
    };

  program = "${paths.binaries}/homeostat-api";
  apiConfig = "${paths.config}/api.json";

  always = {
    ${name units.secrets} = {
      description = "Homeostat: secrets, made once";
      wantedBy = [ "multi-user.target" ];
      serviceConfig = hardening // {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = paths.secretsScript;
        # Root by necessity: the secrets are root's, and systemd hands them on as credentials.
        PrivateUsers = false;
        PrivateNetwork = true;
        RestrictAddressFamilies = "none";
        StateDirectory = baseNameOf paths.secrets;
        StateDirectoryMode = "0700";
      };
    };

    ${name units.remediator} = ours {
      description = "Homeostat: remediator";
      wants = [ units.secrets ];
      after = [
        "network.target"
        "dbus.socket"
        units.secrets
      ];
      # It must come back whatever happens, twenty times in a minute too.
      unitConfig.StartLimitIntervalSec = 0;
      serviceConfig = {
        Type = "notify";
        NotifyAccess = "main";
        # One allocator arena: with one for each thread, a long listing leaves the process half as large again.
        Environment = [ "MALLOC_ARENA_MAX=1" ];
        WatchdogSec = 30;
        Restart = "always";
        RestartSec = 1;
        User = users.remediator;
        Group = users.remediator;
        # It reads the journal for evidence and for the results of jobs.
        SupplementaryGroups = "systemd-journal";
        # A switch to a new configuration shows in /proc/locks.
        ProcSubset = "all";
        StateDirectory = baseNameOf paths.remediatorState;
        StateDirectoryMode = "0700";
        LoadCredential = [
          "alertmanager-token:${paths.secrets}/alertmanager-token"
          "operator-token:${paths.secrets}/operator-token"
        ];
        ExecStart = "${paths.binaries}/homeostat-remediator serve --config ${paths.config}/remediator.json";
      };
    };
  };

  workload = {
    ${name units.api} = ours {
      description = "Homeostat: sample API";
      # Only ordered after the database, never bound to it: without it the API answers 503 and lives on.
      wants = [ units.databaseReady ];
      after = [
        "network.target"
        units.databaseReady
      ];
      # A crash loop ends in the failed state after five starts, where the remediator takes over.
      unitConfig = {
        StartLimitIntervalSec = 60;
        StartLimitBurst = 5;
      };
      serviceConfig = {
        Type = "notify";
        NotifyAccess = "main";
        RestartSec = 2;
        TimeoutStopSec = 15;
        User = users.api;
        Group = users.api;
        ExecStart = "${program} serve --config ${apiConfig}";
      };
    };
  };

  demonstration = {
    ${name units.traffic} = ours {
      description = "Homeostat: steady traffic for the demo";
      wants = [ units.api ];
      after = [ units.api ];
      unitConfig.StartLimitIntervalSec = 0;
      serviceConfig = {
        Type = "exec";
        Restart = "always";
        RestartSec = 2;
        User = users.traffic;
        Group = users.traffic;
        ExecStart = "${program} traffic --config ${apiConfig}";
      };
    };

    ${name units.sink} = ours {
      description = "Homeostat: local receiver of pages for the demo";
      after = [ "network.target" ];
      serviceConfig = {
        Type = "exec";
        RestartSec = 2;
        User = users.sink;
        Group = users.sink;
        StateDirectory = baseNameOf paths.sinkState;
        StateDirectoryMode = "0700";
        ExecStart = "${paths.binaries}/homeostat sink --listen 127.0.0.1:${toString ports.sink} --file ${paths.sinkState}/pages.jsonl";
      };
    };
  };
in
always // (if api then workload else { }) // (if demo then demonstration else { })
