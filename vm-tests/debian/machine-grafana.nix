# Grafana on the Debian machine, from a folder as its makers pack it. It reads its data sources and dashboards from
# files, and JSON is YAML.
{
  facts,
  role,
  settings,
}:
let
  write = import ../../nixos-modules/settings/write.nix;
  home = "/usr/local/lib/grafana";
  config = "/etc/grafana";
  inherit (facts) paths units;
  json = value: builtins.toJSON value + "\n";
  isDashboard = name: builtins.match ".*[.]json" name != null;

  ini = settings.grafana.settings // {
    paths = {
      data = paths.grafanaState;
      logs = "${paths.grafanaState}/log";
      plugins = "${paths.grafanaState}/plugins";
      provisioning = "${config}/provisioning";
    };
  };
in
{
  unit = {
    binary = "${home}/bin/grafana";
    description = "Grafana";
    arguments = [
      "server"
      "--homepath=${home}"
      "--config=${config}/grafana.ini"
    ];
    wants = [ units.secrets ];
    after = [ units.secrets ];
    serviceConfig = {
      User = "grafana";
      Group = "grafana";
      # Its database driver and its plugins make code at run time.
      MemoryDenyWriteExecute = false;
      LoadCredential = [
        "admin-password:${paths.secrets}/grafana-admin-password"
        "secret-key:${paths.secrets}/grafana-secret-key"
      ];
    };
  };

  files = {
    "${config}/grafana.ini" = write.ini ini;
    "${config}/provisioning/datasources/homeostat.yaml" = json settings.grafana.datasources;
    "${config}/provisioning/dashboards/homeostat.yaml" = json settings.grafana.dashboards;
  }
  // builtins.listToAttrs (
    map (name: {
      name = "${role.paths.dashboards}/${name}";
      value = builtins.readFile (../../dashboards + "/${name}");
    }) (builtins.filter isDashboard (builtins.attrNames (builtins.readDir ../../dashboards)))
  );
}
