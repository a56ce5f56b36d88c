//! A unit that is off: somebody's wish, its own end, or a fault. PID 1's record in the journal tells.

use crate::decide::ladder::is_start_owed;
use crate::decide::{Case, Stop};
use crate::observation::{Fact, Recorded, UnitRecord};
use crate::unit::{ActiveState, UnitState};
use crate::words::{JobResult, Reason};

/// Why a unit is off, as the newest records tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// A stop job ended, of somebody: no remedy of ours stops a unit.
    Stopped,
    /// A unit that it needs went down by itself, and took it along.
    DependencyDown,
    /// It ended by itself, well.
    Ended,
    /// It failed, or its start did.
    Failed,
    /// No record tells: the journal cannot be read, is too young, or the unit's `LogLevelMax=` hides it.
    Untold,
}

pub(super) fn off(case: &Case<'_>) -> Option<Stop> {
    let unit = case.observation.unit.known().filter(|unit| unit.is_off())?;
    if is_start_owed(case) {
        return None;
    }
    let hold = case.rules.hold_timeout();
    match why(case, unit) {
        Why::Stopped => Some(Stop::HoldWhileOthersHear(Reason::StoppedOnPurpose)),
        Why::DependencyDown if is_bound_unit_down(unit) => {
            Some(Stop::Hold(Reason::DependencyDown, hold))
        }
        Why::Ended if is_inactive_its_good_end(unit) => {
            Some(Stop::HoldWhileOthersHear(Reason::GoodEnd))
        }
        Why::Untold if unit.active == ActiveState::Inactive => {
            Some(Stop::Hold(Reason::StopUnknown, hold))
        }
        Why::DependencyDown | Why::Ended | Why::Failed | Why::Untold => None,
    }
}

/// Whether the unit is off because somebody wanted that.
pub(in crate::decide) fn was_stopped_by_somebody(case: &Case<'_>) -> bool {
    let unit = case.observation.unit.known();
    unit.is_some_and(|unit| why(case, unit) == Why::Stopped)
}

fn why(case: &Case<'_>, unit: &UnitState) -> Why {
    let Fact::Known(records) = &case.observation.records else {
        return Why::Untold;
    };
    for record in records.iter().rev() {
        return match &record.what {
            Recorded::Failed => Why::Failed,
            Recorded::EndedWell => Why::Ended,
            Recorded::Job { job_type, result } => match (job_type.as_str(), *result) {
                ("stop", JobResult::Done) if is_taken_along(case, unit, record) => {
                    Why::DependencyDown
                }
                ("stop", JobResult::Done) => Why::Stopped,
                (_, JobResult::Dependency) => Why::DependencyDown,
                // It ran, and how that ended is not recorded.
                ("start", JobResult::Done) => Why::Untold,
                ("start", _) => Why::Failed,
                _ => continue,
            },
        };
    }
    Why::Untold
}

/// Whether the stop was systemd's own, because a unit of `BindsTo=` went down without a stop of its
/// own. What another's stop job brings along is that one's wish.
fn is_taken_along(case: &Case<'_>, unit: &UnitState, stop: &UnitRecord) -> bool {
    unit.bound_to.iter().any(|bound| {
        let records = case.observation.bound_records.get(&bound.id);
        let Some(Fact::Known(records)) = records else {
            return false;
        };
        let ends =
            |record: &UnitRecord| matches!(record.what, Recorded::Failed | Recorded::EndedWell);
        let Some(last) = records.iter().rposition(|r| r.wall_ms <= stop.wall_ms) else {
            return false;
        };
        // The record of its own stop may come a moment after that of its end.
        let was_stopped = records
            .get(last + 1)
            .is_some_and(|next| is_stop(&next.what));
        ends(&records[last]) && !was_stopped
    })
}

fn is_stop(what: &Recorded) -> bool {
    matches!(what, Recorded::Job { job_type, result: JobResult::Done } if job_type == "stop")
}

fn is_bound_unit_down(unit: &UnitState) -> bool {
    unit.bound_to.is_empty()
        || unit
            .bound_to
            .iter()
            .any(|bound| bound.active != ActiveState::Active)
}

/// Whether inactive is where such a unit belongs after it ended well: a oneshot, or one that a
/// socket, path, timer or D-Bus name starts when it is needed.
fn is_inactive_its_good_end(unit: &UnitState) -> bool {
    unit.is_oneshot() || unit.is_triggered || unit.service_type == "dbus"
}
