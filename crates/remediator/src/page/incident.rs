//! One incident: what it is about, where it stands, its picture and its steps.

use super::icon::{Tone, badge};
use super::timeline::Timeline;
use super::{Unfolded, picture, when};
use crate::story;
use homeostat_policy::log::Moment;
use homeostat_policy::log::{Action, Incident, Phase};
use homeostat_policy::log::{Entry, Event};
use homeostat_policy::words::Reason;
use homeostat_policy::words::{DecisionKind, End};
use maud::{Markup, html};
use std::collections::BTreeSet;

/// So many of the first steps, and so many of the newest, are listed. An alert storm in one
/// incident would otherwise bury what was done about it.
const FIRST_STEPS: usize = 8;
const LAST_STEPS: usize = 24;

/// How much of an incident stands on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// Picture and steps, always.
    All,
    /// Picture and steps, for a person asked.
    Unfolded,
    /// The picture.
    Picture,
    /// Where it stands, in words.
    Words,
}

/// The word for where an incident stands: the API's, with how it ended in place of `closed`.
pub(super) fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Closed(End::Fixed) => "fixed",
        Phase::Closed(End::Paged) => "paged, over",
        Phase::Closed(End::ResolvedByItself) => "resolved by itself",
        Phase::Closed(End::Refused) => "refused",
        Phase::Closed(End::TakenOver) => "closed by a person",
        Phase::Closed(End::Unknown) => "closed",
        open => open.label(),
    }
}

fn tone(phase: Phase) -> Tone {
    match phase {
        Phase::Deciding | Phase::Acting | Phase::Verifying | Phase::Acknowledged { .. } => {
            Tone::Busy
        }
        Phase::Holding { .. } => Tone::Warn,
        Phase::Paged => Tone::Bad,
        Phase::Closed(End::Fixed) => Tone::Good,
        Phase::Closed(End::Paged) => Tone::Warn,
        Phase::Closed(End::ResolvedByItself | End::Refused | End::TakenOver | End::Unknown) => {
            Tone::Plain
        }
    }
}

/// What it is about: the unit, or the alert of one without.
pub(super) fn subject(incident: &Incident) -> String {
    match &incident.unit {
        Some(unit) => unit.to_string(),
        None => alerts(incident),
    }
}

/// The names of its alerts.
pub(super) fn alerts(incident: &Incident) -> String {
    let names: BTreeSet<&str> = incident
        .evidence
        .values()
        .map(|e| e.name.as_str())
        .collect();
    let mut shown: Vec<String> = names.iter().take(4).map(|n| (*n).to_owned()).collect();
    if names.len() > shown.len() {
        shown.push(format!("{} more", names.len() - shown.len()));
    }
    shown.join(", ") + &story::left_out(incident)
}

/// The whole incident.
pub(super) fn card(incident: &Incident, entries: &[Entry], now: &Moment, detail: Detail) -> Markup {
    let anchor = format!("incident-{}", incident.id);
    let timeline = Timeline::new(incident, entries, now);
    let standing = standing(incident, entries, now);
    html! {
        article.incident id=(anchor) aria-labelledby={ (anchor) "-title" } {
            h3 id={ (anchor) "-title" } {
                span.number { "#" (incident.id) } " " (subject(incident))
                " " (badge(tone(incident.phase), word(incident.phase)))
            }
            p.standing { (standing) }
            p.meta {
                (alerts(incident)) ", opened " (when::about(now.since(&incident.opened))) " ago, "
                (when::date(&incident.opened))
            }
            @if detail != Detail::Words && !timeline.lanes.is_empty() {
                figure { (picture::picture(incident.id, &timeline, &about(incident, &standing))) }
            }
            @if matches!(detail, Detail::All | Detail::Unfolded) { (list(incident, entries)) }
            p.links {
                @match detail {
                    Detail::All => {}
                    Detail::Unfolded => {
                        a href={ (Unfolded::Nothing.address()) "#" (anchor) } { "Hide steps" }
                        " "
                    }
                    Detail::Picture | Detail::Words => {
                        a href={ (Unfolded::Incident(incident.id).address()) "#" (anchor) } {
                            "Show steps" span.unseen { " of incident " (incident.id) }
                        }
                        " "
                    }
                }
                a href=(format!("/incidents/{}", incident.id)) {
                    "JSON" span.unseen { " of incident " (incident.id) }
                }
            }
        }
    }
}

fn about(incident: &Incident, standing: &str) -> String {
    format!(
        "Timeline of incident {}, {}: {} {standing}",
        incident.id,
        word(incident.phase),
        alerts(incident),
    )
}

