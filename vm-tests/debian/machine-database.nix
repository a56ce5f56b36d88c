# The roles and the database that NixOS's ensureUsers and ensureDatabases would make. Debian has no such
# service, so this one runs after the server and can be run again at any time.
{ facts, role }:
let
  identifier = name: "\"${name}\"";
  exporter = role.users.postgresExporter;
  inherit (facts.users) api;
  createRole =
    name:
    "SELECT 'CREATE ROLE ${identifier name} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${name}') \\gexec";
in
{
  # Nobody gets a password: each role is a system user of the same name and comes by the socket.
  sql = ''
    \set ON_ERROR_STOP on
    ${createRole api}
    ${createRole exporter}
    GRANT pg_monitor TO ${identifier exporter};
    SELECT 'CREATE DATABASE ${identifier api} OWNER ${identifier api}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '${api}') \gexec
  '';

  unit = {
    description = "Homeostat: roles and database in PostgreSQL";
    wants = [ facts.units.postgresql ];
    after = [ facts.units.postgresql ];
    wantedBy = [ "multi-user.target" ];
    serviceConfig = import ../../nixos-modules/settings/hardening.nix // {
      # The socket is all it needs.
      PrivateNetwork = true;
      RestrictAddressFamilies = "AF_UNIX";
      Type = "oneshot";
      RemainAfterExit = true;
      Restart = "on-failure";
      RestartSec = 1;
      User = facts.users.postgresql;
      ExecStart = "/usr/bin/psql --no-psqlrc --quiet --dbname=postgres --file=${role.paths.databaseScript}";
    };
  };
}
