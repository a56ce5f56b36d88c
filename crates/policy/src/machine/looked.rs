//! What follows from a look at an incident.

use super::draft::{Draft, Step};
use super::effect::{Call, Effect};
use super::examining::examining;
use super::state::State;
use crate::decide::{Case, Decision, decide};
use crate::evidence::{clearances, fixed, witnessed};
use crate::log::{Event, Incident, Now, Phase};
use crate::observation::Observation;
use crate::rules::Rules;
use crate::verdict::{Assessment, assess};
use crate::words::{End, Reason, Verdict};
use std::time::Duration;

/// How soon to look again at what changes by itself.
pub(super) const SOON: Duration = Duration::from_secs(1);
/// How soon to look again at anything else.
const LATER: Duration = Duration::from_secs(5);

/// Takes the incident one step further. `events` is its count of events when the look began.
pub(super) fn looked(
    state: &State,
    mut draft: Draft,
    events: u64,
    observation: Observation,
    rules: &Rules,
    now: &Now,
) -> Step {
    if draft.incident.in_flight().is_some() {
        return examining(draft, &observation, rules, now);
    }
    for (fingerprint, source) in witnessed(&draft.incident, &observation, rules) {
        draft.push(Event::Witnessed {
            fingerprint,
            source,
        });
    }
    if draft.incident.watched().is_some() {
        return judged(draft, events, observation, rules, now);
    }
    for fingerprint in clearances(&draft.incident, events, &observation, rules, now) {
        draft.push(Event::Cleared { fingerprint });
    }
    let decision = decide(&Case::new(&draft.incident, &observation, state, rules, now));
    decided(draft, &decision, observation, now)
}

fn judged(
    mut draft: Draft,
    events: u64,
    observation: Observation,
    rules: &Rules,
    now: &Now,
) -> Step {
    let Some(action) = draft.incident.watched().cloned() else {
        return draft.done();
    };
    let (verdict, reason) = match assess(&draft.incident, &action, rules, &observation, now) {
        Assessment::Wait => return draft.wait(SOON),
        Assessment::Settled(verdict, reason) => (verdict, reason),
    };
    let is_over = verdict == Verdict::Fixed;
    // What joined while it was looked was not looked at.
    if is_over && draft.incident.live().iter().any(|(_, e)| e.joined > events) {
        return draft.look(rules);
    }
    draft.push(Event::Verdict {
        action: action.number,
        verdict,
        reason,
        observation: observation.clone(),
    });
    if !is_over {
        return draft.look(rules);
    }
    for fingerprint in fixed(&draft.incident, &observation, rules, now) {
        draft.push(Event::Cleared { fingerprint });
    }
    // What somebody posted after the action, it did not heal.
    if !draft.incident.live().is_empty() {
        return draft.look(rules);
    }
    draft.push(Event::Closed {
        end: End::Fixed,
        note: None,
    });
    draft.then(Effect::Page);
    draft.done()
}

fn decided(mut draft: Draft, decision: &Decision, observation: Observation, now: &Now) -> Step {
    let unit = observation.unit.known();
    let invocation = unit.map(|u| u.invocation_id.clone()).unwrap_or_default();
    let changed_before_ms = unit.map(|u| u.changed_ms);
    if is_news(&draft.incident, decision, now) {
        draft.push(Event::Decided {
            decision: decision.kind(),
            reason: decision.reason(),
            verb: decision.verb(),
            observation,
        });
    }
    match decision {
        Decision::Act {
            permit,
            rule,
            number,
        } => {
            let about = draft.incident.unit.clone();
            draft.push(Event::Intent {
                action: *number,
                unit: permit.unit().clone(),
                verb: permit.verb(),
                rule: rule.clone(),
                invocation_before: invocation.clone(),
                changed_before_ms,
                about: about.filter(|about| about != permit.unit()),
            });
            draft.then(Effect::Call(Call {
                incident: draft.incident.id,
                action: *number,
                permit: permit.clone(),
                invocation,
            }));
            draft.done()
        }
        Decision::Escalate { .. } => {
            draft.then(Effect::Page);
            draft.wait(LATER)
        }
        Decision::End { end, .. } => {
            draft.push(Event::Closed {
                end: *end,
                note: None,
            });
            draft.then(Effect::Page);
            draft.done()
        }
        Decision::Hold { reason, wait, .. } => draft.wait(wait.unwrap_or(patience(*reason))),
    }
}

/// Whether the decision is written down: a hold that goes on is not, and one whose reasons alternate only now and then.
///
/// It is compared with the phase and not with the newest reason: a verdict may carry the same
/// reason, and then the hold's deadline would never begin.
fn is_news(incident: &Incident, decision: &Decision, now: &Now) -> bool {
    match (decision, incident.phase) {
        (Decision::Hold { reason, .. }, Phase::Holding { reason: before, .. }) => {
            *reason != before && incident.holds.is_news(*reason, now)
        }
        (Decision::Hold { .. }, phase) => !phase.is_with_a_person(),
        _ => true,
    }
}

/// How soon to look again while nothing is done.
fn patience(reason: Reason) -> Duration {
    if reason.passes_by_itself() || reason == Reason::Cooldown {
        SOON
    } else {
        LATER
    }
}
