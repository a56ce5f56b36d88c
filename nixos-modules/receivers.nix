# services.homeostat.receivers: people, or what reaches them.
{ lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  options.services.homeostat.receivers = mkOption {
    type = types.attrsOf (
      types.submodule {
        options.webhook = {
          url = mkOption {
            type = types.str;
            default = "";
            example = "https://pager.example/hook";
            description = ''
              URL that takes Alertmanager's webhook. It stands in the world-readable Nix store: where the URL itself is a
              secret, use `urlFile`.
            '';
          };
          urlFile = mkOption {
            type = types.nullOr types.str;
            default = null;
            example = "/run/secrets/pager-url";
            description = "File outside the Nix store that holds the URL, read by root and handed on as a credential.";
          };
        };
      }
    );
    default = { };
    example = {
      oncall.webhook.url = "https://pager.example/hook";
    };
    description = "Who is called when a remedy did not help, and for every alert that has no remedy.";
  };
}
