//! Events and incidents as a person reads them: the sentences of the incident
//! API, of the status page and of a page to a person.

use crate::trace;
use homeostat_policy::alert::AlertStatus;
use homeostat_policy::log::rfc3339;
use homeostat_policy::log::room::MAX_LEFT_OUT;
use homeostat_policy::log::{Entry, Event};
use homeostat_policy::log::{Incident, Source};
use homeostat_policy::observation::Observation;
use homeostat_policy::unit::{ActiveState, UnitState};
use homeostat_policy::words::Reason;
use homeostat_policy::words::{DecisionKind, End};
use serde::Serialize;

/// An incident as the API shows it.
#[derive(Debug, Serialize)]
pub struct IncidentView {
    /// Its number.
    pub id: i64,
    /// The host.
    pub host: String,
    /// The unit; absent for an alert that no rule may act on.
    pub unit: Option<String>,
    /// `open` or `closed`.
    pub state: &'static str,
    /// Where it stands.
    pub phase: &'static str,
    /// Whether the newest remedy worked.
    pub verdict: Option<&'static str>,
    /// How it ended, or `paged` while a person is called.
    pub end: Option<&'static str>,
    /// The newest reason.
    pub reason: Option<&'static str>,
    /// The trace that is sent when it is over, and that its log lines name from the beginning;
    /// absent for an alert that no rule may act on.
    pub trace_id: Option<String>,
    /// RFC 3339.
    pub opened_at: String,
    /// RFC 3339.
    pub closed_at: Option<String>,
    /// How many actions were begun.
    pub actions: usize,
    /// The alerts that joined it.
    pub alerts: Vec<AlertView>,
    /// How many alerts more there are that are not followed one by one, or may be more.
    pub left_out: u64,
    /// What happened, oldest first; only in the view of one incident.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<EventView>>,
    /// What `after` has to be for the events that follow; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<usize>,
}

/// An alert of an incident.
#[derive(Debug, Serialize)]
pub struct AlertView {
    /// Its name.
    pub name: String,
    /// Its hash.
    pub fingerprint: String,
    /// `alertmanager` or `posted`.
    pub kind: &'static str,
    /// Whether it is known to be gone.
    pub cleared: bool,
}

/// One event of an incident.
#[derive(Debug, Serialize)]
pub struct EventView {
    /// Its place, from 1.
    pub id: usize,
    /// RFC 3339.
    pub at: String,
    /// The kind.
    pub kind: &'static str,
    /// The reason's label, where there is one.
    pub reason: Option<&'static str>,
    /// The sentence.
    pub text: String,
}

/// The incident as the API shows it, without its events.
#[must_use]
pub fn incident(incident: &Incident) -> IncidentView {
    IncidentView {
        id: incident.id,
        host: incident.host.clone(),
        unit: incident.unit.as_ref().map(ToString::to_string),
        state: if incident.is_closed() {
            "closed"
        } else {
            "open"
        },
        phase: incident.phase.label(),
        verdict: incident.verdict().map(|v| v.label()),
        end: incident.end().map(End::label),
        reason: incident.reason.map(Reason::label),
        trace_id: incident.unit.is_some().then(|| trace::id(incident)),
        opened_at: rfc3339(incident.opened.wall_ms),
        closed_at: incident.closed.map(|at| rfc3339(at.wall_ms)),
        actions: incident.actions.len(),
        alerts: incident
            .evidence
            .iter()
            .filter(|(_, evidence)| evidence.stands_for == 0)
            .map(|(fingerprint, evidence)| AlertView {
                name: evidence.name.clone(),
                fingerprint: fingerprint.to_string(),
                kind: evidence.source.label(),
                cleared: evidence.cleared.is_some(),
            })
            .collect(),
        left_out: incident.left_out(),
        events: None,
        next: None,
    }
}

/// The events behind the first `after`, as sentences.
#[must_use]
pub fn events(entries: &[Entry], after: u32) -> Vec<EventView> {
    let after = usize::try_from(after).unwrap_or(usize::MAX);
    entries
        .iter()
        .enumerate()
        .map(|(index, entry)| EventView {
            id: after.saturating_add(index + 1),
            at: rfc3339(entry.at.wall_ms),
            kind: entry.event.kind(),
            reason: reason(&entry.event).map(Reason::label),
            text: sentence(&entry.event),
        })
        .collect()
}

fn reason(event: &Event) -> Option<Reason> {
    match event {
        Event::Refused { reason, .. }
        | Event::Decided { reason, .. }
        | Event::Verdict { reason, .. } => Some(*reason),
        Event::Opened { .. }
        | Event::Alert { .. }
        | Event::Witnessed { .. }
        | Event::Cleared { .. }
        | Event::Intent { .. }
        | Event::JobEnded { .. }
        | Event::Acknowledged { .. }
        | Event::Closed { .. }
        | Event::Paused { .. }
        | Event::Resumed { .. }
        | Event::Unknown => None,
    }
}

