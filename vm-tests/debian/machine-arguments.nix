# What a machine can be told, with what holds where nothing is said. An unknown word is refused.
arguments:
let
  defaults = {
    host = "demo";
    demo = true;
    fast = true;
    # Apps, timing, ports and receivers of the settings, as nixos-modules/settings/default.nix takes them.
    extraApps = { };
    timing = { };
    ports = { };
    receivers = { };
    acknowledgement = null;
    postgresqlRemedy = { };
    # Which of loki or victorialogs, tempo, collector and grafana run; their programs are brought from outside Debian.
    backends = [ ];
    # Which Tempo that is, if it runs.
    tempoVersion = "2.10";
    # Laid over the top level of api.json and remediator.json.
    apiOverrides = { };
    remediatorOverrides = { };
    # Laid over the Collector's exporters of these names, as far as it has them.
    collectorExporters = { };
    # For tests that bring units of their own.
    extraFiles = { };
    extraUsers = [ ];
    extraEnable = [ ];
    extraPackages = [ ];
  };
  unknown = builtins.attrNames (removeAttrs arguments (builtins.attrNames defaults));
in
if unknown == [ ] then
  defaults // arguments
else
  throw "machine.nix: ${toString unknown}: no such argument; there are ${toString (builtins.attrNames defaults)}"
