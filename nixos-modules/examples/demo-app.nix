# The program behind `nix run`: demo.sh with the VM and the list of what can be opened.
{
  lib,
  writeShellApplication,
  writeText,
  coreutils,
  curl,
  jq,
  socat,
  util-linux,
  config,
}:
let
  cfg = config.services.homeostat;
  endpoints = import ../settings/endpoints.nix {
    inherit (import ../names.nix) units;
    inherit (cfg.rendered) ports;
    runs = lib.filter (program: cfg.${program}.enable) [
      "api"
      "demo"
      "loki"
      "tempo"
      "collector"
      "grafana"
    ];
  };
in
writeShellApplication {
  name = "homeostat-demo";
  runtimeInputs = [
    coreutils
    curl
    jq
    socat
    util-linux
  ];
  runtimeEnv = {
    VM = lib.getExe config.system.build.vm;
    ENDPOINTS = writeText "endpoints.json" (builtins.toJSON endpoints);
  };
  text = builtins.readFile ./demo.sh;
}
