# Prometheus: what it scrapes, where it sends alerts, and the flags that its configuration file cannot say.
# The parts are separate because NixOS has an option for each; `file` is the whole for everyone else.
{
  host,
  ports,
  timing,
  targets,
  cared,
  rulesFile,
}:
let
  address = port: "127.0.0.1:${toString port}";
  inherit (import ./promql.nix) seconds;

  own =
    { job, port, ... }@target:
    {
      job_name = job;
      static_configs = [
        {
          targets = [ (address port) ];
          labels = { inherit host; };
        }
      ];
    }
    // (if target.honorLabels or false then { honor_labels = true; } else { })
    // (if target ? relabel then { metric_relabel_configs = target.relabel; } else { });

  globalConfig = {
    scrape_interval = seconds timing.scrape;
    evaluation_interval = seconds timing.evaluation;
    # A target that answers later than the next scrape is due is as good as down.
    scrape_timeout = seconds (if timing.scrape < 10 then timing.scrape else 10);
  };
  scrapeConfigs = map own targets ++ builtins.concatMap (unit: unit.scrapeConfigs or [ ]) cared;
  retention = {
    time = "15d";
    size = "2GB";
  };
  alertmanagers = [
    { static_configs = [ { targets = [ (address ports.alertmanager) ]; } ]; }
  ];
in
{
  inherit globalConfig scrapeConfigs alertmanagers;

  file = {
    global = globalConfig;
    rule_files = [ rulesFile ];
    alerting = { inherit alertmanagers; };
    scrape_configs = scrapeConfigs;
  };

  # Retention by age and by bytes: the first to be reached deletes.
  inherit retention;
  flags = [
    "--storage.tsdb.retention.time=${retention.time}"
    "--storage.tsdb.retention.size=${retention.size}"
    # From a bucket of a histogram to a trace.
    "--enable-feature=exemplar-storage"
  ];
}