/// What happened, as one or two sentences.
#[must_use]
pub fn sentence(event: &Event) -> String {
    match event {
        Event::Opened { unit, .. } => format!("An incident about {unit} began."),
        Event::Refused { alert, reason, .. } => {
            format!("{} was refused. {}", alert.name, reason.sentence())
        }
        Event::Alert {
            alert,
            left_out: true,
            ..
        } => format!(
            "Another {} fires; so many are counted and not followed one by one.",
            alert.name
        ),
        Event::Alert { alert, .. } => match (alert.status, alert.summary.as_str()) {
            (AlertStatus::Firing, "") => format!("{} fires.", alert.name),
            (AlertStatus::Firing, summary) => format!("{} fires: {summary}", alert.name),
            (AlertStatus::Resolved, _) => format!("Alertmanager reports {} as over.", alert.name),
        },
        Event::Witnessed {
            fingerprint,
            source,
        } => format!("Alert {fingerprint}: {}", witness(*source)),
        Event::Cleared { fingerprint } => format!("Alert {fingerprint} is gone."),
        Event::Decided {
            decision,
            reason,
            verb,
            observation,
        } => {
            let what = match (decision, verb) {
                (DecisionKind::Act, Some(verb)) => format!("Decided to {}.", verb.label()),
                (DecisionKind::Hold, Some(verb)) => {
                    format!("Nothing done; it would have been {}.", verb.label())
                }
                (DecisionKind::Hold, None) => "Nothing done for now.".to_owned(),
                (DecisionKind::Escalate, Some(verb)) => format!(
                    "Decided to call a person; it would have been {}.",
                    verb.label()
                ),
                (DecisionKind::Escalate, None) => "Decided to call a person.".to_owned(),
                (DecisionKind::End, _) => "Decided that it is over.".to_owned(),
                (DecisionKind::Act | DecisionKind::Refuse | DecisionKind::Unknown, _) => {
                    "Decided.".to_owned()
                }
            };
            format!("{what} {}{}", reason.sentence(), seen(observation))
        }
        Event::Intent {
            action, unit, verb, ..
        } => format!(
            "Action {action}: {} of {unit} is about to be asked for.",
            verb.label()
        ),
        Event::JobEnded {
            action,
            result,
            examined,
            misfit,
            ..
        } => {
            let how = if *examined {
                " This was found by examination, for the call's end was not seen."
            } else {
                ""
            };
            let why = misfit.map(|reason| format!(" {}", reason.sentence()));
            format!(
                "Action {action}: {}{how}{}",
                result.sentence(),
                why.unwrap_or_default()
            )
        }
        Event::Verdict {
            action,
            verdict,
            reason,
            observation,
        } => format!(
            "Action {action} is {}. {}{}",
            verdict.label(),
            reason.sentence(),
            seen(observation)
        ),
        Event::Acknowledged { reason } => format!("A person acknowledged the page: {reason}"),
        Event::Closed { end, note } => {
            let note = note.as_deref().map(|note| format!(" {note}"));
            format!(
                "The incident is over. {}{}",
                end.sentence(),
                note.unwrap_or_default()
            )
        }
        Event::Paused { reason } => format!("A person paused all remedies: {reason}"),
        Event::Resumed { reason } => format!("A person resumed remedies: {reason}"),
        Event::Unknown => {
            "A newer version recorded something that this one cannot read.".to_owned()
        }
    }
}

/// Who is asked about an alert, as the end of a sentence that begins with the alert.
#[must_use]
pub fn witness(source: Source) -> &'static str {
    match source {
        Source::Alertmanager => {
            "Alertmanager is asked about it; if our rule made it, Prometheus too."
        }
        Source::Posted => {
            "it was posted, and Alertmanager does not have it; the unit's health clears it."
        }
        Source::Unasked | Source::Unknown => "nobody has answered for it yet.",
    }
}

fn seen(observation: &Observation) -> String {
    observation
        .unit
        .known()
        .map(|unit| format!(" The unit was {}.", unit_state(unit)))
        .unwrap_or_default()
}

/// A unit's state in a few words, with why it failed where systemd knows (`Result` of org.freedesktop.systemd1(5)).
#[must_use]
pub fn unit_state(unit: &UnitState) -> String {
    let why = match unit.result.as_str() {
        result if unit.active == ActiveState::Failed && !result.is_empty() => {
            format!(", result {result}")
        }
        _ => String::new(),
    };
    let job = unit
        .job
        .as_deref()
        .map(|job| format!(", {job} job queued"))
        .unwrap_or_default();
    format!("{} ({}{why}{job})", unit.active.label(), unit.sub)
}

/// How many alerts there are that are not followed one by one; empty where there are none.
#[must_use]
pub fn left_out(incident: &Incident) -> String {
    match incident.left_out() {
        0 => String::new(),
        MAX_LEFT_OUT.. => format!(" and {MAX_LEFT_OUT} or more that are only counted"),
        count => format!(" and {count} more that are only counted"),
    }
}

/// Why a person was called; empty where nobody was.
#[must_use]
pub fn why_called(incident: &Incident) -> String {
    let reasons = [incident.paged, incident.held].into_iter().flatten();
    Vec::from_iter(reasons.map(Reason::sentence)).join(" ")
}

/// What was tried in an incident, for the page to a person.
#[must_use]
pub fn tried(incident: &Incident) -> String {
    if incident.actions.is_empty() {
        return "Nothing was tried.".to_owned();
    }
    let each: Vec<String> = incident
        .actions
        .iter()
        .map(|action| {
            let job = action
                .ended
                .as_ref()
                .map_or("running", |e| e.result.label());
            let verdict = action
                .verdict
                .map_or_else(String::new, |(verdict, reason)| {
                    format!(", {} ({})", verdict.label(), reason.label())
                });
            format!(
                "{} at {}: job {job}{verdict}",
                action.verb.label(),
                rfc3339(action.intent.wall_ms)
            )
        })
        .collect();
    format!("Tried: {}.", each.join("; "))
}
