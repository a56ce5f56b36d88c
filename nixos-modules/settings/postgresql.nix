# PostgreSQL: its server settings, and PostgreSQL as a unit under care.
# An active server is never restarted: the ladder has only the rungs that fit a stopped or failed one.
{
  host,
  timing,
  runbookUrl,
  unit,
  remedy ? { },
}:
let
  inherit (import ./promql.nix) selector;
  pgUp = "pg_up${selector { inherit host; }}";
  active = "node_systemd_unit_state${
    selector {
      inherit host;
      name = unit;
      state = "active";
    }
  }";
  down = {
    on = "down";
    ladder = [
      "start"
      "rescue"
    ];
    window = timing.scrape;
    proof = "max(${pgUp})";
    rule = import ./alert.nix { inherit host runbookUrl; } {
      name = "PostgresDown";
      expr = "min(${pgUp} or ${active}) == 0";
      holds = timing.postgresFor;
      severity = "critical";
      component = "postgresql";
      inherit unit;
      summary = "PostgreSQL is down on ${host}";
      description = "The exporter cannot log in, or ${unit} is not active. What depends on it is muted until it is back.";
    };
  };
in
{
  # TCP on loopback only; everything of ours uses the socket and logs in as its own system user.
  settings = {
    listen_addresses = "127.0.0.1";
    password_encryption = "scram-sha-256";
    log_min_duration_statement = 500;
    log_lock_waits = true;
    track_io_timing = true;
  };

  care = {
    name = "postgresql";
    inherit unit;
    dependsOn = [ ];
    recordings = [ ];
    alerts = [ down.rule ];
    remedies = import ./remedies.nix { inherit timing; } {
      name = "postgresql";
      inherit unit;
      remedy = {
        attempts = 3;
        inherit (timing) cooldown;
        mode = "auto";
      }
      // remedy;
      alerts = [ down ];
    };
  };
}
