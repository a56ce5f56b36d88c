//! What to do about an incident now.

mod ladder;

use crate::alert::{Fingerprint, Source};
use crate::event::{DecisionKind, End};
use crate::history::History;
use crate::incident::{Evidence, Incident, Phase, continues};
use crate::moment::Moment;
use crate::observation::{Fact, Observation, UnitState};
use crate::outcome::Verdict;
use crate::reason::Reason;
use crate::rules::{Mode, Permit, Rule, Rules};
use crate::unit::{ActiveState, JobResult, Verb};
use ladder::{Rung, next_rung};
use std::time::Duration;

/// What to do, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Apply a remedy.
    Act {
        /// The right to do it.
        permit: Permit,
        /// The rule that demands it.
        rule: String,
        /// The action's number within the incident.
        number: u32,
    },
    /// Do nothing yet.
    Hold {
        /// What stands in the way.
        reason: Reason,
        /// The verb that would be used; said in dry-run.
        verb: Option<Verb>,
    },
    /// Call a person.
    Escalate {
        /// Why.
        reason: Reason,
    },
    /// The incident is over.
    End {
        /// How.
        end: End,
        /// Why.
        reason: Reason,
    },
}

impl Decision {
    /// The kind, for metrics and the record.
    #[must_use]
    pub fn kind(&self) -> DecisionKind {
        match self {
            Decision::Act { .. } => DecisionKind::Act,
            Decision::Hold { .. } => DecisionKind::Hold,
            Decision::Escalate { .. } => DecisionKind::Escalate,
            Decision::End { .. } => DecisionKind::End,
        }
    }

    /// The reason, for metrics and the record.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Decision::Act { .. } => Reason::Firing,
            Decision::Hold { reason, .. }
            | Decision::Escalate { reason }
            | Decision::End { reason, .. } => *reason,
        }
    }

    /// The verb that is or would be used.
    #[must_use]
    pub fn verb(&self) -> Option<Verb> {
        match self {
            Decision::Act { permit, .. } => Some(permit.verb()),
            Decision::Hold { verb, .. } => *verb,
            Decision::Escalate { .. } | Decision::End { .. } => None,
        }
    }
}

const fn hold(reason: Reason) -> Decision {
    Decision::Hold { reason, verb: None }
}

const fn escalate(reason: Reason) -> Decision {
    Decision::Escalate { reason }
}

/// The incident's alerts that the observation shows to be gone.
///
/// None while an action is watched: what is seen then belongs to its verdict. An alert of
/// Alertmanager is gone when Alertmanager and Prometheus say so; after a remedy that did not help,
/// only while the unit is active, unless a person answered; and after a verdict for want of data,
/// only when there is data again. A post by hand is gone when the unit has been active for the
/// settle time since the post, unless the remedy it asks for never reached systemd.
#[must_use]
pub fn clearances(
    incident: &Incident,
    observation: &Observation,
    rules: &Rules,
    now: &Moment,
) -> Vec<Fingerprint> {
    let verdict = incident.last_action().map(|a| a.verdict);
    if verdict == Some(None) {
        return Vec::new();
    }
    let verdict = verdict.flatten();
    let lacks_data = verdict == Some((Verdict::Unproven, Reason::NoData));
    let is_up = observation
        .unit
        .known()
        .is_some_and(|u| u.active == ActiveState::Active);
    let must_be_up = verdict.is_some_and(|(verdict, _)| verdict != Verdict::Fixed)
        && incident.phase != Phase::Acknowledged;
    if must_be_up && !is_up {
        return Vec::new();
    }
    let is_owed = incident.last_action().is_some_and(|a| !a.used_its_rung());
    let is_gone = |fingerprint: &Fingerprint, evidence: &Evidence| match evidence.source {
        Source::Alertmanager => observation
            .alerts
            .get(fingerprint)
            .is_some_and(|state| state.is_gone() && (!lacks_data || state.proof.is(true))),
        Source::Posted => {
            let settle = rules
                .rule(&evidence.rule)
                .map_or(Duration::ZERO, |r| r.settle);
            let active_for = observation.unit.known().and_then(|u| u.active_for_ms);
            let is_well = active_for.is_some_and(|ms| Duration::from_millis(ms) >= settle);
            !is_owed && is_well && now.since(&evidence.seen) >= settle
        }
    };
    incident
        .live()
        .into_iter()
        .filter(|(f, e)| is_gone(f, e))
        .map(|(f, _)| f)
        .collect()
}

