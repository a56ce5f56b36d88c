# What an app under care gets where its caller says nothing. NixOS's options read their defaults here too.
{ timing }:
{
  defaults = {
    unit = null;
    metricsPort = null;
    probe = null;
    dependsOn = [ ];
    ignoredRoutes = [
      "/health"
      "/live"
      "/metrics"
      "/ready"
    ];
    thresholds = { };
    remedy = { };
  };

  thresholds = {
    errorPercent = 5;
    latencyMilliseconds = 500;
    # Below this rate a share of errors or a quantile says nothing.
    requestsPerMinute = 6;
  };

  remedy = {
    on = [
      "down"
      "failed"
    ];
    ladder = [
      "restart"
      "rescue"
    ];
    attempts = 3;
    inherit (timing) cooldown;
    mode = "auto";
  };
}
