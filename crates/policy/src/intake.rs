//! An alert comes in: it joins an incident, opens one, is refused, or is known.

use crate::alert::{Alert, AlertStatus};
use crate::log::{Entry, Event, IncidentId, Moment, Now};
use crate::machine::{Answer, Effect, Look, State, Step};
use crate::rules::{Rule, Rules};
use crate::words::Reason;

/// What follows from an alert.
pub(crate) fn take(state: &State, alert: Alert, rules: &Rules, now: &Now) -> Step {
    match (rules.lookup(&alert), alert.status) {
        (Ok(rule), AlertStatus::Firing) => firing(state, alert, rule, rules, now),
        (Ok(rule), AlertStatus::Resolved) => resolved(state, alert, rule, rules, now.at),
        (Err(reason), AlertStatus::Firing) => refused(state, alert, reason, rules, now.at),
        // The end of an alert that is not ours is news only where its refusal stands.
        (Err(_), AlertStatus::Resolved) => over(state, &alert, now.at),
    }
}

fn duplicate() -> Step {
    Step::of(Effect::Answer(Answer::Duplicate))
}

fn news(incident: IncidentId, at: Moment, events: Vec<Event>) -> Step {
    let entry = |event| Entry {
        incident,
        at,
        event,
    };
    Step {
        events: events.into_iter().map(entry).collect(),
        effects: vec![Effect::Answer(Answer::Accepted)],
    }
}

/// The step with a look at its incident, unless a call is under way: its end leads to the next look.
fn looking(mut step: Step, state: &State, rules: &Rules) -> Step {
    let id = step.events[0].incident;
    let mut known = state.incident(id).cloned();
    for entry in &step.events {
        match &mut known {
            Some(incident) => incident.apply(entry),
            None => known = crate::log::Incident::begin(entry),
        }
    }
    if let Some(incident) = known.filter(|incident| incident.in_flight().is_none()) {
        step.effects.push(Effect::Look(Look::at(&incident, rules)));
    }
    step
}

fn firing(state: &State, mut alert: Alert, rule: &Rule, rules: &Rules, now: &Now) -> Step {
    let was_seen = state.was_seen(&alert);
    let open = state.about(&rule.unit);
    let left_out = open.is_some_and(|incident| incident.is_full_for(&alert));
    if let Some(incident) = open {
        let holds_it = incident
            .evidence
            .get(&alert.fingerprint)
            .is_some_and(|e| e.cleared.is_none() && e.starts_ms == alert.starts_ms);
        if holds_it || (left_out && (was_seen || incident.covers(&rule.name))) {
            return duplicate();
        }
        if left_out {
            alert = alert.outline();
        }
    } else if state.is_settled(&alert, now) {
        return duplicate();
    }
    // What stood of an earlier episode is over.
    let settled = state.settled_by(&alert);
    let fingerprint = alert.fingerprint;
    let mut events = Vec::with_capacity(2);
    if open.is_none() {
        events.push(Event::Opened {
            host: rules.host().to_owned(),
            unit: rule.unit.clone(),
        });
    }
    events.push(Event::Alert {
        alert,
        rule: rule.name.clone(),
        anew: was_seen,
        left_out,
    });
    let id = open.map_or_else(|| state.next_id(), |incident| incident.id);
    let mut step = looking(news(id, now.at, events), state, rules);
    step.events.extend(settled.map(|incident| Entry {
        incident,
        at: now.at,
        event: Event::Cleared { fingerprint },
    }));
    step
}

fn resolved(state: &State, alert: Alert, rule: &Rule, rules: &Rules, now: Moment) -> Step {
    let is_news = |incident: &&crate::log::Incident| {
        incident
            .evidence
            .get(&alert.fingerprint)
            .is_some_and(|e| e.cleared.is_none() && e.told_over.is_none())
    };
    let Some(incident) = state.about(&rule.unit).filter(is_news) else {
        return over(state, &alert, now);
    };
    let events = vec![Event::Alert {
        alert,
        rule: rule.name.clone(),
        anew: false,
        left_out: false,
    }];
    looking(news(incident.id, now, events), state, rules)
}

fn refused(state: &State, alert: Alert, reason: Reason, rules: &Rules, now: Moment) -> Step {
    if state.is_refused(&alert, rules.digest()) {
        return duplicate();
    }
    let host = alert
        .labels
        .get("host")
        .map_or(rules.host(), String::as_str)
        .to_owned();
    let refused = Event::Refused {
        host,
        alert,
        reason,
        rules: rules.digest(),
    };
    news(state.next_id(), now, vec![refused])
}

/// A refusal, or a person's closing, ends when the alert does.
fn over(state: &State, alert: &Alert, now: Moment) -> Step {
    match state.settled_by(alert) {
        Some(incident) => news(
            incident,
            now,
            vec![Event::Cleared {
                fingerprint: alert.fingerprint,
            }],
        ),
        None => duplicate(),
    }
}
