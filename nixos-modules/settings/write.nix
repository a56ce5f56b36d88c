# Text of configuration files from plain data: systemd units, key = value files. JSON needs no writer,
# and every YAML reader reads it.
let
  lines = builtins.concatStringsSep "\n";
  printed = value: if builtins.isBool value then (if value then "yes" else "no") else toString value;

  # systemd expands % in most values; our data has none that is not meant literally.
  directive =
    key: value:
    if builtins.isList value then
      map (item: "${key}=${printed item}") value
    else
      [ "${key}=${printed value}" ];
  section =
    title: values:
    if values == { } then
      [ ]
    else
      [ "[${title}]" ]
      ++ builtins.concatMap (key: directive key values.${key}) (builtins.attrNames values)
      ++ [ "" ];
  relation =
    key: units: if units == [ ] then { } else { ${key} = builtins.concatStringsSep " " units; };
in
{
  # A word of ExecStart: systemd expands % and $, and splits at spaces.
  word = flag: "\"${builtins.replaceStrings [ "%" "$" ] [ "%%" "$$" ] flag}\"";

  # A unit file from the form of NixOS's systemd.services. Lists become repeated keys.
  unit =
    {
      description ? null,
      wants ? [ ],
      requires ? [ ],
      after ? [ ],
      before ? [ ],
      wantedBy ? [ ],
      unitConfig ? { },
      serviceConfig,
    }:
    lines (
      section "Unit" (
        unitConfig
        // (if description == null then { } else { Description = description; })
        // relation "Wants" wants
        // relation "Requires" requires
        // relation "After" after
        // relation "Before" before
      )
      ++ section "Service" serviceConfig
      ++ section "Install" (relation "WantedBy" wantedBy)
    );

  # Sections of key = value lines, as Grafana reads them.
  ini =
    sections:
    let
      value =
        given: if builtins.isBool given then (if given then "true" else "false") else toString given;
    in
    lines (
      builtins.concatMap (
        name:
        [ "[${name}]" ]
        ++ map (key: "${key} = ${value sections.${name}.${key}}") (builtins.attrNames sections.${name})
        ++ [ "" ]
      ) (builtins.attrNames sections)
    );

  # postgresql.conf: strings quoted, booleans as on and off.
  keyValue =
    settings:
    lines (
      map (
        key:
        let
          value = settings.${key};
        in
        if builtins.isBool value then
          "${key} = ${if value then "on" else "off"}"
        else if builtins.isString value then
          "${key} = '${builtins.replaceStrings [ "'" ] [ "''" ] value}'"
        else
          "${key} = ${toString value}"
      ) (builtins.attrNames settings)
      ++ [ "" ]
    );
}
