# The exporters. Address and port have options of their own upstream, and a flag given twice stops an exporter;
# so only what is left goes into extraFlags, quoted, for upstream joins them as they are.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.homeostat;
  settings = cfg.rendered.exporters;
  inherit (import ./names.nix) units users;
  inherit (import ./settings/write.nix) word;

  listening = {
    enable = true;
    listenAddress = lib.mkDefault (if cfg.prometheus.enable then "127.0.0.1" else cfg.address);
  };
in
{
  config = lib.mkMerge [
    (lib.mkIf cfg.enable {
      services.prometheus.exporters = {
        node = listening // {
          enabledCollectors = settings.node.collectors;
          extraFlags = map word settings.node.flags;
        };
        process = listening // {
          settings = settings.process.config;
          extraFlags = map word settings.process.flags;
        };
        blackbox = listening // {
          configFile = lib.mkDefault (pkgs.writeText "blackbox.json" (builtins.toJSON cfg.rendered.blackbox));
        };
      };
    })

    (lib.mkIf (cfg.enable && cfg.postgresql.enable) {
      services.prometheus.exporters.postgres = listening // {
        extraFlags = map word settings.postgres.flags;
        dataSourceName = lib.mkDefault settings.postgres.dataSourceName;
      };
      services.postgresql.ensureUsers = [ { name = users.postgresExporter; } ];

      # The least that shows all statistics. Both run at each start of the setup, and the grant may be repeated.
      systemd.services.postgresql-setup.script = lib.mkAfter ''
        psql -tAc 'GRANT pg_monitor TO "${users.postgresExporter}"'
      '';
      systemd.services.prometheus-postgres-exporter = {
        wants = [ units.databaseReady ];
        after = [ units.databaseReady ];
      };
    })
  ];
}