/// Decides about an open incident whose newest action, if any, has a verdict.
#[must_use]
pub fn decide(
    incident: &Incident,
    observation: &Observation,
    history: &History,
    rules: &Rules,
    now: &Moment,
) -> Decision {
    let live = incident.live();
    if live.is_empty() {
        return end(incident);
    }
    match incident.phase {
        Phase::Paged => return hold(Reason::AwaitingPerson),
        Phase::Acknowledged => return hold(Reason::Acknowledged),
        Phase::Deciding
        | Phase::Holding { .. }
        | Phase::Acting
        | Phase::Verifying
        | Phase::Closed(_) => {}
    }
    if incident.unreadable {
        return escalate(Reason::OutcomeUnknown);
    }
    if let Some(reason) = ends_the_ladder(incident) {
        return escalate(reason);
    }
    if history.paused().is_some() {
        return hold(Reason::Paused);
    }
    // First of all that is seen: a switch stops and starts units, and the bus, as it pleases.
    if observation.switching.is(true) {
        return hold_or_escalate(incident, Reason::SwitchRunning, rules.hold_timeout(), now);
    }
    let Some(unit) = observation.unit.known() else {
        return hold_or_escalate(incident, Reason::BusLost, rules.hold_timeout(), now);
    };
    if let Err(decision) = reachable(incident, unit, rules, now) {
        return decision;
    }
    let (rule, verb) = match next_rung(incident, &live, unit.active, rules) {
        Rung::Fits(rule, verb) => (rule, verb),
        Rung::NoRule => return escalate(Reason::NoRule),
        Rung::Exhausted => return escalate(Reason::LadderExhausted),
        Rung::NoneFits(_) if !incident.actions.is_empty() => {
            return escalate(Reason::LadderExhausted);
        }
        Rung::NoneFits(_) if unit.active == ActiveState::Inactive && unit.result == "success" => {
            return hold(Reason::StoppedOnPurpose);
        }
        Rung::NoneFits(rule) => {
            // A unit that just became active gets the grace for its alert to clear. A crash loop
            // is always fresh, so the hold time-out bounds that.
            let is_fresh = unit
                .active_for_ms
                .is_some_and(|ms| Duration::from_millis(ms) < rule.grace);
            let limit = if is_fresh {
                rules.hold_timeout()
            } else {
                rule.grace
            };
            return hold_or_escalate(incident, Reason::NoRungFits, limit, now);
        }
    };
    let Some(permit) = rules.permit(rule, verb) else {
        return escalate(Reason::NoRule);
    };
    if rule.mode == Mode::DryRun {
        return Decision::Hold {
            reason: Reason::DryRun,
            verb: Some(verb),
        };
    }
    if let Some(last) = history.last_for_another(&rule.unit, incident.id)
        && now.since(last) < rule.cooldown
    {
        return hold(Reason::Cooldown);
    }
    if history.attempts_on(&rule.unit, rule.attempts_window, now) >= rule.attempts {
        return escalate(Reason::AttemptsExhausted);
    }
    if history.budget_left(rules.budget(), now) == 0 {
        return escalate(Reason::BudgetSpent);
    }
    if verb != Verb::Rescue && near_start_limit(unit, history, rule, now) {
        return hold_or_escalate(incident, Reason::StartLimit, rules.hold_timeout(), now);
    }
    // Last, for without an action it does not matter.
    if observation.switching == Fact::Unknown {
        return hold_or_escalate(incident, Reason::SwitchUnknown, rules.hold_timeout(), now);
    }
    Decision::Act {
        permit,
        rule: rule.name.clone(),
        number: u32::try_from(incident.actions.len()).unwrap_or(u32::MAX) + 1,
    }
}

