# services.homeostat.apps: the services of the host that are under care.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.services.homeostat;
  given = import ./settings/app-defaults.nix { inherit (cfg.rendered) timing; };
  words = import ./settings/remedy-words.nix;

  percentage = mkOption {
    type = types.numbers.between 0 100;
    default = given.thresholds.errorPercent;
    example = 1;
    description = "Share of requests, in percent, that may end in a server error before HighErrorRate fires.";
  };

  thresholds = {
    errorPercent = percentage;
    latencyMilliseconds = mkOption {
      type = types.numbers.positive;
      default = given.thresholds.latencyMilliseconds;
      example = 250;
      description = "95th percentile of the latency, in milliseconds, above which HighLatency fires.";
    };
    requestsPerMinute = mkOption {
      type = types.numbers.nonnegative;
      default = given.thresholds.requestsPerMinute;
      example = 60;
      description = "Requests a minute below which neither errors nor latency are judged.";
    };
  };

  remedy = {
    on = mkOption {
      type = types.listOf (types.enum words.occasions);
      default = given.remedy.on;
      example = [
        "down"
        "failed"
        "errors"
      ];
      description = ''
        What a remedy is tried for: `down` (scrape or probe fails), `failed` (systemd has given up on the unit), `errors`
        and `latency` (both need `metricsPort`). `[ ]` watches the unit and never touches it.
      '';
    };
    ladder = mkOption {
      type = types.listOf (types.enum words.verbs);
      default = given.remedy.ladder;
      example = [ "reload-or-restart" ];
      description = ''
        Verbs in the order in which they are tried: `restart`, `reload-or-restart`, `start`, `rescue` (clear the
        failed state, then start). The first two never start a unit that somebody stopped. One that does not fit the unit's state is passed over; after the last, people are called.
      '';
    };
    attempts = mkOption {
      type = types.ints.positive;
      default = given.remedy.attempts;
      example = 5;
      description = "Remedies an hour for one alert of this app; the next fault calls people.";
    };
    cooldown = mkOption {
      type = types.ints.unsigned;
      default = given.remedy.cooldown;
      defaultText = lib.literalMD "300, or `services.homeostat.timing.cooldown`";
      example = 60;
      description = "Seconds between two remedies of this app.";
    };
    mode = mkOption {
      type = types.enum words.modes;
      default = given.remedy.mode;
      example = "dry-run";
      description = "`auto` acts; `dry-run` decides and records, touches nothing, and leaves the fault to people.";
    };
  };

  app.options = {
    unit = mkOption {
      type = types.str;
      example = "shop.service";
      description = "The systemd unit, with its suffix.";
    };
    metricsPort = mkOption {
      type = types.nullOr types.port;
      default = given.defaults.metricsPort;
      example = 9000;
      description = "Loopback port with Prometheus metrics at `/metrics`; without it errors and latency are not seen.";
    };
    probe = mkOption {
      type = types.nullOr types.str;
      default = given.defaults.probe;
      example = "http://127.0.0.1:8080/health";
      description = "URL that answers with a 2xx status while the app is well.";
    };
    dependsOn = mkOption {
      type = types.listOf types.str;
      default = given.defaults.dependsOn;
      example = [ "postgresql" ];
      description = "What the app cannot work without. While `postgresql` is down, the app's own alerts are muted.";
    };
    ignoredRoutes = mkOption {
      type = types.listOf types.str;
      default = given.defaults.ignoredRoutes;
      example = [ "/health" ];
      description = "Values of `http_route` that count neither as traffic nor as errors.";
    };
    inherit thresholds remedy;
  };
in
{
  options.services.homeostat.apps = mkOption {
    type = types.attrsOf (types.submodule app);
    default = { };
    example = {
      shop = {
        unit = "shop.service";
        metricsPort = 9000;
        probe = "http://127.0.0.1:8080/health";
      };
    };
    description = ''
      The services under care. Each gets its scrape job, probe, alerts, remedies, and the permission for exactly those remedies.
    '';
  };
}
