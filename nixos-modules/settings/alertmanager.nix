# Alertmanager: who hears of an alert, when, and what mutes it.
#
# Whether an alert has a remedy is not written on the alert: the routes are made from the remediator's own
# rules, by literal alert name, unit and host. So an alert reaches the remediator exactly if a rule waits
# for it, and the people's backstop waits exactly as long as those rules may take.
{
  host,
  timing,
  remedies,
  cared,
  remediatorUrl,
  tokenFile,
  # [ { url } or { url_file } ]
  people,
  heartbeatUrl,
  postgresqlUnit,
}:
let
  inherit (import ./promql.nix) seconds equals;

  webhook = target: target // { send_resolved = true; };

  configuration = {
    global.resolve_timeout = seconds timing.resolveTimeout;
    route = {
      receiver = "people";
      group_by = [
        "host"
        "unit"
      ];
      group_wait = seconds timing.peopleWait;
      group_interval = seconds timing.peopleInterval;
      repeat_interval = seconds timing.peopleRepeat;
      routes = [
        {
          receiver = "heartbeat";
          matchers = [ (equals "alertname" "Watchdog") ];
          group_wait = "0s";
          group_interval = "1m";
          repeat_interval = "1m";
        }
        {
          receiver = "none";
          matchers = [ (equals "alertname" "RemediationAcknowledged") ];
        }
        {
          receiver = "people";
          matchers = [ (equals "alertname" "RemediationExhausted") ];
          group_wait = "0s";
        }
      ]
      ++ import ./alertmanager-routes.nix { inherit host timing remedies; };
    };
    inhibit_rules = import ./alertmanager-inhibitions.nix { inherit cared postgresqlUnit; };
    receivers = [
      {
        name = "remediator";
        webhook_configs = [
          (
            webhook { url = remediatorUrl; }
            // {
              http_config.authorization = {
                type = "Bearer";
                credentials_file = tokenFile;
              };
            }
          )
        ];
      }
      {
        name = "people";
        webhook_configs = map webhook people;
      }
      (
        {
          name = "heartbeat";
        }
        // (
          if heartbeatUrl == null then
            { }
          else
            { webhook_configs = [ (webhook { url = heartbeatUrl; } // { send_resolved = false; }) ]; }
        )
      )
      { name = "none"; }
    ];
  };

  text = builtins.toJSON configuration;
in
# NixOS passes the file through envsubst, which would replace what follows a dollar sign.
if builtins.replaceStrings [ "$" ] [ "" ] text != text then
  throw "receivers: Alertmanager's configuration cannot carry a dollar sign; write %24 in the url"
else
  configuration
