# The words of a remedy, and the units that none may name. The remediator refuses the same units, whatever its
# configuration says, and reads them from the same file.
let
  # Healing with one of these would cut off the hand that heals or the person who would help, or take the host down.
  # Instances of a template count as the template does.
  inherit (builtins.fromJSON (builtins.readFile ../../crates/policy/src/unit/untouchable.json))
    stems
    prefixes
    ;
in
{
  verbs = [
    "restart"
    "reload-or-restart"
    "start"
    "rescue"
  ];
  # Words of earlier versions, with what to write instead.
  former.try-restart = "restart, which restarts an active unit and never starts one that was stopped";
  modes = [
    "auto"
    "dry-run"
  ];
  # What a remedy may be tried for.
  occasions = [
    "down"
    "failed"
    "errors"
    "latency"
  ];

  # Of a whole name with its suffix .service.
  forbidden =
    unit:
    let
      stem = builtins.head (builtins.match "([^@]*)(@.*)?[.]service" unit);
      begins = prefix: builtins.substring 0 (builtins.stringLength prefix) unit == prefix;
    in
    builtins.elem stem stems || builtins.any begins prefixes;
}
