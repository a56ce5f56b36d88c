# docs/OPTIONS.md from the options themselves: each with its type, default, example and description.
{ pkgs }:
let
  inherit (pkgs) lib;
  evaluated = lib.evalModules {
    modules = [
      ./.
      {
        # The rest of NixOS is not there, and not needed: defaults that ask for it have a text instead.
        _module.check = false;
        _module.args = { inherit pkgs; };
      }
    ];
  };
  shown = lib.filter (option: option.visible && !option.internal) (
    lib.optionAttrSetToDocList evaluated.options.services.homeostat
  );

  # optionAttrSetToDocList has made a text of every default and example.
  value =
    given:
    if given._type == "literalMD" then
      " ${given.text}"
    else if lib.hasInfix "\n" given.text then
      "\n\n```nix\n${given.text}\n```\n"
    else
      " `${given.text}`";
  line =
    title: option: key:
    lib.optional (option ? ${key}) "- ${title}:${value option.${key}}";
  entry =
    option:
    lib.concatStringsSep "\n" (
      [
        "## `${option.name}`"
        ""
        (lib.trim option.description)
        ""
        "- Type: ${option.type}"
      ]
      ++ line "Default" option "default"
      ++ line "Example" option "example"
      ++ [ "" ]
    );
in
pkgs.writeText "OPTIONS.md" ''
  # Options

  Made from the modules; `nix build .#options` makes it anew, and a check compares the two.

  ${lib.concatMapStringsSep "\n" entry shown}''
