# A server that has had Prometheus and Alertmanager for years. Homeostat adds its jobs, rules and routes to
# them; what the host says about retention, ports and intervals stays as it is.
{ pkgs, ... }:
{
  imports = [ ./hardware.nix ];
  networking.hostName = "web1";

  services.prometheus = {
    enable = true;
    port = 19090;
    retentionTime = "90d";
    globalConfig.scrape_interval = "30s";
    scrapeConfigs = [
      {
        job_name = "router";
        static_configs = [ { targets = [ "192.0.2.1:9100" ]; } ];
      }
    ];
    rules = [
      (builtins.toJSON {
        groups = [
          {
            name = "router";
            rules = [
              {
                alert = "RouterDown";
                expr = "up{job=\"router\"} == 0";
              }
            ];
          }
        ];
      })
    ];
  };

  services.homeostat = {
    enable = true;
    apps.web = {
      unit = "nginx.service";
      probe = "http://127.0.0.1:80/";
      remedy.ladder = [
        "reload-or-restart"
        "rescue"
      ];
    };
    # The URL is a secret, so it is a file.
    receivers.oncall.webhook.urlFile = "/run/secrets/pager-url";
    # Alertmanager is untyped upstream; its own part goes here.
    alertmanager.settings = {
      route.routes = [
        {
          receiver = "network";
          matchers = [ "alertname=\"RouterDown\"" ];
        }
      ];
      receivers = [
        {
          name = "network";
          webhook_configs = [ { url = "http://127.0.0.1:8081/network"; } ];
        }
      ];
    };
  };

  services.nginx.enable = true;
  environment.systemPackages = [ pkgs.curl ];
}
