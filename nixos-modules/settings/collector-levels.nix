# The level that a program gives a line of its standard output, in the dialects that are common. The table below is the
# only place: each row is a regular expression (RE2) of a line's beginning, for the names or the letter of one level.
let
  levels = [
    {
      number = 2;
      names = "fatal|panic|crit|critical|emerg|alert";
      letter = "F";
    }
    {
      number = 3;
      names = "error|err";
      letter = "E";
    }
    {
      number = 4;
      names = "warning|warn";
      letter = "W";
    }
    {
      number = 6;
      names = "info|information|notice|log";
      letter = "I";
    }
    {
      number = 7;
      names = "debug[1-5]?|trace";
      letter = "D";
    }
  ];
  time = "(?:[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[T ])?[0-9]{2}:[0-9]{2}:[0-9]{2}[0-9.,:Z+-]* ";
  dialects = names: letter: [
    # key=value, the level among the first four: time="12:00" level=error msg=...
    "(?:[a-z_.]+=(?:\"[^\"]*\"|[^ \"]*) ){0,3}(?:level|lvl|severity)=\"?(?i:${names})(?:\"| |\\z)"
    # PostgreSQL: [123] ERROR:  ..., with what Debian or NixOS puts before it.
    "(?:${time}[A-Z0-9+-]+ )?[[][0-9]+[]] (?:[^ ]+@[^ ]+ )?(?i:${names}): "
    # ERROR: ..., fatal: ..., [ERROR] ...
    "(?i:${names}): "
    "[[](?i:${names})[]]"
    # After a time: nginx's 2026/11/25 12:00:00 [error], Python's 2026-11-25 12:00:00,123 - name - ERROR - ..., and
    # 2026-11-25T12:00:00Z ERROR ...
    "${time}(?:[[](?i:${names})[]]|(?i:${names})[: ])"
    "${time}- [^ ]+ - (?i:${names}) - "
    # JSON with the level among the first fields, none of which is an object.
    "[{][^{}]*\"(?:level|lvl|severity)\" ?: ?\"(?i:${names})\""
    # klog: E1125 12:00:00.000000 ...
    "${letter}[0-9]{4} [0-9:.]+ "
  ];
  matches =
    { names, letter, ... }:
    "body.MESSAGE matches `^(?:${builtins.concatStringsSep "|" (dialects names letter)})`";
in
# The line's own level where it says one, as a priority of syslog; else the entry's. What a program sends to the journal
# itself has the priority that it wants.
builtins.concatStringsSep " " (
  [ ''body._TRANSPORT != "stdout" || type(body.MESSAGE) != "string" ? body.PRIORITY :'' ]
  ++ map (level: ''${matches level} ? "${toString level.number}" :'') levels
  ++ [ "body.PRIORITY" ]
)
