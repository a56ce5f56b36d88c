# From the journal to log records: the receiver of every unit's lines, with severity, service, trace and our fields.
# The expressions are those of expr-lang, in which `body` is the journal entry as journalctl prints it in JSON.
{
  host,
  units,
  storage,
  # How many days the log store keeps lines.
  logDays,
}:
let
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

  # What a program writes to its standard output has the priority of the unit, not of the line.
  priority = import ./collector-levels.nix;

  # Every field that begins with F_, under the rest of its name in lower case: crates/telemetry/src/fields.rs is the only
  # list of them. A field that stands on a line and on its enclosing spans comes as an array, the line's own last; one
  # with unprintable characters comes as an array of bytes, which nobody could read.
  fields = builtins.concatStringsSep " " [
    "let fields = filter(toPairs(body), #[0] startsWith \"F_\" && #[1] != nil);"
    "let single = map(fields, [lower(#[0][2:]), type(#[1]) == \"array\" ? last(#[1]) : #[1]]);"
    "let members = map(filter(single, type(#[1]) == \"string\"), toJSON(#[0]) + \":\" + toJSON(#[1]));"
    "\"{\" + join(members, \",\") + \"}\""
  ];

  add = id: field: expression: {
    type = "add";
    inherit id field;
    value = "EXPR(${expression})";
  };
in
{
  # Where it stopped. The first time, and when its own notes are lost, from the journal's beginning.
  start_at = "beginning";
  inherit storage;
  # Debug lines too: which of them are written is the unit's decision. The default leaves out lines below info.
  priority = "debug";
  # Long lines and unprintable ones come as they are; the default is to leave out their text.
  all = true;
  convert_message_bytes = true;
  # While the exporter's queue is full the journal waits.
  retry_on_failure = {
    enabled = true;
    max_elapsed_time = "0s";
  };
  resource."host.name" = host;

  operators = [
    # The Collector's own lines would make new ones for ever; what is too old when it gets there, the log store refuses.
    {
      type = "filter";
      id = "unwanted";
      expr = "body._SYSTEMD_UNIT == \"${units.collector}\" || timestamp < now() - duration(\"${
        toString (24 * logDays - 8)
      }h\")";
    }
    (add "service" "resource[\"service.name\"]" service)
    (add "fields" "body.FIELDS" fields)
    # Only a parser may write all attributes at once.
    {
      type = "json_parser";
      id = "attributes";
      parse_from = "body.FIELDS";
      parse_to = "attributes";
    }
    (add "unit" "attributes.systemd_unit" "${unit} ?? \"\"")
    # What stands behind the @ in the name of a template's instance.
    (
      add "instance" "attributes.systemd_instance"
        "let unit = ${unit}; join(split(trimSuffix(unit, \".service\"), \"@\")[1:], \"@\")"
      // {
        "if" = "(${unit}) != nil && (${unit}) matches \"^[^@]+@.+[.]service$\"";
      }
    )
    (add "identifier" "attributes.syslog_identifier" "body.SYSLOG_IDENTIFIER ?? \"\"")
    (add "priority" "body.PRIORITY" priority)
    {
      type = "severity_parser";
      id = "severity";
      parse_from = "body.PRIORITY";
      "if" = "body.PRIORITY != nil";
      preset = "none";
      overwrite_text = true;
      mapping = {
        fatal = [
          "0"
          "1"
          "2"
        ];
        error = "3";
        warn = "4";
        info2 = "5";
        info = "6";
        debug = "7";
      };
    }
    {
      type = "trace_parser";
      id = "trace";
      "if" = "attributes.trace_id matches \"^[0-9a-f]{32}$\"";
      trace_id.parse_from = "attributes.trace_id";
      span_id.parse_from = "attributes.span_id";
    }
    # The log store gives a record's own trace the same name.
    {
      type = "remove";
      id = "traced";
      "if" = "attributes.trace_id matches \"^[0-9a-f]{32}$\"";
      field = "attributes.trace_id";
    }
    {
      type = "move";
      id = "message";
      "if" = "body.MESSAGE != nil";
      from = "body.MESSAGE";
      to = "body";
    }
    # A log store cuts a longer line, or throws the whole entry away.
    (
      add "cut" "body" "body[:262144]"
      // {
        "if" = "type(body) == \"string\" && len(body) > 262144";
      }
    )
    # Why something failed is what people look for in the line itself.
    (
      add "reason" "body" "body + \" error=\" + toJSON(attributes.error)"
      // {
        "if" = "attributes.error != nil && type(body) == \"string\"";
      }
    )
  ];
}
