# The remediator's configuration. Its permits are read off its rules: a unit may be touched with exactly
# the verbs that some ladder has.
{
  host,
  ports,
  timing,
  runbookUrl,
  database,
  remedies,
  externalUrl,
  # For how many seconds a person's acknowledgement holds; null is what the remediator does by itself.
  acknowledgement ? null,
  # Where the traces of incidents go; null is nowhere.
  otlpEndpoint ? null,
  # The log store in which its lines have to arrive; null is none.
  askedStore ? null,
}:
let
  url = port: "http://127.0.0.1:${toString port}";
  unique =
    list:
    builtins.foldl' (seen: item: if builtins.elem item seen then seen else seen ++ [ item ]) [ ] list;
in
{
  inherit host database;
  listen = "127.0.0.1:${toString ports.remediator}";
  allowed_hosts = [
    "127.0.0.1"
    "localhost"
  ];
  alertmanager_url = url ports.alertmanager;
  prometheus_url = url ports.prometheus;
  external_url = if externalUrl == null then url ports.remediator else externalUrl;
  runbook_url = runbookUrl;
  page_resend_seconds = timing.pageResend;
  hold_timeout_seconds = timing.hold;
  resolve_timeout_seconds = timing.resolveTimeout;
  budget = {
    actions = 10;
    window_seconds = 3600;
  };
  units = builtins.mapAttrs (_: rules: {
    verbs = unique (builtins.concatMap (rule: rule.ladder) rules);
  }) (builtins.groupBy (rule: rule.unit) remedies);
  rules = remedies;
}
// (if acknowledgement == null then { } else { acknowledgement_seconds = acknowledgement; })
// (if otlpEndpoint == null then { } else { otlp_endpoint = otlpEndpoint; })
// (if askedStore == null then { } else { log_store = askedStore; })
