# For a unit whose sandbox keeps to loopback: leaves it if one of the addresses or URLs that the unit uses is elsewhere.
{ lib }:
addresses:
lib.mkIf (!(lib.all (import ./loopback.nix) addresses)) {
  IPAddressAllow = lib.mkForce "any";
  IPAddressDeny = lib.mkForce "";
}
