# What every log record goes through before it waits in a queue, wherever it came from: no program can write one that the
# log store refuses. What is changed is named in the record's field `altered`: names, fields, text, time. The statements
# are OTTL, of the transform processor.
{ logDays }:
let
  limits = import ./log-limits.nix;
  text = builtins.toJSON;
  number = toString;

  # Printable, and with a letter or digit to begin a label with: Loki refuses names that are made of other characters.
  half = number (limits.name / 2 - 1);
  goodName = "^[!-~]{0,${half}}[A-Za-z0-9][!-~]{0,${half}}$";

  altered =
    what: condition:
    ''set(log.cache["altered"], Concat([log.cache["altered"], ${text what}], " ")) where ${condition}'';

  # Go's regular expressions read each byte that is no UTF-8 as U+FFFD. In a label Loki takes that character itself for a
  # fault too, and in a field it shows a space for it.
  valid = target: mark: ''replace_pattern(${target}, "\\x{FFFD}", "${mark}")'';
  validAll = target: ''replace_all_patterns(${target}, "value", "\\x{FFFD}", "?")'';

  cut = target: most: ''
    set(${target}, Concat([Substring(${target}, 0, ${number (most - 3)}, utf8_safe=true), "…"], "")) where Len(${target}) > ${number most}'';

  isWrong = builtins.concatStringsSep " or " [
    ''log.time > Now() + Duration("${number limits.aheadMinutes}m")''
    ''log.time < Now() - Duration("${number (limits.oldest logDays)}h")''
  ];

  record = [
    ''set(log.cache["altered"], "")''

    # What is known of the sender and of the library stands on each record: a store repeats it for each of them, so that
    # only then a request's size says how much it becomes there.
    ''merge_maps(log.attributes, resource.attributes, "insert") where Len(resource.attributes) > 2''
    ''delete_key(log.attributes, "service.name")''
    ''delete_key(log.attributes, "host.name")''
    ''merge_maps(log.attributes, scope.attributes, "insert") where Len(scope.attributes) > 0''
    ''set(log.attributes["scope_name"], scope.name) where scope.name != ""''

    ''set(log.cache["fields"], Len(log.attributes))''
    "keep_matching_keys(log.attributes, ${text goodName})"
    (altered "names" ''Len(log.attributes) < log.cache["fields"]'')

    "stringify_all(log.attributes)"
    (validAll "log.attributes")
    ''set(log.cache["fields"], Len(log.attributes))''
    ''limit(log.attributes, ${number limits.fields}, ["trace_id", "systemd_unit", "syslog_identifier", "error"])''
    ''set(log.cache["size"], Len(String(log.attributes)))''
    (altered "fields" ''log.cache["fields"] > ${number limits.fields} or log.cache["size"] > ${number limits.allFields}'')
    ''truncate_all(log.attributes, ${number limits.fewField}) where log.cache["size"] > ${number limits.allFields} and Len(log.attributes) <= ${number limits.few}''
    ''truncate_all(log.attributes, ${number limits.field}) where log.cache["size"] > ${number limits.allFields} and Len(log.attributes) > ${number limits.few}''

    # A store shows a record without text in words of its own.
    "set(log.body, String(log.body)) where log.body != nil and not IsString(log.body)"
    ''set(log.body, String(log.attributes)) where log.body == nil or log.body == ""''
    (valid "log.body" "�")
    (altered "text" "Len(log.body) > ${number limits.text}")
    (cut "log.body" limits.text)
    (valid "log.severity_text" "?")
    (cut "log.severity_text" limits.label)

    "set(log.time_unix_nano, log.observed_time_unix_nano) where log.time_unix_nano == 0"
    "set(log.time, Now()) where log.time_unix_nano == 0"
    ''set(log.attributes["stated_time"], FormatTime(log.time, "%Y-%m-%dT%H:%M:%SZ")) where ${isWrong}''
    (altered "time" isWrong)
    "set(log.time, Now()) where ${isWrong}"

    ''set(log.attributes["altered"], Trim(log.cache["altered"])) where log.cache["altered"] != ""''
  ];
in
{
  error_mode = "ignore";
  log_statements = [
    { statements = record; }
    {
      statements = [
        ''set(scope.name, "") where scope.name != ""''
        ''set(scope.version, "") where scope.version != ""''
        ''keep_keys(scope.attributes, [])''
        ''set(scope.schema_url, "") where scope.schema_url != ""''
      ];
    }
    {
      statements = [
        ''keep_keys(resource.attributes, ["service.name", "host.name"])''
        "stringify_all(resource.attributes)"
        (validAll "resource.attributes")
        "truncate_all(resource.attributes, ${number limits.label})"
        ''set(resource.schema_url, "") where resource.schema_url != ""''
      ];
    }
  ];
}
