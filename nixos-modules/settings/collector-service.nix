# Whose line an entry of the journal is, in expr-lang: the unit, and the service that the log store knows it by.
rec {
  # Lines about a unit that systemd itself wrote count as the unit's own, as in `journalctl --unit`.
  unit = ''body._PID == "1" && body.UNIT != nil ? body.UNIT : body._SYSTEMD_UNIT'';

  # An instance that never comes again, made for one connection (systemd, `instance_from_socket`): a number, then both
  # addresses with their ports, or the peer's process and user. A date is none of these.
  isConnection = builtins.concatStringsSep " " [
    ''(unit matches "@[0-9]+-[0-9a-f.:]+:[0-9]+-[0-9a-f.:]+:[0-9]+[.]service$" ||''
    ''(unit matches "@[0-9]+-[0-9]+(?:_[0-9]+)?-[0-9]+[.]service$" &&''
    ''!(unit matches "@(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9][.]service$")))''
  ];

  # The name that a unit's traces carry too. Names that never come again (a connection, a dump, a session) would each
  # be a stream of its own in the log store, so they are cut to what they have in common.
  service = builtins.concatStringsSep " " [
    "let unit = ${unit};"
    ''unit == nil ? (body._TRANSPORT == "kernel" ? "kernel" : "unknown_service") :''
    ''unit matches "^session-.*[.]scope$" ? "session" :''
    ''unit matches "^run-.*[.]service$" ? "run" :''
    ''${isConnection} ? split(unit, "@")[0] :''
    ''unit endsWith ".service" ? trimSuffix(unit, ".service") :''
    ''body._PID == "1" ? "systemd" : "unknown_service"''
  ];
}
