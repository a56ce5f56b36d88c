# The host whose settings the tests look at: NixOS's unit names, the sample API, and foreign apps that are
# under care by data alone. Times are production's; `fast` is rendered beside it for the syntax checks.
{
  fast,
  without ? [ ],
  logStore ? "loki",
}:
import ../settings {
  host = "web1";
  demo = true;
  inherit fast without logStore;
  apps = {
    shop = {
      unit = "shop.service";
      metricsPort = 9000;
      probe = "http://127.0.0.1:8080/health";
      ignoredRoutes = [
        "/health"
        "/status.json"
      ];
      remedy.on = [
        "down"
        "failed"
        "errors"
      ];
      remedy.ladder = [
        "reload-or-restart"
        "rescue"
      ];
    };
    # Nothing but a unit, and only watched in earnest: a rule in dry-run.
    mailer = {
      unit = "mail\\x2dqueue@main.service";
      remedy.mode = "dry-run";
    };
    # Watched, never healed.
    ledger = {
      unit = "ledger.service";
      probe = "http://127.0.0.1:8090/";
      dependsOn = [ "postgresql" ];
      remedy.on = [ ];
    };
  };
  acknowledgement = 1800;
  receivers.oncall.webhook.url = "http://127.0.0.1:19009/";
  runbookUrl = "https://runbook.example/RUNBOOK.md";
  inherit (import ../names.nix) users;
  # Upstream's module has this name; none of ours runs it.
  units = (import ../names.nix).units // {
    victorialogs = "victorialogs.service";
  };
  paths = (import ../names.nix).paths // {
    binaries = "/usr/local/bin";
    rules = "rules.json";
    secretsScript = "/usr/local/bin/homeostat-secrets";
  };
}
