//! An action whose end was not recorded is examined.

use super::draft::{Draft, Step};
use super::looked::SOON;
use crate::log::{Event, Now};
use crate::observation::Observation;
use crate::rules::Rules;
use crate::verdict::{Examined, examine};
use crate::words::JobResult;
use std::time::Duration;

/// A call that did not arrive is told from one that still waits for polkit, or whose job systemd is
/// about to log, only after this time: systemd gives polkit 25 seconds to answer.
const CALL_DELAY: Duration = Duration::from_secs(30);
/// After this time an unfinished intent is not examined any more: nobody will know.
const EXAMINE_FOR: Duration = Duration::from_secs(900);

/// Records what became of the action, or waits.
pub(super) fn examining(
    mut draft: Draft,
    observation: &Observation,
    rules: &Rules,
    now: &Now,
) -> Step {
    let Some(action) = draft.incident.in_flight() else {
        return draft.done();
    };
    let age = now.since(&action.intent);
    let result = match examine(action, observation, now) {
        Examined::Ended(JobResult::NotCalled) if age < CALL_DELAY => return draft.wait(SOON),
        Examined::Ended(result) => result,
        Examined::Running | Examined::Unseen if age < EXAMINE_FOR => return draft.wait(SOON),
        Examined::Running | Examined::Unseen => JobResult::Unknown,
    };
    let ended = Event::JobEnded {
        action: action.number,
        result,
        invocation_after: observation
            .unit
            .known()
            .map(|unit| unit.invocation_id.clone()),
        examined: true,
        misfit: None,
        was_reset: false,
    };
    draft.push(ended);
    draft.look(rules)
}
