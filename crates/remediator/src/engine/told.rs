//! What was written is told: a line in the journal, and the metrics.

use crate::metrics::Metrics;
use crate::trace;
use homeostat_policy::log::{Entry, Event, IncidentId};
use homeostat_policy::machine::State;
use homeostat_policy::words::{DecisionKind, JobResult, Reason, Verb, Verdict};
use std::time::Duration;

/// One event that people and metrics hear of, with what its incident knew then.
pub(super) struct Told {
    incident: IncidentId,
    trace_id: String,
    unit: Option<String>,
    what: What,
}

enum What {
    Decided(DecisionKind, Reason, Option<Verb>),
    Refused(Reason),
    Ended(Option<Verb>, JobResult, bool),
    Verdict(Option<Verb>, Verdict, Reason, Duration),
    Acknowledged(String),
    TakenOver(String),
    Host(String),
}

impl Told {
    /// What there is to tell of an event; `state` holds its incident. `None` for what is not told, and
    /// for an incident that is not open.
    pub(super) fn of(state: &State, entry: &Entry) -> Option<Self> {
        let incident = state.incident(entry.incident);
        let verb = |number: &u32| {
            let action = incident?.actions.iter().find(|a| a.number == *number)?;
            Some((action.verb, entry.at.since(&action.intent)))
        };
        let what = match &entry.event {
            Event::Refused { reason, .. } => What::Refused(*reason),
            Event::Decided {
                decision,
                reason,
                verb,
                ..
            } => What::Decided(*decision, *reason, *verb),
            Event::JobEnded {
                action,
                result,
                examined,
                ..
            } => What::Ended(verb(action).map(|v| v.0), *result, *examined),
            Event::Verdict {
                action,
                verdict,
                reason,
                ..
            } => {
                let (verb, since) = verb(action).unzip();
                What::Verdict(verb, *verdict, *reason, since.unwrap_or_default())
            }
            Event::Acknowledged { reason } => What::Acknowledged(reason.clone()),
            Event::Closed {
                note: Some(note), ..
            } => What::TakenOver(note.clone()),
            Event::Paused { reason } => What::Host(format!("remedies paused: {reason}")),
            Event::Resumed { reason } => What::Host(format!("remedies resumed: {reason}")),
            _ => return None,
        };
        if incident.is_none() && !matches!(what, What::Refused(_) | What::Host(_)) {
            return None;
        }
        Some(Self {
            incident: entry.incident,
            trace_id: incident.map(trace::id).unwrap_or_default(),
            unit: incident.and_then(|i| i.unit.as_ref().map(ToString::to_string)),
            what,
        })
    }
}

/// Tells what is on disk now.
pub(super) fn tell(told: &[Told], metrics: &Metrics) {
    for one in told {
        count(&one.what, metrics);
        line(one);
    }
}

fn count(what: &What, metrics: &Metrics) {
    match what {
        What::Decided(decision, reason, _) => metrics.decision(*decision, *reason),
        What::Refused(reason) => metrics.decision(DecisionKind::Refuse, *reason),
        What::Ended(Some(verb), result, _) => metrics.action(*verb, *result),
        What::Verdict(_, verdict, _, since) => {
            metrics.verdict(*verdict);
            metrics.time_to_verdict.observe(since.as_secs_f64());
        }
        What::Ended(None, ..) | What::Acknowledged(_) | What::TakenOver(_) | What::Host(_) => {}
    }
}

fn line(told: &Told) {
    let subject = told.unit.as_deref().unwrap_or("an alert");
    let (text, decision, reason, verb, result, verdict) = match &told.what {
        What::Decided(decision, reason, verb) => {
            let what = verb.map_or(decision.label(), Verb::label);
            let text = format!("{subject}: decided to {what}: {}", reason.sentence());
            (text, Some(*decision), Some(*reason), *verb, None, None)
        }
        What::Ended(verb, result, is_examined) => {
            let how = if *is_examined { " by examination" } else { "" };
            let text = format!("{subject}: the job ended{how}: {}", result.sentence());
            (text, None, None, *verb, Some(*result), None)
        }
        What::Verdict(verb, verdict, reason, _) => {
            let what = verb.map_or("the action", Verb::label);
            let is = verdict.label();
            let text = format!("{subject}: {what} is {is}: {}", reason.sentence());
            (text, None, Some(*reason), *verb, None, Some(*verdict))
        }
        What::Acknowledged(note) => {
            let text = format!("{subject}: a person acknowledged the page: {note}");
            (text, None, None, None, None, None)
        }
        What::TakenOver(note) => {
            let text = format!("{subject}: a person closed the incident: {note}");
            (text, None, None, None, None, None)
        }
        What::Host(text) => {
            tracing::warn!("{text}");
            return;
        }
        // A storm of alerts that are not ours would bury the rest; the metric counts them.
        What::Refused(_) => return,
    };
    tracing::info!(
        incident_id = told.incident,
        trace_id = told.trace_id,
        unit_name = told.unit,
        decision = decision.map(DecisionKind::label),
        reason = reason.map(Reason::label),
        verb = verb.map(Verb::label),
        result = result.map(JobResult::label),
        verdict = verdict.map(Verdict::label),
        "{text}"
    );
}
