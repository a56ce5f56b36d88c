//! Did the action help? Judged from evidence that is younger than the action.

use crate::alert::{Fingerprint, Source};
use crate::incident::{Action, Evidence, Incident};
use crate::moment::Moment;
use crate::observation::{AlertState, Fact, Observation, UnitState};
use crate::reason::Reason;
use crate::rules::{Rule, Rules};
use crate::unit::{ActiveState, JobResult};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Whether a remedy worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The unit stayed active and the fault is gone.
    Fixed,
    /// It could not be proven that it did.
    Unproven,
    /// A verdict of a newer version.
    #[serde(other)]
    Unknown,
}

impl Verdict {
    /// Every verdict that this version gives, for metrics that exist from the start.
    pub const ALL: [Verdict; 2] = [Verdict::Fixed, Verdict::Unproven];

    /// The word in metrics, logs and incidents.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Verdict::Fixed => "fixed",
            Verdict::Unproven => "unproven",
            Verdict::Unknown => "unknown",
        }
    }
}

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
    now: &Moment,
) -> Assessment {
    let Some(ended) = &action.ended else {
        return Assessment::Wait;
    };
    match ended.result {
        JobResult::Done => {}
        JobResult::Denied => return unproven(Reason::Denied),
        JobResult::Unknown => return unproven(Reason::OutcomeUnknown),
        JobResult::Canceled
        | JobResult::Timeout
        | JobResult::Failed
        | JobResult::Dependency
        | JobResult::Skipped
        | JobResult::Refused
        | JobResult::NotCalled => return unproven(Reason::JobFailed),
    }
    let Some(rule) = rules.rule(&action.rule) else {
        // The rules changed while the action was watched: nothing says how to judge it.
        return unproven(Reason::NoRule);
    };
    let elapsed = now.since(&ended.at);
    let watched: Vec<(Fingerprint, &Evidence)> = incident
        .evidence
        .iter()
        .filter(|(_, e)| e.source == Source::Alertmanager)
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

    if let Err(verdict) = settled(&observation.unit, rule, elapsed) {
        return verdict;
    }
    let least = rule.settle.max(window);
    if elapsed < least {
        return Assessment::Wait;
    }
    // An age and not a date, so that a step of the wall clock since the job's end changes nothing.
    let young = elapsed.saturating_sub(window);
    let not_before_ms = now
        .wall_ms
        .saturating_sub(i64::try_from(young.as_millis()).unwrap_or(i64::MAX));
    let worst = watched
        .iter()
        .filter_map(|(f, _)| {
            let state = observation.alerts.get(f).copied().unwrap_or_default();
            doubt(&state, not_before_ms)
        })
        .max();
    // What is not followed one by one cannot be proven to be gone.
    let untracked = (incident.untracked > 0).then_some(Doubt::Unknown);
    match worst.max(untracked) {
        None => Assessment::Settled(Verdict::Fixed, Reason::Recovered),
        Some(doubt) if elapsed >= least + rule.grace => unproven(match doubt {
            Doubt::NoData => Reason::NoData,
            Doubt::Unknown => Reason::EvidenceUnknown,
            Doubt::Firing => Reason::StillFiring,
        }),
        Some(_) => Assessment::Wait,
    }
}

/// Whether the unit has been active for the settle time; otherwise what follows.
fn settled(unit: &Fact<UnitState>, rule: &Rule, elapsed: Duration) -> Result<(), Assessment> {
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

/// Why an alert is not proven to be gone, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Doubt {
    NoData,
    Unknown,
    Firing,
}

fn doubt(state: &AlertState, not_before_ms: i64) -> Option<Doubt> {
    if state.in_alertmanager.is(true) || state.in_prometheus.is(Some(true)) {
        return Some(Doubt::Firing);
    }
    match (state.in_alertmanager, state.in_prometheus, state.proof) {
        (Fact::Unknown, _, _) | (_, Fact::Unknown, _) | (_, _, Fact::Unknown) => {
            return Some(Doubt::Unknown);
        }
        (_, Fact::Known(None), _) | (_, _, Fact::Known(false)) => return Some(Doubt::NoData),
        _ => {}
    }
    let judged_young = state.evaluated_ms.is_some_and(|at| at >= not_before_ms);
    (!judged_young).then_some(Doubt::Unknown)
}

/// A job's end as the journal tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRecord {
    /// `JOB_TYPE`: `start`, `stop`, `restart`, ...
    pub job_type: String,
    /// `JOB_RESULT`.
    pub result: JobResult,
}

/// Finds out what became of an intent whose end was not recorded, because the remediator died.
/// `None`: a job is still there, look again.
///
/// `jobs` are the journal's job results for the unit since the intent.
#[must_use]
pub fn examine(
    action: &Action,
    unit: &UnitState,
    jobs: &Fact<Vec<JobRecord>>,
) -> Option<JobResult> {
    if unit.job.is_some() {
        return None;
    }
    // A restart reports twice: `restart` when the unit has stopped, `start` when it runs again.
    let last = jobs.known().and_then(|jobs| jobs.last());
    if last.is_some_and(|last| last.job_type == "stop") {
        // No verb of ours stops a unit: someone else did, and hides what became of the action.
        return Some(JobResult::Unknown);
    }
    if let Some(last) = last
        && !(last.job_type == "restart" && last.result == JobResult::Done)
    {
        return Some(last.result);
    }
    let began_anew =
        !unit.invocation_id.is_empty() && unit.invocation_id != action.invocation_before;
    if began_anew && unit.active == ActiveState::Active {
        return Some(JobResult::Done);
    }
    let journal_is_empty = jobs.known().is_some_and(Vec::is_empty);
    Some(if journal_is_empty && !began_anew {
        JobResult::NotCalled
    } else {
        JobResult::Unknown
    })
}
