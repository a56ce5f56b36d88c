//! How often may be acted: the rule's mode, cool-down, attempts, the host's budget, the unit's own
//! start limit, and what another incident does.

use crate::decide::{Case, Chosen, Stop};
use crate::words::{Mode, Reason, Verb};
use std::time::Duration;

pub(super) fn dry_run(_: &Case<'_>, chosen: &Chosen<'_>) -> Option<Stop> {
    (chosen.rule.mode == Mode::DryRun).then_some(Stop::HoldWhileOthersHear(Reason::DryRun))
}

/// By the unit acted on.
pub(super) fn cooldown(case: &Case<'_>, chosen: &Chosen<'_>) -> Option<Stop> {
    let history = case.state.history();
    let last = history.last_for_another(&chosen.rung.unit, case.incident.id)?;
    (case.now.since(last) < chosen.rule.cooldown)
        .then_some(Stop::HoldWhileOthersHear(Reason::Cooldown))
}

/// By the unit of the incident.
pub(super) fn attempts(case: &Case<'_>, chosen: &Chosen<'_>) -> Option<Stop> {
    let window = chosen.rule.attempts_window;
    let unit = &chosen.rule.unit;
    let made = case.state.history().attempts_for(unit, window, case.now);
    (made >= chosen.rule.attempts).then_some(Stop::Page(Reason::AttemptsExhausted))
}

/// Every action counts, on whatever unit.
pub(super) fn budget(case: &Case<'_>, _: &Chosen<'_>) -> Option<Stop> {
    let left = case
        .state
        .history()
        .budget_left(case.rules.budget(), case.now);
    (left == 0).then_some(Stop::Page(Reason::BudgetSpent))
}

/// Whether one more start could hit the unit's own start limit, which would leave it stopped.
///
/// systemd does not tell how much of its limit is used. Our own starts are counted exactly; its
/// automatic restarts are all held to be recent, which errs on the side of waiting. One start is kept
/// in reserve, but never the only one: where the limit is a single start, the unit must not have been
/// started within the interval at all.
pub(super) fn start_limit(case: &Case<'_>, chosen: &Chosen<'_>) -> Option<Stop> {
    let unit = case.observation.unit.known()?;
    let has_limit = unit.start_limit_interval_ms > 0 && unit.start_limit_burst > 0;
    // A rescue clears the count first.
    if chosen.rung.verb == Verb::Rescue || !has_limit {
        return None;
    }
    let interval = Duration::from_millis(unit.start_limit_interval_ms);
    let history = case.state.history();
    let ours = history.attempts_on(&chosen.rung.unit, interval, case.now);
    let is_within = |ms: Option<u64>| ms.is_some_and(|ms| ms < unit.start_limit_interval_ms);
    let is_fresh = is_within(unit.active_for_ms);
    let automatic = if is_fresh { unit.n_restarts } else { 0 };
    let used = ours.saturating_add(automatic);
    let is_near = if unit.start_limit_burst == 1 {
        used > 0 || is_fresh || is_within(unit.inactive_for_ms)
    } else {
        used.saturating_add(1) >= unit.start_limit_burst
    };
    is_near.then(|| Stop::Hold(Reason::StartLimit, case.rules.hold_timeout()))
}

/// One action at a time on one unit, whichever incident it is for.
pub(super) fn in_flight(case: &Case<'_>, chosen: &Chosen<'_>) -> Option<Stop> {
    case.state
        .is_acted_on(&chosen.rung.unit, case.incident.id)
        .then(|| Stop::Hold(Reason::InFlight, case.rules.hold_timeout()))
}
