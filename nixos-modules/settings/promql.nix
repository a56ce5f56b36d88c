# Small writers for PromQL and for the matchers of Alertmanager.
rec {
  # Both languages read a double-quoted string with the escapes that JSON writes.
  quote = builtins.toJSON;

  seconds = count: "${toString count}s";

  selector =
    matchers:
    "{${
      builtins.concatStringsSep "," (
        map (label: "${label}=${quote matchers.${label}}") (builtins.attrNames matchers)
      )
    }}";

  # A regular expression that matches `text` alone. Brackets instead of backslashes, because
  # backslashes would have to survive systemd's and the shell's quoting too.
  literal =
    builtins.replaceStrings
      [
        "\\"
        "."
        "+"
        "*"
        "?"
        "|"
        "("
        ")"
        "{"
        "}"
      ]
      [
        "."
        "[.]"
        "[+]"
        "[*]"
        "[?]"
        "[|]"
        "[(]"
        "[)]"
        "[{]"
        "[}]"
      ];

  anyOf = texts: builtins.concatStringsSep "|" (map literal texts);

  # Matchers of Alertmanager.
  equals = label: value: "${label}=${quote value}";
  oneOf = label: values: "${label}=~${quote (anyOf values)}";
  noneOf = label: values: "${label}!~${quote (anyOf values)}";
  named = label: "${label}!=\"\"";
}
