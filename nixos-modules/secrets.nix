# The tokens and Grafana's secrets, made once at the first start.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.homeostat;
  inherit (import ./names.nix) paths;
  file =
    name: text:
    mkOption {
      type = types.str;
      default = "${paths.secrets}/${name}";
      example = "/run/secrets/${name}";
      description = text;
    };
in
{
  options.services.homeostat.secrets = {
    alertmanagerTokenFile = file "alertmanager-token" ''
      File with the token that may post alerts to the remediator. The default is made at the first start and never
      written again; name another where an Alertmanager on another host has to know it.
    '';
    operatorTokenFile = file "operator-token" ''
      File with the token of the person who may pause, resume, acknowledge and see evidence. The default is made at
      the first start and never written again.
    '';
    grafanaAdminPasswordFile = file "grafana-admin-password" ''
      File with the password of Grafana's user `admin`. The default is made at the first start; Grafana reads it once, when
      it makes that user.
    '';
    grafanaSecretKeyFile = file "grafana-secret-key" ''
      File with the key by which Grafana signs and encrypts. The default is made at the first start and never written
      again; whoever replaces it loses the secrets that Grafana has stored.
    '';
    script = mkOption {
      type = types.path;
      internal = true;
      readOnly = true;
      description = "The program that makes them.";
    };
  };

  config.services.homeostat.secrets.script = pkgs.writeScript "homeostat-secrets" (
    import ./settings/secrets.nix { directory = paths.secrets; }
  );

  config.systemd.services.homeostat-remediator = lib.mkIf cfg.enable {
    # The names are what the program asks for; the sources are the user's choice.
    serviceConfig.LoadCredential = lib.mkForce [
      "alertmanager-token:${cfg.secrets.alertmanagerTokenFile}"
      "operator-token:${cfg.secrets.operatorTokenFile}"
    ];
  };
}
