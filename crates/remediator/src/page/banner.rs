//! What matters now, the worst first: the line that is read before all others.

use super::icon::{Tone, icon};
use super::{Page, incident, when};
use crate::story;
use homeostat_policy::log::{Incident, Phase};
use homeostat_policy::unit::{ActiveState, UnitName, UnitState};
use maud::{Markup, html};

/// Something that a person should know now.
pub(super) struct Matter {
    tone: Tone,
    /// Two or three words.
    word: &'static str,
    /// What it means and what to do.
    text: Markup,
}

/// All that matters now, the worst first; empty when all is well.
pub(super) fn matters(page: &Page) -> Vec<Matter> {
    let (log_is_well, bus_is_well) = page.healthy;
    let mut matters = Vec::new();
    if !log_is_well {
        matters.push(Matter {
            tone: Tone::Bad,
            word: "Event log failed",
            text: html! {
                "No remedy is begun while nothing can be recorded, and alerts are sent back. "
                "Look for a full or faulty disk: " code { "journalctl -u homeostat-remediator" }
            },
        });
    }
    if !bus_is_well {
        matters.push(Matter {
            tone: Tone::Bad,
            word: "System bus lost",
            text: html! {
                "systemd can be neither asked nor told anything; the remediator goes on trying. "
                "Look at " code { "systemctl status dbus" }
            },
        });
    }
    matters.extend(of_incidents(page, Tone::Bad, "A person is called", |i| {
        i.phase == Phase::Paged
    }));
    if let Some((said, since)) = &page.paused {
        matters.push(Matter {
            tone: Tone::Warn,
            word: "Paused",
            text: html! {
                "A person paused all remedies on " (when::date(since)) ": " q { (said) }
                " Alerts are recorded and nothing is done until a person resumes."
            },
        });
    }
    if page.budget_left == 0 {
        matters.push(Matter {
            tone: Tone::Warn,
            word: "Budget spent",
            text: html! {
                "All " (page.budget.actions) " actions of this host are used. "
                "The next fault calls a person at once."
            },
        });
    }
    matters.extend(unattended(page));
    matters.extend(of_incidents(page, Tone::Warn, "Holding", |i| {
        matches!(i.phase, Phase::Holding { .. })
    }));
    matters.extend(of_incidents(page, Tone::Busy, "Healing", |i| {
        matches!(i.phase, Phase::Deciding | Phase::Acting | Phase::Verifying)
    }));
    matters.extend(of_incidents(page, Tone::Busy, "Acknowledged", |i| {
        matches!(i.phase, Phase::Acknowledged { .. })
    }));
    matters
}

fn of_incidents(
    page: &Page,
    tone: Tone,
    word: &'static str,
    is_meant: impl Fn(&Incident) -> bool,
) -> Option<Matter> {
    let meant: Vec<&Incident> = page
        .open()
        .map(|(i, _)| i)
        .filter(|i| is_meant(i))
        .collect();
    let text = html! {
        @match meant.len() {
            0 => {},
            1 => "for one incident: ",
            many => { "for " (many) " incidents: " }
        }
        @for (index, incident) in meant.iter().enumerate() {
            @if index > 0 { ", " }
            a href=(format!("#incident-{}", incident.id)) { "#" (incident.id) }
            " " (incident::subject(incident))
            @if incident.unit.is_some() { " (" (incident::alerts(incident)) ")" }
        }
        @if let [incident] = meant[..] { ". " (why(incident)) }
    };
    (!meant.is_empty()).then_some(Matter { tone, word, text })
}

fn why(incident: &Incident) -> String {
    match incident.phase {
        Phase::Holding { reason, .. } => reason.sentence().to_owned(),
        Phase::Paged => story::why_called(incident),
        Phase::Deciding
        | Phase::Acting
        | Phase::Verifying
        | Phase::Acknowledged { .. }
        | Phase::Closed(_) => String::new(),
    }
}

/// Units that are not up although no open incident is about them.
fn unattended(page: &Page) -> Option<Matter> {
    let is_down = |(unit, state): &&(UnitName, Option<UnitState>)| {
        let is_off = state.as_ref().is_some_and(|s| {
            s.load_state != "loaded"
                || matches!(s.active, ActiveState::Failed | ActiveState::Inactive)
        });
        is_off && !page.open().any(|(i, _)| i.unit.as_ref() == Some(unit))
    };
    let down: Vec<_> = page.units.iter().filter(is_down).collect();
    let text = html! {
        "without an open incident: "
        @for (index, (unit, _)) in down.iter().enumerate() {
            @if index > 0 { ", " }
            (unit)
        }
    };
    (!down.is_empty()).then_some(Matter {
        tone: Tone::Warn,
        word: "Not running",
        text,
    })
}

/// The title: the state first, for that is what a tab shows.
pub(super) fn title(page: &Page, matters: &[Matter]) -> String {
    let open = page.open().count();
    let state = match matters.first() {
        None => "All well".to_owned(),
        Some(first) if first.tone == Tone::Busy => format!("{open} open"),
        Some(first) => format!("{}, {open} open", first.word),
    };
    format!("{state} - {} - Homeostat", page.host)
}

/// The worst in the biggest letters, the rest below it.
pub(super) fn banner(page: &Page, matters: &[Matter]) -> Markup {
    let tone = matters.first().map_or(Tone::Good, |m| m.tone);
    html! {
        section class={ "banner " (tone.class()) } aria-label="State" {
            @match matters {
                [] => {
                    h2 { (icon(Tone::Good)) "All is well" }
                    p { (rest(page)) }
                }
                [first, others @ ..] => {
                    h2 { (icon(first.tone)) (first.word) }
                    p { (first.text) }
                    @if !others.is_empty() {
                        ul {
                            @for matter in others {
                                li { (icon(matter.tone)) div { strong { (matter.word) } " " (matter.text) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn rest(page: &Page) -> Markup {
    let newest = page.ended().next();
    html! {
        "No incident is open"
        @if let Some((incident, _)) = newest {
            "; the last one, " a href=(format!("#incident-{}", incident.id)) { "#" (incident.id) }
            " " (incident::subject(incident)) ", is " (incident::word(incident.phase))
        }
        "."
    }
}
