# How compare.nix compares: every side is an attrset from what is said to its value, so that a difference can be named.
{ lib }:
let
  # Data as an attrset from the path of each leaf to its text. Upstream's submodules hold null for what nobody said.
  leaves =
    path: value:
    if lib.isAttrs value && !(lib.isDerivation value) then
      lib.concatLists (
        lib.mapAttrsToList (key: leaves "${path}.${key}") (
          lib.filterAttrs (key: inner: key != "_module" && inner != null) value
        )
      )
    else if lib.isList value then
      lib.concatLists (lib.imap0 (index: leaves "${path}[${toString index}]") value)
    else
      [ (lib.nameValuePair path (if lib.isBool value then lib.boolToString value else toString value)) ];

  # NixOS's own words in a unit: its path, its locale, its triggers.
  added = line: builtins.match "X-.*|Environment=\"?(PATH|LOCALE_ARCHIVE|TZDIR)=.*" line != null;
  # A line that names several units is as many lines.
  split =
    line:
    let
      parts = builtins.match "(After|Before|Requires|Wants)=(.*)" line;
    in
    if parts == null then
      [ line ]
    else
      map (unit: "${lib.head parts}=${unit}") (lib.splitString " " (lib.last parts));
  lines =
    text:
    lib.genAttrs (lib.concatMap split (
      lib.filter (line: line != "" && !(added line)) (lib.splitString "\n" text)
    )) (_: "that line");

  # Of a unit that upstream or Debian brings, what we give to it: flags, limits and credentials.
  ours =
    line:
    builtins.match "(Environment=|LoadCredential=|MemoryMax=|RestartSec=|SupplementaryGroups=).*" line
    != null;
  flags =
    line:
    lib.optionals (lib.hasPrefix "ExecStart=" line) (
      lib.filter (lib.hasPrefix "-") (lib.splitString " " line)
    );
  # Some write --a=b as --a b.
  spaced = lib.replaceStrings [ "=" ] [ " " ];
in
{
  inherit lines;
  data =
    normal: value:
    lib.listToAttrs (
      map (leaf: lib.nameValuePair (normal leaf.name) (normal leaf.value)) (leaves "" value)
    );

  words =
    debian: nixos:
    let
      unquoted = lib.replaceStrings [ "\"" ] [ "" ];
      given = lib.concatMap (line: flags line ++ lib.optional (ours line) line) (
        lib.splitString "\n" (unquoted debian)
      );
      found = lib.filter (word: lib.hasInfix (spaced word) (spaced (unquoted nixos))) given;
    in
    {
      debian = lib.genAttrs given (_: "that");
      nixos = lib.genAttrs found (_: "that");
    };

  # Only what Debian says; upstream's module adds its own.
  within = compared: compared // { nixos = lib.intersectAttrs compared.debian compared.nixos; };

  # What differs and has no reason, and each reason that explains nothing.
  unexplained =
    compared: reasons:
    let
      between =
        name:
        { debian, nixos }:
        map
          (
            key: "${name}: ${key}: Debian has ${debian.${key} or "nothing"}, NixOS ${nixos.${key} or "nothing"}"
          )
          (lib.filter (key: debian.${key} or null != nixos.${key} or null) (lib.attrNames (debian // nixos)));
      differences = lib.concatLists (lib.mapAttrsToList between compared);
      explains = reason: difference: builtins.match reason difference != null;
    in
    lib.filter (
      difference: !(lib.any (reason: explains reason difference) (lib.attrNames reasons))
    ) differences
    ++ map (reason: "no difference any more: ${reason} (${reasons.${reason}})") (
      lib.filter (reason: !(lib.any (explains reason) differences)) (lib.attrNames reasons)
    );
}
