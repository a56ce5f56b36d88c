# A server that has had Prometheus, Alertmanager and Grafana for years. Homeostat adds its jobs, rules, routes, data
# sources and dashboards to them; what the host says about retention, ports and intervals stays as it is.
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

  services.grafana = {
    enable = true;
    settings = {
      server.http_port = 13000;
      # The key by which it has encrypted what it stores.
      security.secret_key = "$__file{/run/secrets/grafana-secret-key}";
    };
    provision.enable = true;
    provision.datasources.settings.datasources = [
      {
        name = "Router";
        type = "graphite";
        url = "http://192.0.2.1:8080";
      }
    ];
  };

  services.homeostat = {
    enable = true;
    # Log lines for a month, and no traces.
    loki.settings.limits_config.retention_period = "720h";
    tempo.enable = false;
    # Another program has Loki's port.
    ports.loki = 13100;
    grafana.settings.users.default_theme = "light";
    secrets.grafanaAdminPasswordFile = "/run/secrets/grafana-admin-password";
    # What one journal field holds is nobody's business in Loki.
    collector.settings = {
      processors."attributes/private".actions = [
        {
          key = "customer";
          action = "delete";
        }
      ];
      service.pipelines."logs/journal".processors = [ "attributes/private" ];
    };
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
