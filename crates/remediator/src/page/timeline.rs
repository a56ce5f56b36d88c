//! What the picture of an incident shows: a lane each for the alerts, the decisions, the jobs, the
//! watch over their effect, and the person.

use super::icon::Tone;
use homeostat_policy::alert::{AlertStatus, Fingerprint};
use homeostat_policy::log::Incident;
use homeostat_policy::log::Moment;
use homeostat_policy::log::{Entry, Event};
use homeostat_policy::words::JobResult;
use homeostat_policy::words::Verdict;
use homeostat_policy::words::{DecisionKind, End};
use std::collections::BTreeSet;

/// The sign at the end of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Something began or was decided: a filled diamond.
    Decided,
    /// Nothing is done for now: a hollow diamond.
    Held,
    /// An alert fires: a triangle.
    Fires,
    /// An alert is gone: a ring.
    Gone,
    /// It went well: a check.
    Well,
    /// It failed: a cross.
    Failed,
    /// It cannot be told: a question mark.
    Doubt,
    /// A person is called: an exclamation mark.
    Call,
}

/// How a span is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// A bar.
    Bar,
    /// A dashed line: waiting.
    Dashed,
    /// No line, marks alone.
    None,
}

/// Something on a lane, from one time to another. Times are milliseconds since the opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) tone: Tone,
    pub(super) line: Line,
    pub(super) first: Option<Mark>,
    pub(super) last: Option<Mark>,
    /// A word or two; shown where there is room.
    pub(super) label: String,
}

/// A row of the picture.
pub(super) struct Lane {
    pub(super) name: &'static str,
    pub(super) spans: Vec<Span>,
}

/// A story in time.
pub(super) struct Timeline {
    pub(super) lanes: Vec<Lane>,
    /// Every time at which something happened.
    pub(super) times: Vec<u64>,
    /// When a wait for a person began.
    pub(super) waits: Vec<u64>,
    /// Where the story ends, or now.
    pub(super) end: u64,
    /// Whether it goes on.
    pub(super) goes_on: bool,
}

impl Timeline {
    /// The timeline of an incident with its events, oldest first.
    pub(super) fn new(incident: &Incident, entries: &[Entry], now: &Moment) -> Self {
        let since = |at: &Moment| milliseconds(at, &incident.opened);
        let times: Vec<u64> = entries.iter().map(|e| since(&e.at)).collect();
        let last = times.iter().copied().max().unwrap_or(0);
        let end = match &incident.closed {
            Some(closed) => last.max(since(closed)),
            None => last.max(since(now)),
        };
        let person = person(incident, entries, end);
        let waits = person.iter().map(|span| span.from).collect();
        let mut lanes = vec![
            Lane {
                name: "Alert",
                spans: alerts(incident, entries, end),
            },
            Lane {
                name: "Decision",
                spans: decisions(incident, entries, end),
            },
            Lane {
                name: "Job",
                spans: jobs(incident, end),
            },
            Lane {
                name: "Watch",
                spans: watches(incident, entries, end),
            },
            Lane {
                name: "Person",
                spans: person,
            },
        ];
        lanes.retain(|lane| !lane.spans.is_empty());
        Self {
            lanes,
            times,
            waits,
            end,
            goes_on: !incident.is_closed(),
        }
    }
}

fn milliseconds(at: &Moment, opened: &Moment) -> u64 {
    u64::try_from(at.since(opened).as_millis()).unwrap_or(u64::MAX)
}

fn mark(at: u64, tone: Tone, mark: Mark, label: String) -> Span {
    Span {
        from: at,
        to: at,
        tone,
        line: Line::None,
        first: Some(mark),
        last: None,
        label,
    }
}

/// One bar for each time in which at least one alert was there.
fn alerts(incident: &Incident, entries: &[Entry], end: u64) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut firing: BTreeSet<Fingerprint> = BTreeSet::new();
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for entry in entries {
        let at = milliseconds(&entry.at, &incident.opened);
        match &entry.event {
            Event::Alert { alert, .. } if alert.status == AlertStatus::Firing => {
                if firing.is_empty() {
                    names.clear();
                    spans.push(Span {
                        from: at,
                        to: end,
                        tone: Tone::Warn,
                        line: Line::Bar,
                        first: Some(Mark::Fires),
                        last: None,
                        label: String::new(),
                    });
                }
                firing.insert(alert.fingerprint);
                names.insert(&alert.name);
                if let Some(span) = spans.last_mut() {
                    span.label = match names.len() {
                        1 => alert.name.clone(),
                        many => format!("{many} alerts"),
                    };
                }
            }
            Event::Alert { alert, .. } => {
                firing.remove(&alert.fingerprint);
            }
            Event::Cleared { fingerprint } => {
                firing.remove(fingerprint);
            }
            _ => continue,
        }
        if firing.is_empty()
            && let Some(span) = spans.last_mut()
            && span.last.is_none()
        {
            span.to = at;
            span.last = Some(Mark::Gone);
        }
    }
    spans
}

