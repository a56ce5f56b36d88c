# One server with one service of its own under care. The first three definitions are all that Homeostat needs.
{ pkgs, ... }:
{
  services.homeostat.enable = true;
  services.homeostat.apps.shop = {
    unit = "shop.service";
    metricsPort = 9000;
    probe = "http://127.0.0.1:8080/health";
  };
  services.homeostat.receivers.oncall.webhook.url = "https://pager.example/hook";

  # The service itself, as it was before.
  systemd.services.shop = {
    description = "The shop";
    wantedBy = [ "multi-user.target" ];
    serviceConfig = {
      ExecStart = "${pkgs.python3}/bin/python3 -m http.server --bind 127.0.0.1 8080";
      Restart = "on-failure";
      DynamicUser = true;
    };
  };

  imports = [ ./hardware.nix ];
  networking.hostName = "shop1";
}
