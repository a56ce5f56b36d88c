# Settings as definitions that a user can change: scalars become defaults, which any other definition
# replaces; lists stay at normal priority, so that a user's items are added to ours.
{ lib }:
let
  asDefaults =
    value:
    if lib.isAttrs value then
      lib.mapAttrs (_: asDefaults) value
    else if lib.isList value then
      value
    else
      lib.mkDefault value;
in
asDefaults
