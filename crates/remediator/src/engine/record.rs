//! How a decision is written down, and when to look again.

use super::drive::{LATER, SOON};
use homeostat_policy::decide::Decision;
use homeostat_policy::event::Event;
use homeostat_policy::incident::{Incident, Phase};
use homeostat_policy::observation::Observation;
use homeostat_policy::reason::Reason;
use std::time::Duration;

/// What an incident is about, for a log line.
pub(super) fn subject(incident: &Incident) -> &str {
    incident.unit.as_ref().map_or("an alert", |u| u.as_str())
}

/// The events that record a decision: none for a hold that goes on.
pub(super) fn record_of(
    incident: &Incident,
    decision: &Decision,
    observation: &Observation,
) -> Vec<Event> {
    let is_old = match (decision, &incident.phase) {
        (Decision::Hold { reason, .. }, Phase::Holding { reason: before, .. }) => reason == before,
        (Decision::Hold { reason, .. }, Phase::Paged) => *reason == Reason::AwaitingPerson,
        (Decision::Hold { reason, .. }, Phase::Acknowledged) => *reason == Reason::Acknowledged,
        _ => false,
    };
    if is_old {
        return Vec::new();
    }
    let mut events = vec![Event::Decided {
        decision: decision.kind(),
        reason: decision.reason(),
        verb: decision.verb(),
        observation: observation.clone(),
    }];
    match decision {
        Decision::Act {
            permit,
            rule,
            number,
        } => events.push(Event::Intent {
            action: *number,
            unit: permit.unit().clone(),
            verb: permit.verb(),
            rule: rule.clone(),
            invocation_before: observation
                .unit
                .known()
                .map(|u| u.invocation_id.clone())
                .unwrap_or_default(),
        }),
        Decision::End { end, .. } => events.push(Event::Closed { end: *end }),
        Decision::Hold { .. } | Decision::Escalate { .. } => {}
    }
    events
}

/// How soon to look again while nothing is done.
pub(super) fn patience(decision: &Decision) -> Duration {
    match decision.reason() {
        Reason::JobQueued
        | Reason::AutoRestart
        | Reason::Changing
        | Reason::BusLost
        | Reason::SwitchRunning
        | Reason::SwitchUnknown
        | Reason::Cooldown
        | Reason::StartLimit => SOON,
        _ => LATER,
    }
}
