# The demo in a VM of its own. Inside, everything listens on loopback as on any host; QEMU delivers what it forwards
# to the VM's interface, so one small proxy for each port leads from there to loopback. Only this machine has them.
{
  config,
  lib,
  modulesPath,
  ...
}:
let
  cfg = config.services.homeostat;
  inherit (cfg.rendered) ports;
  forwarded = [
    ports.remediator
    ports.api
    ports.sink
    ports.prometheus
    ports.alertmanager
    ports.grafana
    ports.loki
    ports.tempo
    ports.collectorHealth
  ];
  each =
    make:
    lib.listToAttrs (
      map (port: {
        name = "forward-${toString port}";
        value = make (toString port);
      }) forwarded
    );
  # The address that QEMU's user network gives to its first guest.
  guest = "10.0.2.15";
in
{
  imports = [ "${modulesPath}/virtualisation/qemu-vm.nix" ];

  system.stateVersion = "26.05";
  networking.hostName = "demo";
  services.homeostat = {
    enable = true;
    demo.enable = true;
    # The VM's disk is small.
    tempo.settings.overrides.defaults.compaction.block_retention = "24h";
  };

  virtualisation = {
    memorySize = 4096;
    cores = 2;
    diskSize = 8192;
    graphics = false;
    diskImage = "./homeostat-demo.qcow2";
    forwardPorts = map (port: {
      from = "host";
      host.address = "127.0.0.1";
      host.port = port;
      guest.port = port;
    }) forwarded;
  };
  networking.firewall.allowedTCPPorts = forwarded;

  systemd.sockets = each (port: {
    wantedBy = [ "sockets.target" ];
    listenStreams = [ "${guest}:${port}" ];
    # The socket may be there before the address is.
    socketConfig.FreeBind = true;
  });
  systemd.services = each (port: {
    description = "Demo: from the VM's interface to loopback, port ${port}";
    serviceConfig = {
      ExecStart = "${config.systemd.package}/lib/systemd/systemd-socket-proxyd 127.0.0.1:${port}";
      DynamicUser = true;
      NoNewPrivileges = true;
      PrivateDevices = true;
      ProtectHome = true;
      ProtectSystem = "strict";
    };
  });

  # The console is a socket that only the person who started the VM can open.
  services.getty.autologinUser = "root";
  users.users.root.initialHashedPassword = "";
}
