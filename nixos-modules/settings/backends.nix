# The log store, Tempo, the Collector and Grafana: what runs on this host and where the rest is found.
{
  host,
  units,
  paths,
  ports,
  timing,
  # Programs that do not run on this host, and the URLs of those that run elsewhere.
  without,
  urls,
  tempoVersion,
  # Where programs on this host send their spans; null is the Collector, if it runs here.
  otlpEndpoint,
}:
let
  runs = program: !(builtins.elem program without);
  here = program: value: if runs program then value else null;
  local = port: "http://127.0.0.1:${toString port}";

  # Elsewhere, here, or nowhere (null).
  place =
    name: program: port:
    if urls.${name} or null != null then urls.${name} else here program (local port);
  lokiUrl = place "loki" "loki" ports.loki;

  logDays = 7;
  # Where log lines go, as the Collector's exporter takes it, and as a whole URL.
  logStore =
    if lokiUrl != null then
      rec {
        name = "loki";
        exporter.endpoint = "${lokiUrl}/otlp";
        url = "${exporter.endpoint}/v1/logs";
      }
    else
      here "victorialogs" rec {
        name = "victorialogs";
        url = "${local ports.victorialogs}/insert/opentelemetry/v1/logs";
        exporter = {
          logs_endpoint = url;
          # Otherwise each set of a resource's attributes would be a stream, and a process's id is one of them.
          headers.VL-Stream-Fields = "service.name,host.name";
        };
      };
in
{
  otlpEndpoint =
    if otlpEndpoint != null then otlpEndpoint else here "collector" (local ports.otlpHttp);
  shipsLogs = runs "collector" && logStore != null;
  # Where the remediator looks whether its lines arrive: it talks to programs of this host only.
  askedStore =
    if !runs "collector" || logStore == null || urls.loki or null != null then
      null
    else
      {
        kind = logStore.name;
        url = local ports.${logStore.name};
        canary_seconds = timing.canary;
      };

  # Each is the whole configuration as data, or null for what does not run here.
  configurations = {
    loki = here "loki" (
      import ./loki.nix {
        inherit ports;
        directory = paths.lokiState;
        days = logDays;
      }
    );
    victorialogs = here "victorialogs" (
      import ./victorialogs.nix {
        inherit ports;
        directory = paths.victorialogsState;
        days = logDays;
      }
    );
    tempo = here "tempo" (
      import ./tempo.nix {
        inherit ports;
        directory = paths.tempoState;
        version = tempoVersion;
      }
    );
    collector = here "collector" (
      import ./collector.nix {
        inherit
          host
          units
          ports
          timing
          logStore
          logDays
          ;
        tempoUrl = place "tempoOtlp" "tempo" ports.tempoOtlp;
        directory = "${paths.collectorState}/storage";
        inherit (paths) journalctl;
      }
    );
    # Each line is in the queue before the next is read from the journal. By default a hundred wait in memory.
    collectorFlags = [ "--feature-gates=stanza.synchronousLogEmitter" ];
    # Only where spans come, but not to a Tempo.
    spans =
      if runs "tempo" || !runs "collector" || logStore == null then
        null
      else
        import ./spans.nix {
          inherit ports paths;
          store = logStore.url;
        };
    grafana = here "grafana" (
      import ./grafana.nix {
        inherit
          host
          ports
          timing
          urls
          without
          ;
        inherit (paths) dashboards;
      }
    );
    limits = import ./limits.nix;
  };
}
