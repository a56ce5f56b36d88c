# A host that runs no Prometheus and no Alertmanager: the remediator asks those of a monitoring host, over a private
# network, and heals here. That host scrapes the addresses below, evaluates services.homeostat.rendered.rules, and
# posts to the remediator with the token of secrets.alertmanagerTokenFile.
let
  address = "192.0.2.10";
in
{
  imports = [ ./hardware.nix ];
  networking.hostName = "worker1";

  services.homeostat = {
    enable = true;
    prometheus.url = "http://192.0.2.2:9090";
    alertmanager.url = "http://192.0.2.2:9093";
    apps.queue.unit = "redis-queue.service";

    secrets.alertmanagerTokenFile = "/run/secrets/homeostat-alertmanager-token";
    remediator = {
      externalUrl = "http://${address}:5000";
      settings.listen = "${address}:5000";
      settings.allowed_hosts = [ address ];
    };
  };

  services.prometheus.exporters = {
    node.listenAddress = address;
    process.listenAddress = address;
  };
  # Only the monitoring host has business here.
  networking.firewall.extraInputRules = ''
    ip saddr 192.0.2.2 tcp dport { 5000, 9100, 9256 } accept
  '';
  networking.nftables.enable = true;

  services.redis.servers.queue.enable = true;
}
