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
  inherit (import ./collector-service.nix) unit service;
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

  priorities = builtins.genList toString 8;
  # Of several the first; what is none of syslog's priorities is as good as none, and none is an ordinary line.
  given = "let given = type(body.PRIORITY) == \"array\" ? body.PRIORITY[0] : body.PRIORITY; given in ${builtins.toJSON priorities} ? given : \"6\"";

  inherit (import ./collector-add.nix) add addIf;
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
  ]
  ++ import ./collector-text.nix
  ++ [
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
    (addIf "(${unit}) != nil && (${unit}) matches \"^[^@]+@.+[.]service$\"" "instance"
      "attributes.systemd_instance"
      "let unit = ${unit}; join(split(trimSuffix(unit, \".service\"), \"@\")[1:], \"@\")"
    )
    (add "identifier" "attributes.syslog_identifier" "type(body.SYSLOG_IDENTIFIER) == \"string\" ? body.SYSLOG_IDENTIFIER : \"\"")
    (addIf "body._LINE_BREAK == \"line-max\" && len(body.MESSAGE) > ${toString limits.joined}" "piece" "attributes.line_break" "body._LINE_BREAK")
    (add "given" "body.PRIORITY" given)
    # One that is longer than what is put together has the entry's own level, as all its pieces have.
    (addIf "attributes.line_break == nil" "level" "body.PRIORITY" level)
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
    (addIf "attributes.error != nil" "reason" "body" "body + \" error=\" + toJSON(attributes.error)")
  ];
}
