# What must not evaluate: each mistake, and words of the sentence that tells of it. The result is the list of cases
# that went otherwise, so [ ] is a pass.
{
  lib,
  # From a NixOS module to its `config`, on a machine that has Homeostat.
  evaluate,
}:
let
  shop = extra: {
    systemd.services.shop.serviceConfig.ExecStart = "/bin/true";
    services.homeostat.apps.shop = {
      unit = "shop.service";
    }
    // extra;
  };
  homeostat = given: { services.homeostat = given; };

  # The settings throw; Nix can catch that, and not read what was said.
  thrown = {
    unknown-verb = shop { remedy.ladder = [ "dance" ]; };
    unknown-mode = shop { remedy.mode = "maybe"; };
    alert-without-metrics = shop { remedy.on = [ "errors" ]; };
    no-suffix = shop { unit = "shop"; };
    sshd = homeostat { apps.ssh.unit = "sshd.service"; };
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
    collector-twice = {
      module.services.prometheus.exporters.node.enabledCollectors = [ "systemd" ];
      says = "names systemd twice";
    };
  };

  throws =
    module:
    let
      inherit ((evaluate module).services.homeostat) remediator rendered;
    in
    !(builtins.tryEval (builtins.deepSeq [ remediator.settings rendered.rules ] true)).success;
  failed = module: lib.filter (item: !item.assertion) (evaluate module).assertions;
  says = case: lib.any (item: lib.hasInfix case.says item.message) (failed case.module);

  sound = shop { metricsPort = 9000; };
  # What the README shows is what the first example is, but for white space.
  dense = text: lib.concatStrings (lib.filter lib.isString (builtins.split "[[:space:]]+" text));
  shown = lib.filter (lib.hasPrefix "nix\nservices.homeostat.") (
    lib.splitString "```" (builtins.readFile ../../README.md)
  );
  evaluated =
    text:
    lib.hasInfix (dense (lib.removePrefix "nix" text)) (dense (builtins.readFile ../examples/server.nix));

  silent = evaluate (homeostat { receivers.a.webhook.url = "https://pager.example/hook"; });
in
lib.attrNames (lib.filterAttrs (_: module: !(throws module)) thrown)
++ lib.attrNames (lib.filterAttrs (_: case: !(says case)) asserted)
++ lib.optional (throws sound || failed sound != [ ]) "a sound app is refused"
++ lib.optional (shown == [ ] || !(lib.all evaluated shown)) "the README shows another example"
++ lib.optional (silent.warnings != [ ]) "a receiver, and still a warning"
++ lib.optional ((evaluate sound).warnings == [ ]) "no receiver, and no warning"
