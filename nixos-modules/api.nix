# The sample API: an instrumented workload with a database, and an app like any other.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.homeostat;
  json = pkgs.formats.json { };
  asDefaults = import ./as-defaults.nix { inherit lib; };
  beyondLoopback = import ./beyond-loopback.nix { inherit lib; };
  inherit (import ./names.nix) users;
  inherit (cfg.api) settings;

  checked = import ./checked.nix {
    inherit pkgs;
    command = "${cfg.package}/bin/homeostat-api check-config";
    file = json.generate "api.json" settings;
  };
  name = users.api;
in
{
  options.services.homeostat.api = {
    enable = mkOption {
      type = types.bool;
      default = cfg.demo.enable;
      defaultText = lib.literalExpression "config.services.homeostat.demo.enable";
      example = true;
      description = "Whether to run the sample API and its database.";
    };
    settings = mkOption {
      inherit (json) type;
      default = { };
      example = {
        database_max_connections = 20;
      };
      description = "What the sample API reads, laid over what the other options give. An unknown key fails the build.";
    };
  };

  config = lib.mkIf (cfg.enable && cfg.api.enable) {
    services.homeostat = {
      # Whole lists are defaults here: who says `remedy.on` chooses, and does not add.
      apps.${name} = lib.mapAttrsRecursive (_: lib.mkDefault) cfg.rendered.sampleApp;
      api.settings = asDefaults cfg.rendered.api;
    };

    environment.etc."homeostat/api.json".source = checked;
    systemd.services.homeostat-api = {
      restartTriggers = [ checked ];
      serviceConfig = beyondLoopback (
        [ settings.listen ] ++ lib.optional (settings.otlp_endpoint != null) settings.otlp_endpoint
      );
    };

    services.postgresql = {
      ensureDatabases = [ name ];
      ensureUsers = [
        {
          inherit name;
          ensureDBOwnership = true;
        }
      ];
    };
  };
}
