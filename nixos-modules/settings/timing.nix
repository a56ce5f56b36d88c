# Every interval, window and waiting time of the stack, in whole seconds. Prometheus, Alertmanager
# and the remediator read the same number from here, so a remedy never judges over another window
# than its alert does.
{
  fast ? false,
  overrides ? { },
}:
let
  production = {
    scrape = 15;
    evaluation = 15;

    # The ranges inside the expressions, and how long an expression must hold.
    errorWindow = 120;
    errorFor = 60;
    latencyWindow = 120;
    latencyFor = 120;
    downFor = 30;
    failedFor = 30;
    postgresFor = 30;
    targetFor = 300;
    backendFor = 120;
    remediatorFor = 60;
    cannotActWindow = 300;
    diskFor = 1800;
    diskFullFor = 300;
    memoryFor = 600;
    cpuFor = 900;

    # The stack's own programs: what they refuse or fail at, how long a quiet host may write no log line,
    # and the age of Loki's last retention.
    pipelineWindow = 300;
    pipelineFor = 300;
    logsWindow = 3600;
    # How often the remediator writes a line that has to arrive.
    canary = 60;
    retentionAge = 10800;

    # The remediator: time a restarted unit gets to settle, time an alert gets to clear once its
    # window holds nothing from before the remedy, and the longest that one systemd job may take.
    settle = 15;
    grace = 60;
    job = 90;
    cooldown = 300;
    attemptsWindow = 3600;
    hold = 300;
    pageResend = 30;

    # Alertmanager. The remediator's repeat interval drives a lost delivery again; the remediator
    # recognises what it has already accepted.
    resolveTimeout = 300;
    remediatorWait = 5;
    remediatorInterval = 15;
    remediatorRepeat = 60;
    peopleWait = 30;
    peopleInterval = 300;
    peopleRepeat = 14400;
    backstopMargin = 60;
  };

  # The demo: a fault is seen within 30 s. Windows still span six scrapes.
  demonstration = {
    scrape = 5;
    evaluation = 5;
    errorWindow = 30;
    errorFor = 5;
    latencyWindow = 30;
    latencyFor = 5;
    downFor = 5;
    failedFor = 5;
    postgresFor = 5;
    targetFor = 30;
    backendFor = 15;
    remediatorFor = 5;
    cannotActWindow = 60;
    pipelineWindow = 60;
    pipelineFor = 60;
    logsWindow = 300;
    canary = 5;
    settle = 5;
    grace = 15;
    job = 10;
    cooldown = 30;
    hold = 60;
    pageResend = 10;
    resolveTimeout = 60;
    remediatorWait = 1;
    remediatorInterval = 5;
    remediatorRepeat = 15;
    peopleWait = 1;
    peopleInterval = 10;
    backstopMargin = 5;
  };

  chosen = production // (if fast then demonstration else { }) // overrides;

  # rate() needs two samples and survives a lost scrape only with some to spare.
  wideEnough =
    key:
    chosen.${key} >= 4 * chosen.scrape
    || throw "timing.${key} is ${toString chosen.${key}} s, but must span four scrapes of ${toString chosen.scrape} s; raise it or lower timing.scrape";

  known =
    key:
    production ? ${key}
    || throw "timing.${key} is not a known interval; known are ${toString (builtins.attrNames production)}";
in
assert builtins.all known (builtins.attrNames overrides);
assert builtins.all wideEnough [
  "errorWindow"
  "latencyWindow"
  "cannotActWindow"
  "pipelineWindow"
  "logsWindow"
];
chosen
