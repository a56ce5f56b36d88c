//! The host: a person's pause, and a switch to a new configuration.

use crate::decide::{Case, Chosen, Stop};
use crate::observation::Fact;
use crate::words::Reason;

pub(super) fn paused(case: &Case<'_>) -> Option<Stop> {
    let is_paused = case.state.history().paused().is_some();
    is_paused.then_some(Stop::HoldWhileOthersHear(Reason::Paused))
}

/// A switch stops and starts units, and the bus, as it pleases.
pub(super) fn switch_running(case: &Case<'_>) -> Option<Stop> {
    let is_running = case.observation.switching.is(true);
    is_running.then(|| Stop::Hold(Reason::SwitchRunning, case.rules.hold_timeout()))
}

pub(super) fn switch_unknown(case: &Case<'_>, _: &Chosen<'_>) -> Option<Stop> {
    (case.observation.switching == Fact::Unknown)
        .then(|| Stop::Hold(Reason::SwitchUnknown, case.rules.hold_timeout()))
}
