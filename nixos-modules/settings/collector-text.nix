# The operators that give every entry one text in body.MESSAGE, whatever form it has in the journal.
let
  inherit (import ./collector-add.nix) addIf;
  limits = import ./log-limits.nix;

  # An entry with several texts has an array of them.
  texts = "join(filter(body.MESSAGE, type(#) == \"string\"), \"\\n\")";

  # A text with characters that journalctl does not print is an array of bytes. The receiver could put it together, but
  # would then lose several texts; here it goes by way of Base64, for which three bytes are four letters.
  bytes = builtins.concatStringsSep " " [
    "let given = type(body.MESSAGE[0]) == \"array\" ? body.MESSAGE[0] : body.MESSAGE;"
    "let letters = \"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\";"
    # One more than a text may have, so that it is cut where all are, and says so.
    "let bytes = map(given[:${toString (limits.text + 1)}], int(#));"
    "let padded = concat(bytes, [0, 0]);"
    "let coded = map(0..(len(bytes) - 1), # % 3 != 0 ? \"\" :"
    "let three = bitor(bitor(bitshl(padded[#], 16), bitshl(padded[# + 1], 8)), padded[# + 2]);"
    "let a = bitshr(three, 18); let b = bitand(bitshr(three, 12), 63);"
    "let c = bitand(bitshr(three, 6), 63); let d = bitand(three, 63);"
    "letters[a:a + 1] + letters[b:b + 1] + letters[c:c + 1] + letters[d:d + 1]);"
    "fromBase64(join(coded))[:len(bytes)]"
  ];
  isArray = "type(body.MESSAGE) == \"array\"";
in
[
  (addIf "${isArray} && any(body.MESSAGE, type(#) == \"string\")" "texts" "body.MESSAGE" texts)
  (addIf "${isArray} && len(body.MESSAGE) > 0" "bytes" "body.MESSAGE" bytes)
  (addIf "type(body.MESSAGE) != \"string\"" "text" "body.MESSAGE" "\"\"")
  # A line longer than the journal takes (LineMax=, 48 KiB) is put together again, for its level stands at its beginning.
  {
    type = "recombine";
    id = "line";
    "if" = "body._TRANSPORT == \"stdout\" && body._STREAM_ID != nil";
    is_last_entry = "body._LINE_BREAK != \"line-max\"";
    source_identifier = "body._STREAM_ID";
    combine_field = "body.MESSAGE";
    combine_with = "";
    max_log_size = toString limits.joined;
    max_sources = 200;
  }
]
