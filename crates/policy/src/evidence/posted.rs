//! An alert that somebody posted: nobody can be asked about it, so the unit's health tells.

use super::{Asked, Doubt};
use crate::words::JobResult;
use std::time::Duration;

/// Whether the unit is well since something happened that could have made it so: a change of the unit
/// or an action of ours since the post. What was well when the alert came is no proof against it,
/// unless the sender says that it is over.
pub(super) fn clears(asked: &Asked<'_>) -> bool {
    let Some(unit) = asked.observation.unit.known().filter(|unit| unit.is_well()) else {
        return false;
    };
    let settle = asked.rule.map_or(Duration::ZERO, |rule| rule.settle);
    let well_for = if unit.ended_well() {
        unit.inactive_for_ms
    } else {
        unit.active_for_ms
    };
    let Some(well_for) = well_for.map(Duration::from_millis) else {
        return false;
    };
    let since_post = asked.now.since(&asked.evidence.seen);
    let is_settled = unit.ended_well() || (well_for >= settle && since_post >= settle);
    let has_changed = well_for < since_post;
    is_settled && (has_changed || was_acted_on(asked) || asked.evidence.told_over.is_some())
}

fn was_acted_on(asked: &Asked<'_>) -> bool {
    asked.incident.actions.iter().any(|action| {
        action.ended.as_ref().is_some_and(|ended| {
            ended.result == JobResult::Done
                && asked.now.at.since(&ended.at) <= asked.now.at.since(&asked.evidence.seen)
        })
    })
}

/// It is judged by the unit alone, which the verdict looks at anyway.
pub(super) fn doubt(_: &Asked<'_>) -> Option<Doubt> {
    None
}
