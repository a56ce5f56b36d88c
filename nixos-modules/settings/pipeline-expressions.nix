# The PromQL of the alerts about the stack's own programs. Selectors are literal, as everywhere.
{ host, timing }:
let
  inherit (import ./promql.nix) seconds selector;
in
rec {
  of =
    job: matchers: metric:
    "${metric}${selector ({ inherit host job; } // matchers)}";
  up = job: of job { } "up";
  window = seconds timing.pipelineWindow;

  # How much a counter grew in the window. Most of these counters appear with their first event, and
  # increase() does not see a first value. So a series that is missing from some successful scrape of the
  # window was born in it and counts from zero; one that is in all of them may be an old counter that we only
  # just met.
  grown =
    job: metric:
    let
      counter = of job { } metric;
    in
    ''
      (
          (${counter} unless ${counter} offset ${window})
        and
          (count_over_time(${counter}[${window}]) < on (host) group_left () sum_over_time(${up job}[${window}]))
      or
        increase(${counter}[${window}])
      )'';

  # For counters that exist from their program's start.
  growing = job: metric: "sum(increase(${of job { } metric}[${window}])) > 0";

  # A notification that fails is tried again with its group's next interval, so the window holds two.
  notificationWindow =
    let
      twice = 2 * timing.peopleInterval;
    in
    if twice > timing.pipelineWindow then twice else timing.pipelineWindow;
}
