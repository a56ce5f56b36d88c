//! What became of a call.

use crate::log::{Action, Now};
use crate::machine::CallEnd;
use crate::observation::{Fact, Observation, Recorded, UnitRecord};
use crate::unit::{ActiveState, UnitState};
use crate::words::{JobResult, Method, Verb};

/// What a call came to, from the job's result and from the unit before and after it.
///
/// `TryRestartUnit` and `ReloadOrTryRestartUnit` do nothing to a unit that is not active and end as
/// `done`; a start whose condition is not met ends as `done` too.
#[must_use]
pub fn call_result(verb: Verb, end: &CallEnd) -> JobResult {
    let (JobResult::Done, Some(before), Some(after)) = (end.result, &end.before, &end.after) else {
        return end.result;
    };
    let ran_anew = !after.invocation_id.is_empty() && after.invocation_id != before.invocation_id;
    let is_off = after.is_off() || after.active == ActiveState::Deactivating;
    if !is_off || ran_anew {
        return JobResult::Done;
    }
    match verb.method() {
        Method::TryRestartUnit | Method::ReloadOrTryRestartUnit => JobResult::Skipped,
        Method::StartUnit => JobResult::Condition,
    }
}

/// What an examination found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Examined {
    /// How the call ended.
    Ended(JobResult),
    /// A job is still there.
    Running,
    /// The unit cannot be seen.
    Unseen,
}

/// Finds out what became of an intent whose end was not recorded, because the remediator died.
#[must_use]
pub fn examine(action: &Action, observation: &Observation, now: &Now) -> Examined {
    if action.intent.boot_id != now.at.boot_id {
        // The boot's own starts are not ours. What the other boot's journal holds is, but for the
        // stops of its shutdown; and a restart that the shutdown cut short has no end.
        let ended = ends_of_jobs(&observation.records).find(|(job_type, _)| *job_type != "stop");
        return Examined::Ended(match ended {
            None | Some(("restart", JobResult::Done)) => JobResult::Superseded,
            Some((_, result)) => result,
        });
    }
    let Some(unit) = observation.unit.known() else {
        return Examined::Unseen;
    };
    if unit.job.is_some() {
        return Examined::Running;
    }
    Examined::Ended(found(action, unit, &observation.records))
}

fn found(action: &Action, unit: &UnitState, records: &Fact<Vec<UnitRecord>>) -> JobResult {
    let last = ends_of_jobs(records).next();
    match last {
        // No verb of ours stops a unit: someone else did, and hides what became of the action.
        Some(("stop", _)) => return JobResult::Unknown,
        // A restart reports twice: `restart` when the unit has stopped, `start` when it runs again.
        Some(("restart", JobResult::Done)) | None => {}
        Some((_, result)) => return result,
    }
    let began_anew =
        !unit.invocation_id.is_empty() && unit.invocation_id != action.invocation_before;
    if began_anew && unit.is_well() {
        return JobResult::Done;
    }
    // A reload changes neither invocation nor state, so nothing shows that it was not made.
    let leaves_traces = action.verb != Verb::ReloadOrRestart;
    let is_unchanged = match action.changed_before_ms {
        Some(before) => unit.changed_ms == before,
        None => true,
    };
    let journal_is_empty = last.is_none() && records.known().is_some();
    if journal_is_empty && !began_anew && is_unchanged && leaves_traces {
        JobResult::NotCalled
    } else {
        JobResult::Unknown
    }
}

/// The ends of jobs that were recorded, the newest first.
fn ends_of_jobs(records: &Fact<Vec<UnitRecord>>) -> impl Iterator<Item = (&str, JobResult)> {
    let records = records.known().into_iter().flatten().rev();
    records.filter_map(|record| match &record.what {
        Recorded::Job { job_type, result } => Some((job_type.as_str(), *result)),
        Recorded::EndedWell | Recorded::Failed => None,
    })
}
