//! What to do about an incident now.
//!
//! First whoever called a person waits for them. Then the obstacles of [`obstacles::BEFORE`] are
//! looked at, then a rung of the ladder is chosen, then the obstacles of [`obstacles::AFTER`]; the
//! first that stands in the way decides.

mod ladder;
pub mod obstacles;
mod person;

use crate::alert::Fingerprint;
use crate::evidence::Asked;
use crate::log::{Evidence, Incident, Now, Source};
use crate::machine::State;
use crate::observation::Observation;
use crate::rules::{Permit, Rule, Rules, Rung};
use crate::words::{DecisionKind, End, Reason, Verb, Verdict};
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
        /// When to look again, where the time is known.
        wait: Option<Duration>,
    },
    /// Call a person.
    Escalate {
        /// Why.
        reason: Reason,
        /// The verb that would have been used; said in dry-run.
        verb: Option<Verb>,
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
            | Decision::Escalate { reason, .. }
            | Decision::End { reason, .. } => *reason,
        }
    }

    /// The verb that is or would be used.
    #[must_use]
    pub fn verb(&self) -> Option<Verb> {
        match self {
            Decision::Act { permit, .. } => Some(permit.verb()),
            Decision::Hold { verb, .. } | Decision::Escalate { verb, .. } => *verb,
            Decision::End { .. } => None,
        }
    }
}

/// All that a decision is made from.
pub struct Case<'a> {
    pub(crate) incident: &'a Incident,
    pub(crate) live: Vec<(Fingerprint, &'a Evidence)>,
    pub(crate) observation: &'a Observation,
    pub(crate) state: &'a State,
    pub(crate) rules: &'a Rules,
    pub(crate) now: &'a Now,
}

impl<'a> Case<'a> {
    /// An incident beside what was seen of it.
    #[must_use]
    pub fn new(
        incident: &'a Incident,
        observation: &'a Observation,
        state: &'a State,
        rules: &'a Rules,
        now: &'a Now,
    ) -> Self {
        Self {
            incident,
            live: incident.live(),
            observation,
            state,
            rules,
            now,
        }
    }

    /// The live alerts beside what was seen of each.
    pub(crate) fn asked(&self) -> impl Iterator<Item = Asked<'a>> {
        self.live.iter().map(|(fingerprint, evidence)| {
            Asked::of(
                *fingerprint,
                evidence,
                self.incident,
                self.observation,
                self.rules,
                self.now,
            )
        })
    }

    /// Whether people hear of a live alert by another road: every remedied alert of Alertmanager has
    /// a second route.
    fn others_hear(&self) -> bool {
        self.live
            .iter()
            .any(|(_, e)| e.source == Source::Alertmanager)
    }
}

impl Case<'_> {
    /// Whether nobody but us knows of the live alerts.
    fn is_posted(&self) -> bool {
        self.live.iter().all(|(_, e)| e.source == Source::Posted)
    }
}

/// A rung that was chosen.
pub struct Chosen<'a> {
    pub(crate) rule: &'a Rule,
    pub(crate) rung: &'a Rung,
}

/// Why not to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Wait; after that time a person is called.
    Hold(Reason, Duration),
    /// Wait for as long as others hear of the alert. Of one that only we know a person is told: at
    /// once where nothing is going to change by itself, else at the hold time-out.
    HoldWhileOthersHear(Reason),
    /// Call a person.
    Page(Reason),
}

/// Decides about an open incident whose newest action, if any, has a verdict or never arrived.
#[must_use]
pub fn decide(case: &Case<'_>) -> Decision {
    if case.live.is_empty() && !case.incident.is_unreadable {
        return end(case.incident);
    }
    if case.incident.phase.is_with_a_person() {
        return person::waiting(case);
    }
    for obstacle in obstacles::BEFORE {
        if let Some(stop) = (obstacle.check)(case) {
            return stopped(case, stop, None);
        }
    }
    let chosen = match ladder::choose(case) {
        Ok(chosen) => chosen,
        Err(stop) => return stopped(case, stop, None),
    };
    for obstacle in obstacles::AFTER {
        if let Some(stop) = (obstacle.check)(case, &chosen) {
            return stopped(case, stop, Some(chosen.rung.verb));
        }
    }
    match case.rules.permit(chosen.rule, chosen.rung) {
        Some(permit) => Decision::Act {
            permit,
            rule: chosen.rule.name.clone(),
            number: u32::try_from(case.incident.actions.len()).unwrap_or(u32::MAX - 1) + 1,
        },
        None => escalate(Reason::NoRule),
    }
}

fn escalate(reason: Reason) -> Decision {
    Decision::Escalate { reason, verb: None }
}

fn end(incident: &Incident) -> Decision {
    let (end, reason) = if incident.paged.is_some() {
        (End::Paged, Reason::AlertCleared)
    } else if incident.verdict() == Some(Verdict::Fixed) {
        (End::Fixed, Reason::Recovered)
    } else if incident.actions.is_empty() && incident.evidence.values().all(|e| e.is_anew) {
        (End::ResolvedByItself, Reason::Stale)
    } else {
        (End::ResolvedByItself, Reason::AlertCleared)
    };
    Decision::End { end, reason }
}

/// What an obstacle comes to.
fn stopped(case: &Case<'_>, stop: Stop, verb: Option<Verb>) -> Decision {
    let (reason, limit) = match stop {
        Stop::Page(reason) => return escalate(reason),
        Stop::Hold(reason, limit) => (reason, Some(limit)),
        Stop::HoldWhileOthersHear(reason) if case.others_hear() => (reason, None),
        Stop::HoldWhileOthersHear(reason @ (Reason::Paused | Reason::DryRun))
            if case.is_posted() =>
        {
            let verb = verb.filter(|_| reason == Reason::DryRun);
            return Decision::Escalate { reason, verb };
        }
        Stop::HoldWhileOthersHear(reason) => (reason, Some(case.rules.hold_timeout())),
    };
    let held_for = case.incident.holds.held_for(reason, case.now);
    if limit.is_some_and(|limit| held_for >= limit) {
        return escalate(match reason {
            Reason::NoRungFits => Reason::NoRungFits,
            _ => Reason::HoldTimeout,
        });
    }
    Decision::Hold {
        reason,
        verb: verb.filter(|_| reason == Reason::DryRun),
        wait: (reason == Reason::BackOff)
            .then(|| obstacles::back_off_left(case))
            .flatten(),
    }
}
