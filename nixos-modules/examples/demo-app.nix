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
  inherit (config.services.homeostat)
    rendered
    api
    demo
    grafana
    ;
  endpoints = import ../settings/endpoints.nix {
    inherit (import ../names.nix) units;
    inherit (rendered) ports;
    api = api.enable;
    demo = demo.enable;
    grafana = grafana.enable;
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
