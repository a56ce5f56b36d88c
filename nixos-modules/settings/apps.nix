# From one app to everything that its care needs:
#   { name; unit; scrapeConfigs; recordings; alerts; remedies; dependsOn; }
# An app is { unit; metricsPort; probe; dependsOn; ignoredRoutes; thresholds; remedy = { on; ladder;
# attempts; cooldown; mode; }; }; all but `unit` have defaults. Our sample API is such an app too.
{
  host,
  ports,
  timing,
  runbookUrl,
}:
name: given:
let
  refuse = key: problem: throw "services.homeostat.apps.${name}.${key}: ${problem}";
  onlyKnown =
    path: defaults: values:
    builtins.foldl' (
      checked: key:
      if defaults ? ${key} then
        checked
      else
        refuse "${path}${key}" "unknown; known are ${toString (builtins.attrNames defaults)}"
    ) values (builtins.attrNames values);

  inherit (import ./app-defaults.nix { inherit timing; }) defaults thresholds remedy;

  merged = defaults // onlyKnown "" defaults given;
  app = merged // {
    inherit name;
    unit = if merged.unit == null then refuse "unit" "missing; name the systemd unit" else merged.unit;
    thresholds = thresholds // onlyKnown "thresholds." thresholds merged.thresholds;
    remedy = remedy // onlyKnown "remedy." remedy merged.remedy;
    job = "app/${name}";
    probeJob = "probe/${name}";
  };

  labels = {
    inherit host;
    app = name;
    inherit (app) unit;
  };
  target = address: [
    {
      targets = [ address ];
      inherit labels;
    }
  ];

  scrape = {
    job_name = app.job;
    # A program that does not say which format it writes is read as the plain one.
    fallback_scrape_protocol = "PrometheusText0.0.4";
    static_configs = target "127.0.0.1:${toString app.metricsPort}";
  };
  probe = {
    job_name = app.probeJob;
    metrics_path = "/probe";
    params.module = [ "http_2xx" ];
    static_configs = target app.probe;
    relabel_configs = [
      {
        source_labels = [ "__address__" ];
        target_label = "__param_target";
      }
      {
        source_labels = [ "__param_target" ];
        target_label = "instance";
      }
      {
        target_label = "__address__";
        replacement = "127.0.0.1:${toString ports.blackboxExporter}";
      }
    ];
  };

  care = import ./app-alerts.nix { inherit host timing runbookUrl; } app;
  # An app that has neither metrics nor a probe cannot be seen to be down; the default does not insist.
  unknownWords = builtins.filter (word: !(builtins.any (alert: alert.on == word) care.alerts)) (
    if app.remedy.on == remedy.on then [ ] else app.remedy.on
  );
  wanted = builtins.filter (alert: builtins.elem alert.on app.remedy.on) care.alerts;
in
if unknownWords != [ ] then
  refuse "remedy.on" "${builtins.head unknownWords} is no alert of this app; it has ${
    toString (map (alert: alert.on) care.alerts)
  } (errors and latency need metricsPort, down needs metricsPort or probe)"
else
  {
    inherit name;
    inherit (app) unit dependsOn;
    scrapeConfigs =
      (if app.metricsPort == null then [ ] else [ scrape ])
      ++ (if app.probe == null then [ ] else [ probe ]);
    inherit (care) recordings;
    alerts = map (alert: alert.rule) care.alerts;
    remedies = import ./remedies.nix { inherit timing; } {
      inherit name;
      inherit (app) unit remedy;
      alerts = wanted;
    };
  }