fn end(incident: &Incident) -> Decision {
    let (end, reason) = if incident.paged.is_some() {
        (End::Paged, Reason::AlertCleared)
    } else if incident.verdict() == Some(Verdict::Fixed) {
        (End::Fixed, Reason::Recovered)
    } else {
        (End::ResolvedByItself, Reason::AlertCleared)
    };
    Decision::End { end, reason }
}

/// A last action after which climbing on would be wrong: what it did is not known, or the host
/// itself refuses it.
fn ends_the_ladder(incident: &Incident) -> Option<Reason> {
    match incident.last_action()?.ended.as_ref()?.result {
        JobResult::Unknown => Some(Reason::OutcomeUnknown),
        JobResult::Denied => Some(Reason::Denied),
        JobResult::Done
        | JobResult::Canceled
        | JobResult::Timeout
        | JobResult::Failed
        | JobResult::Dependency
        | JobResult::Skipped
        | JobResult::Refused
        | JobResult::NotCalled => None,
    }
}

/// Whether the unit can be acted on at all; otherwise what follows.
fn reachable(
    incident: &Incident,
    unit: &UnitState,
    rules: &Rules,
    now: &Moment,
) -> Result<(), Decision> {
    if unit.load_state != "loaded" {
        return Err(escalate(Reason::UnitUnknown));
    }
    if incident
        .unit
        .as_ref()
        .is_none_or(|name| name.as_str() != unit.id)
    {
        return Err(escalate(Reason::UnitAlias));
    }
    let wait = |reason| {
        Err(hold_or_escalate(
            incident,
            reason,
            rules.hold_timeout(),
            now,
        ))
    };
    match unit.job.as_deref() {
        Some("stop") => return Err(hold(Reason::StopQueued)),
        // systemd's own automatic restart queues a job too; it is not someone else's.
        Some(_) if unit.sub.starts_with("auto-restart") => return wait(Reason::AutoRestart),
        Some(_) => return wait(Reason::JobQueued),
        None => {}
    }
    match unit.active {
        ActiveState::Active | ActiveState::Inactive | ActiveState::Failed => Ok(()),
        ActiveState::Activating if unit.sub.starts_with("auto-restart") => {
            wait(Reason::AutoRestart)
        }
        ActiveState::Activating
        | ActiveState::Deactivating
        | ActiveState::Reloading
        | ActiveState::Other => wait(Reason::Changing),
    }
}

/// Holds for `reason`, or calls a person when it has been the reason for `limit`.
fn hold_or_escalate(
    incident: &Incident,
    reason: Reason,
    limit: Duration,
    now: &Moment,
) -> Decision {
    match incident.phase {
        Phase::Holding {
            reason: before,
            since,
        } if continues(before, reason) && now.since(&since) >= limit => {
            escalate(if reason == Reason::NoRungFits {
                Reason::NoRungFits
            } else {
                Reason::HoldTimeout
            })
        }
        _ => hold(reason),
    }
}

/// Whether one more start could hit the unit's own start limit, which would leave it stopped.
///
/// systemd does not tell how much of its limit is used. Our own starts are counted exactly; its
/// automatic restarts are all held to be recent, which errs on the side of waiting.
fn near_start_limit(unit: &UnitState, history: &History, rule: &Rule, now: &Moment) -> bool {
    if unit.start_limit_interval_ms == 0 || unit.start_limit_burst == 0 {
        return false;
    }
    let interval = Duration::from_millis(unit.start_limit_interval_ms);
    let ours = history.attempts_on(&rule.unit, interval, now);
    let is_fresh = unit
        .active_for_ms
        .is_some_and(|ms| ms < unit.start_limit_interval_ms);
    let automatic = if is_fresh { unit.n_restarts } else { 0 };
    ours.saturating_add(automatic).saturating_add(1) >= unit.start_limit_burst
}