fn decisions(incident: &Incident, entries: &[Entry], end: u64) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for entry in entries {
        let at = milliseconds(&entry.at, &incident.opened);
        let next = match &entry.event {
            Event::Decided {
                decision,
                reason,
                verb,
                ..
            } => match decision {
                DecisionKind::Act => {
                    let verb = verb.map_or("act", |v| v.label());
                    Some(mark(at, Tone::Busy, Mark::Decided, verb.to_owned()))
                }
                DecisionKind::Hold => Some(Span {
                    from: at,
                    to: end,
                    tone: Tone::Warn,
                    line: Line::Dashed,
                    first: Some(Mark::Held),
                    last: None,
                    label: format!("hold: {}", reason.label().replace('_', " ")),
                }),
                DecisionKind::Escalate => Some(mark(
                    at,
                    Tone::Bad,
                    Mark::Decided,
                    "call a person".to_owned(),
                )),
                // The closing that follows at once says the same.
                DecisionKind::End | DecisionKind::Refuse | DecisionKind::Unknown => None,
            },
            Event::Closed { end, .. } => Some(match end {
                End::Fixed => mark(at, Tone::Good, Mark::Well, "closed".to_owned()),
                _ => mark(at, Tone::Plain, Mark::Decided, "closed".to_owned()),
            }),
            _ => None,
        };
        if let Some(next) = next {
            if let Some(before) = spans.last_mut().filter(|s| s.line == Line::Dashed) {
                before.to = before.to.min(at);
            }
            spans.push(next);
        }
    }
    spans
}

fn jobs(incident: &Incident, end: u64) -> Vec<Span> {
    let since = |at: &Moment| milliseconds(at, &incident.opened);
    let each = incident.actions.iter().map(|action| {
        let verb = action.verb.label();
        let (to, tone, last, label) = match &action.ended {
            None => (end, Tone::Busy, None, format!("{verb} runs")),
            Some(ended) => {
                let (tone, last) = match ended.result {
                    JobResult::Done => (Tone::Busy, Mark::Well),
                    JobResult::Unknown => (Tone::Warn, Mark::Doubt),
                    _ => (Tone::Bad, Mark::Failed),
                };
                let result = ended.result.label().replace('_', " ");
                (
                    since(&ended.at),
                    tone,
                    Some(last),
                    format!("{verb} {result}"),
                )
            }
        };
        Span {
            from: since(&action.intent),
            to,
            tone,
            line: Line::Bar,
            first: None,
            last,
            label,
        }
    });
    each.collect()
}

/// From the end of each job to its verdict.
fn watches(incident: &Incident, entries: &[Entry], end: u64) -> Vec<Span> {
    let since = |at: &Moment| milliseconds(at, &incident.opened);
    let judged = |number: u32| {
        entries.iter().find_map(|entry| match entry.event {
            Event::Verdict {
                action, verdict, ..
            } if action == number => Some((since(&entry.at), verdict)),
            _ => None,
        })
    };
    let each = incident.actions.iter().filter_map(|action| {
        let from = since(&action.ended.as_ref()?.at);
        let (to, tone, last, label) = match judged(action.number) {
            None => (end, Tone::Busy, None, "verifying"),
            Some((at, Verdict::Fixed)) => (at, Tone::Good, Some(Mark::Well), "fixed"),
            Some((at, verdict)) => (at, Tone::Warn, Some(Mark::Doubt), verdict.label()),
        };
        let label = label.to_owned();
        Some(Span {
            from,
            to,
            tone,
            line: Line::Bar,
            first: None,
            last,
            label,
        })
    });
    each.collect()
}

fn person(incident: &Incident, entries: &[Entry], end: u64) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for entry in entries {
        let from = milliseconds(&entry.at, &incident.opened);
        let (tone, first, label) = match &entry.event {
            Event::Decided {
                decision: DecisionKind::Escalate,
                ..
            } => (Tone::Bad, Mark::Call, "called"),
            Event::Acknowledged { .. } => (Tone::Plain, Mark::Well, "acknowledged"),
            _ => continue,
        };
        if let Some(before) = spans.last_mut() {
            before.to = from;
        }
        spans.push(Span {
            from,
            to: end,
            tone,
            line: Line::Bar,
            first: Some(first),
            last: None,
            label: label.to_owned(),
        });
    }
    spans
}
