# A host that runs none of the programs that store anything: a monitoring host does, reached over a private network.
# The remediator asks the Prometheus and the Alertmanager there, and heals here; the Collector sends log lines and
# spans there. That host scrapes services.homeostat.rendered.prometheus.scrapeConfigs, evaluates
# services.homeostat.rendered.rules, and posts to the remediator with the token of secrets.alertmanagerTokenFile.
let
  address = "192.0.2.10";
  monitor = "192.0.2.2";
in
{
  imports = [ ./hardware.nix ];
  networking.hostName = "worker1";

  services.homeostat = {
    enable = true;
    inherit address;
    prometheus.url = "http://${monitor}:9090";
    alertmanager.url = "http://${monitor}:9093";
    loki.url = "http://${monitor}:3100";
    tempo.otlpUrl = "http://${monitor}:4418";
    grafana.url = "http://${monitor}:3000";
    apps.queue.unit = "redis-queue.service";

    secrets.alertmanagerTokenFile = "/run/secrets/homeostat-alertmanager-token";
    remediator = {
      externalUrl = "http://${address}:5000";
      settings.listen = "${address}:5000";
      settings.allowed_hosts = [ address ];
    };
  };

  # Only the monitoring host has business here: the remediator, the Collector's metrics, the exporters.
  networking.firewall.extraInputRules = ''
    ip saddr ${monitor} tcp dport { 5000, 8888, 8889, 9100, 9115, 9256 } accept
  '';
  networking.nftables.enable = true;

  services.redis.servers.queue.enable = true;
}
