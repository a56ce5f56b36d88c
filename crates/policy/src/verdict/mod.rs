//! Did the action help? Judged from evidence that is younger than the action.

mod examine;

pub use examine::{Examined, call_result, examine};

use crate::alert::Fingerprint;
use crate::evidence::{Asked, Doubt};
use crate::log::{Action, Evidence, Incident, Now, Source};
use crate::observation::{Fact, Observation};
use crate::rules::{Rule, Rules};
use crate::unit::{ActiveState, UnitState};
use crate::words::{JobResult, Reason, Verdict};
use std::time::Duration;

/// What to do about an action whose effect is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assessment {
    /// Look again.
    Wait,
    /// It is settled.
    Settled(Verdict, Reason),
}

const fn unproven(reason: Reason) -> Assessment {
    Assessment::Settled(Verdict::Unproven, reason)
}

/// Judges an action whose job has ended.
///
/// `fixed` takes three things: the job ended as `done`; the unit has been active without a
/// break for the settle time; and every alert of the incident is gone from Alertmanager and
/// from Prometheus, by an evaluation whose window holds nothing from before the job's end, and
/// with data behind it. A post by hand is judged by the unit alone.
#[must_use]
pub fn assess(
    incident: &Incident,
    action: &Action,
    rules: &Rules,
    observation: &Observation,
    now: &Now,
) -> Assessment {
    let Some(ended) = &action.ended else {
        return Assessment::Wait;
    };
    match ended.result {
        JobResult::Done => {}
        JobResult::Denied => return unproven(Reason::Denied),
        JobResult::Unknown => return unproven(Reason::OutcomeUnknown),
        _ => return unproven(Reason::JobFailed),
    }
    if incident.is_unreadable {
        return unproven(Reason::Unreadable);
    }
    let Some(rule) = rules.rule(&action.rule) else {
        // The rules changed while the action was watched: nothing says how to judge it.
        return unproven(Reason::NoRule);
    };
    let elapsed = now.since(&ended.at);
    let watched: Vec<(Fingerprint, &Evidence)> = incident
        .evidence
        .iter()
        .filter(|(_, e)| e.source != Source::Posted)
        .filter(|(_, e)| {
            // By the boot clock: the wall clock may step between the two.
            e.cleared.is_none_or(|at| {
                at.boot_id != action.intent.boot_id || at.boot_ms >= action.intent.boot_ms
            })
        })
        .map(|(f, e)| (*f, e))
        .collect();
    let window = watched
        .iter()
        .filter_map(|(_, e)| rules.rule(&e.rule))
        .map(|r| r.window)
        .max()
        .unwrap_or_default();

    if let Err(verdict) = settled(&observation.unit, action, rule, elapsed) {
        return verdict;
    }
    let least = rule.settle.max(window);
    if elapsed < least {
        return Assessment::Wait;
    }
    // An age and not a date, so that a step of the wall clock since the job's end changes nothing.
    let young = elapsed.saturating_sub(window);
    let not_before_ms = now
        .at
        .wall_ms
        .saturating_sub(i64::try_from(young.as_millis()).unwrap_or(i64::MAX));
    let worst = watched
        .iter()
        .filter_map(|(fingerprint, evidence)| {
            Asked::of(*fingerprint, evidence, incident, observation, rules, now)
                .doubt(not_before_ms)
        })
        .max();
    let Some(doubt) = worst else {
        return Assessment::Settled(Verdict::Fixed, Reason::Recovered);
    };
    // An Alertmanager that was just started gets the time that it needs to count as a witness.
    let youth = match doubt {
        Doubt::Young => rules.resolve_timeout(),
        Doubt::NoData | Doubt::Unknown | Doubt::Firing => Duration::ZERO,
    };
    if elapsed < least + rule.grace + youth {
        return Assessment::Wait;
    }
    unproven(match doubt {
        Doubt::NoData => Reason::NoData,
        Doubt::Young | Doubt::Unknown => Reason::EvidenceUnknown,
        Doubt::Firing => Reason::StillFiring,
    })
}

/// Whether the unit has been active for the settle time; otherwise what follows.
fn settled(
    unit: &Fact<UnitState>,
    action: &Action,
    rule: &Rule,
    elapsed: Duration,
) -> Result<(), Assessment> {
    let late = elapsed >= rule.settle + rule.grace;
    let wait_or = |reason| {
        if late {
            unproven(reason)
        } else {
            Assessment::Wait
        }
    };
    let Some(unit) = unit.known() else {
        return Err(wait_or(Reason::BusLost));
    };
    // A run that is over and ended well is all that a oneshot can show.
    if unit.ended_well() && unit.invocation_id != action.invocation_before {
        return Ok(());
    }
    match unit.active {
        ActiveState::Active => {
            let active_for = Duration::from_millis(unit.active_for_ms.unwrap_or(0));
            if active_for >= rule.settle {
                Ok(())
            } else {
                Err(wait_or(Reason::UnitNotActive))
            }
        }
        ActiveState::Failed | ActiveState::Inactive => Err(unproven(Reason::UnitNotActive)),
        ActiveState::Activating
        | ActiveState::Deactivating
        | ActiveState::Reloading
        | ActiveState::Other => Err(wait_or(Reason::UnitNotActive)),
    }
}
