//! What earlier calls of the incident came to.

use crate::decide::{Case, Stop};
use crate::words::{JobResult, Reason};
use std::time::Duration;

/// The longest pause between two calls that make no job.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

pub(super) fn unreadable(case: &Case<'_>) -> Option<Stop> {
    case.incident
        .is_unreadable
        .then_some(Stop::Page(Reason::Unreadable))
}

/// A last action after which climbing on would be wrong: what it did is not known, or the host
/// itself refuses it.
pub(super) fn ends_the_ladder(case: &Case<'_>) -> Option<Stop> {
    match case.incident.last_action()?.ended.as_ref()?.result {
        JobResult::Unknown => Some(Stop::Page(Reason::OutcomeUnknown)),
        JobResult::Denied => Some(Stop::Page(Reason::Denied)),
        _ => None,
    }
}

/// A call that made no job is made again after 1, 2, 4, ... seconds, until a person is called.
pub(super) fn back_off(case: &Case<'_>) -> Option<Stop> {
    let first = case.incident.unreached().first()?;
    if case.now.since(&first.intent) >= case.rules.hold_timeout() {
        return Some(Stop::Page(Reason::HoldTimeout));
    }
    left(case).map(|_| Stop::Hold(Reason::BackOff, case.rules.hold_timeout()))
}

/// How long the pause still lasts.
pub(in crate::decide) fn left(case: &Case<'_>) -> Option<Duration> {
    let unreached = case.incident.unreached();
    let ended = unreached.last()?.ended.as_ref()?;
    let doublings = u32::try_from(unreached.len() - 1)
        .unwrap_or(u32::MAX)
        .min(6);
    let pause = Duration::from_secs(1 << doublings).min(LONGEST_PAUSE);
    pause
        .checked_sub(case.now.since(&ended.at))
        .filter(|left| !left.is_zero())
}
