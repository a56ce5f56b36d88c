# From the journal to log records: the receiver of every unit's lines, with severity, service, trace and our fields.
# The expressions are those of expr-lang, in which `body` is the journal entry as journalctl prints it in JSON.
{
  host,
  units,
  storage,
  # What is run as journalctl.
  journalctl,
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
  level = import ./collector-levels.nix;
  limits = import ./log-limits.nix;

  # Every field that begins with F_, under the rest of its name in lower case: crates/telemetry/src/fields.rs is the only
  # list of them. A field that stands on a line and on its enclosing spans comes as an array, the line's own last; one
  # with unprintable characters comes as an array of bytes, which nobody could read.
  fields = builtins.concatStringsSep " " [
    "let fields = filter(toPairs(body), #[0] startsWith \"F_\" && #[1] != nil);"
    "let single = map(fields, [lower(#[0][2:]), type(#[1]) == \"array\" ? last(#[1]) : #[1]]);"
    "let members = map(filter(single, type(#[1]) == \"string\"), toJSON(#[0]) + \":\" + toJSON(#[1]));"
    "\"{\" + join(members, \",\") + \"}\""
  ];

  # An entry with several texts has an array of them.
  texts = "join(filter(body.MESSAGE, type(#) == \"string\"), \"\\n\")";

  # A text with characters that journalctl does not print is an array of bytes. The receiver could put it together, but
  # would then lose several texts; here it goes by way of Base64, for which three bytes are four letters.
  bytes = builtins.concatStringsSep " " [
    "let given = type(body.MESSAGE[0]) == \"array\" ? body.MESSAGE[0] : body.MESSAGE;"
    "let letters = \"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\";"
    "let bytes = map(given[:${toString limits.text}], int(#));"
    "let padded = concat(bytes, [0, 0]);"
    "let coded = map(0..(len(bytes) - 1), # % 3 != 0 ? \"\" :"
    "let three = bitor(bitor(bitshl(padded[#], 16), bitshl(padded[# + 1], 8)), padded[# + 2]);"
    "let a = bitshr(three, 18); let b = bitand(bitshr(three, 12), 63);"
    "let c = bitand(bitshr(three, 6), 63); let d = bitand(three, 63);"
    "letters[a:a + 1] + letters[b:b + 1] + letters[c:c + 1] + letters[d:d + 1]);"
    "fromBase64(join(coded))[:len(bytes)]"
  ];

  # Of several the first; what is none of syslog's priorities is as good as none, and none is an ordinary line.
  given = "let given = type(body.PRIORITY) == \"array\" ? body.PRIORITY[0] : body.PRIORITY; given in ${
    builtins.toJSON (map toString [ 0 1 2 3 4 5 6 7 ])
  } ? given : \"6\"";

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
  # It knows no priorities: which lines are written is the unit's decision.
  journalctl_path = journalctl;
  # Long lines and unprintable ones come as they are; the default is to leave out their text.
  all = true;
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
        toString (limits.oldest logDays)
      }h\")";
    }
    (add "texts" "body.MESSAGE" texts // { "if" = "type(body.MESSAGE) == \"array\" && any(body.MESSAGE, type(#) == \"string\")"; })
    (add "bytes" "body.MESSAGE" bytes // { "if" = "type(body.MESSAGE) == \"array\" && len(body.MESSAGE) > 0"; })
    (add "text" "body.MESSAGE" "\"\"" // { "if" = "type(body.MESSAGE) != \"string\""; })
    # A line longer than the journal takes (LineMax=, 48 KiB) is put together again, for its level stands at its beginning.
    {
      type = "recombine";
      id = "line";
      "if" = "body._TRANSPORT == \"stdout\" && body._STREAM_ID != nil";
      is_last_entry = "body._LINE_BREAK != \"line-max\"";
      source_identifier = "body._STREAM_ID";
      combine_field = "body.MESSAGE";
      combine_with = "";
      max_log_size = "${toString limits.joined}";
      max_sources = 200;
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
    (add "identifier" "attributes.syslog_identifier" "type(body.SYSLOG_IDENTIFIER) == \"string\" ? body.SYSLOG_IDENTIFIER : \"\"")
    (
      add "piece" "attributes.line_break" "body._LINE_BREAK"
      // {
        "if" = "body._LINE_BREAK == \"line-max\" && len(body.MESSAGE) > ${toString limits.joined}";
      }
    )
    (add "given" "body.PRIORITY" given)
    # One that is longer than what is put together has the entry's own level, as all its pieces have.
    (add "level" "body.PRIORITY" level // { "if" = "attributes.line_break == nil"; })
    {
      type = "severity_parser";
      id = "severity";
      parse_from = "body.PRIORITY";
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
      from = "body.MESSAGE";
      to = "body";
    }
    # Why something failed is what people look for in the line itself.
    (
      add "reason" "body" "body + \" error=\" + toJSON(attributes.error)"
      // {
        "if" = "attributes.error != nil";
      }
    )
  ];
}
