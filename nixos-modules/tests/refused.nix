# Mistakes, each with words of the sentence that tells of it: see refusals.nix.
let
  shop = extra: {
    systemd.services.shop.serviceConfig.ExecStart = "/bin/true";
    services.homeostat.apps.shop = {
      unit = "shop.service";
    }
    // extra;
  };
  homeostat = given: { services.homeostat = given; };
  # All that stores anything is elsewhere.
  remote =
    given:
    homeostat (
      {
        address = "192.0.2.10";
        prometheus.url = "http://192.0.2.2:9090";
        alertmanager.url = "http://192.0.2.2:9093";
        loki.url = "http://192.0.2.2:3100";
        tempo.url = "http://192.0.2.2:3200";
        tempo.otlpUrl = "http://192.0.2.2:4418";
        remediator.settings.listen = "192.0.2.10:5000";
        receivers.a.webhook.url = "https://pager.example/hook";
      }
      // given
    );
in
{
  inherit shop homeostat remote;

  # The settings throw; Nix can catch that, and not read what was said.
  thrown = {
    unknown-verb = shop { remedy.ladder = [ "dance" ]; };
    former-verb = shop { remedy.ladder = [ "try-restart" ]; };
    unknown-mode = shop { remedy.mode = "maybe"; };
    alert-without-metrics = shop { remedy.on = [ "errors" ]; };
    no-suffix = shop { unit = "shop"; };
    sshd = homeostat { apps.ssh.unit = "sshd.service"; };
    console = homeostat { apps.tty.unit = "getty@tty1.service"; };
    itself = homeostat { apps.me.unit = "homeostat-remediator.service"; };
    unknown-interval = homeostat { timing.scrap = 5; };
    narrow-window = homeostat { timing.scrape = 60; };
  };

  asserted = {
    undefined-unit = {
      module = homeostat { apps.shop.unit = "shoop.service"; };
      says = "no unit shoop.service";
    };
    port-of-an-app = {
      module = shop { metricsPort = 9090; };
      says = "apps.shop.metricsPort are all 9090";
    };
    port-of-ours = {
      module = homeostat { ports.remediator = 9100; };
      says = "exporters.node.port are all 9100";
    };
    secret-in-the-store = {
      module = homeostat { receivers.a.webhook.urlFile = "${../../LICENSE}"; };
      says = "in the Nix store";
    };
    no-url = {
      module = homeostat { receivers.a.webhook = { }; };
      says = "neither url nor urlFile";
    };
    public-demo = {
      module = {
        services.homeostat.demo.enable = true;
        services.prometheus.listenAddress = "0.0.0.0";
      };
      says = "services.prometheus.listenAddress = \"0.0.0.0\"";
    };
    public-api = {
      module = homeostat {
        demo.enable = true;
        api.settings.listen = "[::]:8000";
      };
      says = "api.settings.listen = \"[::]:8000\"";
    };
    dollar = {
      module = homeostat { alertmanager.settings.route.group_by = [ "$x" ]; };
      says = "dollar sign";
    };
    https = {
      module = homeostat { prometheus.url = "https://monitor.example"; };
      says = "plain http:// only";
    };
    port-of-grafana = {
      module.services.grafana.settings.server.http_port = 3100;
      says = "services.grafana.settings.server.http_port are all 3100";
    };
    port-at-the-program = {
      module.services.loki.configuration.server.http_listen_port = 3101;
      says = "and services.homeostat.ports.loki is 3100";
    };
    key-in-the-store = {
      module = homeostat { secrets.grafanaSecretKeyFile = "${../../LICENSE}"; };
      says = "services.homeostat.secrets.grafanaSecretKeyFile is";
    };
    public-grafana = {
      module = {
        services.homeostat.demo.enable = true;
        services.grafana.settings.server.http_addr = "0.0.0.0";
      };
      says = "services.grafana.settings.server.http_addr = \"0.0.0.0\"";
    };
    public-collector = {
      module = homeostat {
        demo.enable = true;
        collector.settings.receivers.otlp.protocols.http.endpoint = "[::]:4318";
      };
      says = "receivers.otlp.protocols.http.endpoint = \"[::]:4318\"";
    };
    quote = {
      module = homeostat { loki.settings.ruler.external_url = "http://it's.example"; };
      says = "single quote";
    };
    two-default-sources = {
      module.services.grafana.provision.datasources.settings.datasources = [
        {
          name = "Mine";
          type = "graphite";
          isDefault = true;
        }
      ];
      says = "isDefault = true, and Grafana starts with one";
    };
    traces-from-nowhere = {
      module = homeostat { tempo.url = "http://192.0.2.2:3200"; };
      says = "tempo.otlpUrl is null";
    };
    traces-to-nowhere = {
      module = homeostat { tempo.otlpUrl = "http://192.0.2.2:4418"; };
      says = "tempo.url is null";
    };
    no-address = {
      module = remote { address = "127.0.0.1"; };
      says = "services.homeostat.address is 127.0.0.1";
    };
    out-of-reach = {
      module = remote { remediator.settings.listen = "127.0.0.1:5000"; };
      says = "remediator.settings.listen is 127.0.0.1:5000, where the Prometheus";
    };
    job-twice = {
      module.services.prometheus.scrapeConfigs = [ { job_name = "node"; } ];
      says = "has two jobs named \"node\", in";
    };
    receiver-twice = {
      module = homeostat { alertmanager.settings.receivers = [ { name = "people"; } ]; };
      says = "has two receivers named \"people\", in";
    };
    collector-twice = {
      module.services.prometheus.exporters.node.enabledCollectors = [ "systemd" ];
      says = "names systemd twice";
    };
  };
}
