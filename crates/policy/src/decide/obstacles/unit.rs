//! The unit as systemd shows it.

use crate::decide::{Case, Stop};
use crate::evidence::is_alertmanager_old;
use crate::unit::ActiveState;
use crate::words::Reason;
use std::time::Duration;

pub(super) fn unseen(case: &Case<'_>) -> Option<Stop> {
    let is_unseen = case.observation.unit.known().is_none();
    is_unseen.then(|| Stop::Hold(Reason::BusLost, case.rules.hold_timeout()))
}

pub(super) fn unknown(case: &Case<'_>) -> Option<Stop> {
    let unit = case.observation.unit.known()?;
    (unit.load_state != "loaded").then_some(Stop::Page(Reason::UnitUnknown))
}

pub(super) fn alias(case: &Case<'_>) -> Option<Stop> {
    let unit = case.observation.unit.known()?;
    let is_itself = case
        .incident
        .unit
        .as_ref()
        .is_some_and(|name| name.as_str() == unit.id);
    (!is_itself).then_some(Stop::Page(Reason::UnitAlias))
}

/// One more failure of such a unit, or our very start of it, reboots the host.
pub(super) fn host_at_risk(case: &Case<'_>) -> Option<Stop> {
    let unit = case.observation.unit.known()?;
    unit.host_action
        .is_some()
        .then_some(Stop::Page(Reason::HostAtRisk))
}

pub(super) fn frozen(case: &Case<'_>) -> Option<Stop> {
    let unit = case.observation.unit.known()?;
    unit.is_frozen()
        .then(|| Stop::Hold(Reason::Frozen, case.rules.hold_timeout()))
}

pub(super) fn job_queued(case: &Case<'_>) -> Option<Stop> {
    let unit = case.observation.unit.known()?;
    let reason = match unit.job.as_deref()? {
        "stop" => return Some(Stop::HoldWhileOthersHear(Reason::StopQueued)),
        // systemd's own automatic restart queues a job too; it is not someone else's.
        _ if unit.sub.starts_with("auto-restart") => Reason::AutoRestart,
        _ => Reason::JobQueued,
    };
    Some(Stop::Hold(reason, case.rules.hold_timeout()))
}

pub(super) fn changing(case: &Case<'_>) -> Option<Stop> {
    let unit = case.observation.unit.known()?;
    let reason = match unit.active {
        ActiveState::Active | ActiveState::Inactive | ActiveState::Failed => return None,
        ActiveState::Activating if unit.sub.starts_with("auto-restart") => Reason::AutoRestart,
        ActiveState::Activating
        | ActiveState::Deactivating
        | ActiveState::Reloading
        | ActiveState::Other => Reason::Changing,
    };
    Some(Stop::Hold(reason, case.rules.hold_timeout()))
}

/// A start that is not ours since the alert came is somebody's remedy: it gets the time that ours
/// would get before it counts as no help.
pub(super) fn somebodys_remedy(case: &Case<'_>) -> Option<Stop> {
    let unit = case.observation.unit.known()?;
    let active_for = Duration::from_millis(unit.active_for_ms?);
    let began = case
        .live
        .iter()
        .map(|(_, e)| match e.seen.boot_id == case.now.at.boot_id {
            true => case.now.since(&e.seen),
            // Whatever started in this boot started later, whatever the wall clock says.
            false => Duration::MAX,
        })
        .max()?;
    let is_ours = case.incident.actions.iter().any(|action| {
        action.ended.as_ref().is_some_and(|ended| {
            let after = ended.invocation_after.as_ref();
            ended.result.made_a_job() && after.is_none_or(|id| *id == unit.invocation_id)
        })
    });
    if is_ours || active_for >= began {
        return None;
    }
    let patience = case
        .live
        .iter()
        .filter_map(|(_, e)| case.rules.rule(&e.rule))
        .map(|rule| rule.settle.max(rule.window) + rule.grace)
        .max()?;
    // What a boot has started may well have ended the fault, and soon after it nobody can say.
    let is_of_another_boot = case
        .live
        .iter()
        .any(|(_, e)| e.seen.boot_id != case.now.at.boot_id);
    let can_nobody_tell = is_of_another_boot
        && !is_alertmanager_old(case.observation, case.rules)
        && !case.asked().any(|asked| asked.is_shown());
    (active_for < patience || can_nobody_tell)
        .then(|| Stop::Hold(Reason::SomebodysRemedy, case.rules.hold_timeout()))
}