/// Where it stands and why, in one or two sentences.
fn standing(incident: &Incident, entries: &[Entry], now: &Moment) -> String {
    let ago = |at: &Moment| when::span(now.since(at));
    let took = |at: &Moment| when::span(at.since(&incident.opened));
    let action = incident.last_action();
    let closed = incident.closed.as_ref().map(took).unwrap_or_default();
    match incident.phase {
        Phase::Deciding => "The unit and its alerts are being looked at.".to_owned(),
        Phase::Holding { reason, since } => {
            format!(
                "{} Nothing is done; so for {}.",
                reason.sentence(),
                ago(&since)
            )
        }
        Phase::Acting => action.map_or_else(String::new, |a| {
            format!(
                "The {} was asked for {} ago; its job runs.",
                a.verb.label(),
                ago(&a.intent)
            )
        }),
        Phase::Verifying => action.map_or_else(String::new, |a| verifying(a, now)),
        Phase::Paged => {
            let since = called(entries)
                .map(|at| format!(" {} ago", ago(at)))
                .unwrap_or_default();
            let why = story::why_called(incident);
            format!("{why} A person was called{since}. {}", tried(incident))
        }
        Phase::Acknowledged { .. } => {
            let said = entries.iter().rev().find_map(|entry| match &entry.event {
                Event::Acknowledged { reason } => Some((reason, &entry.at)),
                _ => None,
            });
            let why = story::why_called(incident);
            said.map_or_else(String::new, |(said, at)| {
                format!("A person answered {} ago: {said}. It was: {why}", ago(at))
            })
        }
        Phase::Closed(End::Fixed) => {
            let verb = action.map_or("remedy", |a| a.verb.label());
            format!("The {verb} helped; {closed} from the alert to the proof.")
        }
        Phase::Closed(End::Paged) => {
            let why = story::why_called(incident);
            format!(
                "{why} A person was called. Over after {closed}. {}",
                tried(incident)
            )
        }
        Phase::Closed(End::ResolvedByItself) if incident.actions.is_empty() => {
            format!("The fault went away after {closed}, before anything was done.")
        }
        Phase::Closed(End::ResolvedByItself) => {
            format!("The fault went away after {closed}, without proof that a remedy was why.")
        }
        Phase::Closed(End::TakenOver) => {
            let said = entries.iter().rev().find_map(|entry| match &entry.event {
                Event::Closed { note, .. } => note.as_deref(),
                _ => None,
            });
            format!(
                "A person closed it after {closed}: {}. {}",
                said.unwrap_or("no reason is recorded"),
                tried(incident)
            )
        }
        Phase::Closed(End::Refused | End::Unknown) => {
            incident.reason.map_or("", Reason::sentence).to_owned()
        }
    }
}

fn verifying(action: &Action, now: &Moment) -> String {
    let verb = action.verb.label();
    action.ended.as_ref().map_or_else(String::new, |ended| {
        format!(
            "The {verb} ended ({}) {} ago. Watching whether the unit stays active and the alert goes away.",
            ended.result.label().replace('_', " "),
            when::span(now.since(&ended.at)),
        )
    })
}

fn called(entries: &[Entry]) -> Option<&Moment> {
    entries.iter().rev().find_map(|entry| match entry.event {
        Event::Decided {
            decision: DecisionKind::Escalate,
            ..
        } => Some(&entry.at),
        _ => None,
    })
}

/// What was tried, shorter than [`story::tried`], for the times stand beside it.
fn tried(incident: &Incident) -> String {
    if incident.actions.is_empty() {
        return "Nothing was tried.".to_owned();
    }
    let each: Vec<String> = incident
        .actions
        .iter()
        .map(|action| match (action.verdict, &action.ended) {
            (Some((verdict, _)), _) => format!("{} ({})", action.verb.label(), verdict.label()),
            (None, Some(_)) => format!("{} (not judged)", action.verb.label()),
            (None, None) => format!("{} (running)", action.verb.label()),
        })
        .collect();
    format!("Tried: {}.", each.join(", "))
}

/// The steps as text.
fn list(incident: &Incident, entries: &[Entry]) -> Markup {
    let hidden = entries.len().saturating_sub(FIRST_STEPS + LAST_STEPS);
    // Of a long story not all steps are here.
    let all = usize::try_from(incident.events).unwrap_or(usize::MAX);
    let left_out = all.saturating_sub(entries.len() - hidden);
    html! {
        ol.steps {
            @for (index, entry) in entries.iter().enumerate() {
                @if hidden > 0 && index == FIRST_STEPS {
                    li.left-out { span {} span { (left_out) " more steps are in the JSON." } }
                }
                @if index < FIRST_STEPS || index >= FIRST_STEPS + hidden {
                    li {
                        span.at {
                            "+" (when::span(entry.at.since(&incident.opened))) " "
                            (when::clock(&entry.at))
                        }
                        span { (told(incident, &entry.event)) }
                    }
                }
            }
        }
    }
}

/// The event as a sentence, with the names that the incident knows and the event does not.
fn told(incident: &Incident, event: &Event) -> String {
    match event {
        Event::Cleared { fingerprint } => match incident.evidence.get(fingerprint) {
            Some(evidence) => format!("{} is gone.", evidence.name),
            None => story::sentence(event),
        },
        Event::Witnessed {
            fingerprint,
            source,
        } => match incident.evidence.get(fingerprint) {
            Some(evidence) => format!("{}: {}", evidence.name, story::witness(*source)),
            None => story::sentence(event),
        },
        _ => story::sentence(event),
    }
}
