# What listens on loopback, at another address: for a Prometheus elsewhere, whose scrape jobs have to reach this host.
# Addresses with a port are changed; URLs are not, for a probe asks them from here.
{ lib, address }:
let
  reachable =
    value:
    if lib.isAttrs value then
      lib.mapAttrs (_: reachable) value
    else if lib.isList value then
      map reachable value
    else if lib.isString value && lib.hasPrefix "127.0.0.1:" value then
      address + lib.removePrefix "127.0.0.1" value
    else
      value;
in
reachable
