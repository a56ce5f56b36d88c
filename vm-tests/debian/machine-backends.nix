# The backends, of which Debian has no packages: units, configuration and users, named as upstream's NixOS modules
# name them.
{
  facts,
  role,
  settings,
  collectorExporters,
}:
let
  inherit (facts) units paths;
  configured = name: "${paths.config}/${name}.json";
  json = value: builtins.toJSON value + "\n";
  runs = backend: settings.${backend} != null;
  when = condition: value: if condition then value else { };

  collector = settings.collector // {
    exporters = builtins.mapAttrs (
      name: exporter: exporter // (collectorExporters.${name} or { })
    ) settings.collector.exporters;
  };

  unit = import ./machine-unit.nix;
  grafana = import ./machine-grafana.nix { inherit facts role settings; };
in
{
  units =
    when (runs "loki") {
      ${units.loki} = unit {
        description = "Loki";
        binary = "${paths.binaries}/loki";
        arguments = [ "-config.file=${configured "loki"}" ];
        limits = settings.limits.loki;
        state = paths.lokiState;
        serviceConfig = {
          User = "loki";
          Group = "loki";
        };
      };
    }
    // when (runs "victorialogs") {
      ${units.victorialogs} = unit {
        description = "VictoriaLogs";
        binary = "${paths.binaries}/victoria-logs";
        arguments = settings.victorialogs;
        limits = settings.limits.victorialogs;
        state = paths.victorialogsState;
        serviceConfig.DynamicUser = true;
      };
    }
    // when (runs "tempo") {
      ${units.tempo} = unit {
        description = "Tempo";
        binary = "${paths.binaries}/tempo";
        arguments = [ "-config.file=${configured "tempo"}" ];
        limits = settings.limits.tempo;
        state = paths.tempoState;
        serviceConfig = {
          DynamicUser = true;
          # From 3.0 on it makes code at run time, for JSON.
          MemoryDenyWriteExecute = false;
        };
      };
    }
    // when (runs "collector") {
      ${units.collector} = unit {
        description = "OpenTelemetry Collector";
        binary = "${paths.binaries}/otelcol";
        arguments = [ "--config=file:${configured "collector"}" ] ++ settings.collectorFlags;
        limits = settings.limits.collector;
        state = paths.collectorState;
        # Last to start and first to stop, so that what it holds has somewhere to go.
        after = [
          units.loki
          units.victorialogs
          units.tempo
          units.spans
        ];
        serviceConfig = {
          DynamicUser = true;
          # It runs journalctl, which shows every unit's lines to members of this group.
          SupplementaryGroups = "systemd-journal";
          ExecStopPost = "${role.paths.collectorStorage} ${settings.collector.extensions.file_storage.directory}";
        };
      };
    }
    // when (runs "spans") { ${units.spans} = settings.spans; }
    // when (runs "grafana") {
      ${units.grafana} = unit (grafana.unit // { state = paths.grafanaState; });
    };

  files =
    when (runs "loki") { ${configured "loki"} = json settings.loki; }
    // when (runs "tempo") { ${configured "tempo"} = json settings.tempo; }
    // when (runs "collector") { ${configured "collector"} = json collector; }
    // when (runs "grafana") grafana.files;

  users = builtins.filter runs [
    "loki"
    "grafana"
  ];

  ports = import ./machine-ports.nix { inherit settings runs; };
}
