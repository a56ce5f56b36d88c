//! An incident as a fold over its events.

use crate::alert::{AlertStatus, Fingerprint, Source};
use crate::event::{DecisionKind, End, Entry, Event, IncidentId};
use crate::moment::Moment;
use crate::outcome::Verdict;
use crate::reason::Reason;
use crate::unit::{JobResult, UnitName, Verb};
use std::collections::BTreeMap;

/// The most alerts an incident follows one by one; further ones are counted.
pub const MAX_EVIDENCE: usize = 500;

/// An alert that joined the incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The alert's name.
    pub name: String,
    /// All labels of the alert, by which Prometheus is asked about it.
    pub labels: BTreeMap<String, String>,
    /// Who can be asked about it.
    pub source: Source,
    /// The rule it means.
    pub rule: String,
    /// When it joined, or joined again.
    pub seen: Moment,
    /// When it was found to be gone.
    pub cleared: Option<Moment>,
}

/// How an action's job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Moment,
    /// How.
    pub result: JobResult,
    /// The unit's invocation after it.
    pub invocation_after: Option<String>,
    /// Whether it was found by examination after a crash.
    pub examined: bool,
}

/// One action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// From 1, within the incident.
    pub number: u32,
    /// What was done.
    pub verb: Verb,
    /// The rule that demanded it.
    pub rule: String,
    /// When the intent was recorded.
    pub intent: Moment,
    /// The unit's invocation before it.
    pub invocation_before: String,
    /// How its job ended; `None` while it runs, or after a crash.
    pub ended: Option<Ended>,
    /// Whether it helped, and why that is thought.
    pub verdict: Option<(Verdict, Reason)>,
}

impl Action {
    /// Whether the action used up its rung: one that never reached systemd did not.
    #[must_use]
    pub fn used_its_rung(&self) -> bool {
        !matches!(
            self.ended.as_ref().map(|e| e.result),
            Some(JobResult::NotCalled | JobResult::Refused)
        )
    }
}

/// Where an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was decided since the last news.
    Deciding,
    /// Something stands in the way.
    Holding {
        /// What.
        reason: Reason,
        /// Since when; kept while one transient reason follows another.
        since: Moment,
    },
    /// An intent is recorded and its job has not ended.
    Acting,
    /// The job ended and its effect is watched.
    Verifying,
    /// A person is called.
    Paged,
    /// A person answered.
    Acknowledged,
    /// It is over.
    Closed(End),
}

impl Phase {
    /// The word in incidents.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Phase::Deciding => "deciding",
            Phase::Holding { .. } => "holding",
            Phase::Acting => "acting",
            Phase::Verifying => "verifying",
            Phase::Paged => "paged",
            Phase::Acknowledged => "acknowledged",
            Phase::Closed(_) => "closed",
        }
    }
}

/// What is known of one incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its number.
    pub id: IncidentId,
    /// The host.
    pub host: String,
    /// The unit; `None` for an alert that no rule may act on.
    pub unit: Option<UnitName>,
    /// When it began.
    pub opened: Moment,
    /// The alerts that joined it.
    pub evidence: BTreeMap<Fingerprint, Evidence>,
    /// Alerts beyond [`MAX_EVIDENCE`], which are not followed one by one.
    pub untracked: u64,
    /// What was done.
    pub actions: Vec<Action>,
    /// Where it stands.
    pub phase: Phase,
    /// The newest reason.
    pub reason: Option<Reason>,
    /// Why a person was called, if one was.
    pub paged: Option<Reason>,
    /// What stood in the way for too long, where that is why.
    pub held: Option<Reason>,
    /// When it ended.
    pub closed: Option<Moment>,
    /// Whether it holds an event that this version cannot read.
    pub unreadable: bool,
}

/// Whether a hold for `reason` goes on with the deadline of the hold for `before`.
pub(crate) fn continues(before: Reason, reason: Reason) -> bool {
    before == reason || (before.passes_by_itself() && reason.passes_by_itself())
}

impl Incident {
    fn new(entry: &Entry, host: String, unit: Option<UnitName>) -> Self {
        Self {
            id: entry.incident,
            host,
            unit,
            opened: entry.at,
            evidence: BTreeMap::new(),
            untracked: 0,
            actions: Vec::new(),
            phase: Phase::Deciding,
            reason: None,
            paged: None,
            held: None,
            closed: None,
            unreadable: false,
        }
    }

    /// The incident that `entry` begins; `None` if it is no beginning.
    #[must_use]
    pub fn begin(entry: &Entry) -> Option<Self> {
        match &entry.event {
            Event::Opened { host, unit } => {
                Some(Self::new(entry, host.clone(), Some(unit.clone())))
            }
            Event::Refused {
                host,
                alert,
                reason,
            } => {
                let mut incident = Self::new(entry, host.clone(), None);
                incident.join(alert, String::new(), entry.at);
                incident.reason = Some(*reason);
                incident.close(End::Refused, entry.at);
                Some(incident)
            }
            _ => None,
        }
    }

    /// The incidents that a log of events tells, in the order of their beginning. An incident
    /// whose beginning cannot be read is left out.
    pub fn fold<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> BTreeMap<IncidentId, Self> {
        let mut incidents: BTreeMap<IncidentId, Self> = BTreeMap::new();
        for entry in entries {
            match incidents.get_mut(&entry.incident) {
                Some(incident) => incident.apply(entry),
                None => {
                    if let Some(incident) = Self::begin(entry) {
                        incidents.insert(entry.incident, incident);
                    }
                }
            }
        }
        incidents
    }

    /// Takes note of one more event.
    pub fn apply(&mut self, entry: &Entry) {
        let at = entry.at;
        match &entry.event {
            Event::Opened { .. } | Event::Refused { .. } => {}
            Event::Alert { alert, rule } => match alert.status {
                AlertStatus::Firing => self.join(alert, rule.clone(), at),
                // After an action absence is no proof, and only asking clears: an alert is also
                // reported as resolved when the remedy took its data away.
                AlertStatus::Resolved if !self.actions.is_empty() => {}
                AlertStatus::Resolved => self.clear(alert.fingerprint, at),
            },
            Event::Cleared { fingerprint } => self.clear(*fingerprint, at),
            Event::Decided {
                decision, reason, ..
            } => self.decided(*decision, *reason, at),
            Event::Intent {
                action,
                verb,
                rule,
                invocation_before,
                ..
            } => {
                self.actions.push(Action {
                    number: *action,
                    verb: *verb,
                    rule: rule.clone(),
                    intent: at,
                    invocation_before: invocation_before.clone(),
                    ended: None,
                    verdict: None,
                });
                self.phase = Phase::Acting;
            }
            Event::JobEnded {
                action,
                result,
                invocation_after,
                examined,
            } => {
                if let Some(action) = self.action_mut(*action) {
                    action.ended = Some(Ended {
                        at,
                        result: *result,
                        invocation_after: invocation_after.clone(),
                        examined: *examined,
                    });
                    self.phase = Phase::Verifying;
                }
            }
            Event::Verdict {
                action,
                verdict,
                reason,
                ..
            } => {
                self.reason = Some(*reason);
                if let Some(action) = self.action_mut(*action) {
                    action.verdict = Some((*verdict, *reason));
                }
                self.phase = Phase::Deciding;
            }
            Event::Acknowledged { .. } => {
                self.reason = Some(Reason::Acknowledged);
                self.phase = Phase::Acknowledged;
            }
            Event::Closed { end } => self.close(*end, at),
            Event::Paused { .. } | Event::Resumed { .. } => {}
            Event::Unknown => self.unreadable = true,
        }
    }

    fn decided(&mut self, decision: DecisionKind, reason: Reason, at: Moment) {
        self.reason = Some(reason);
        match decision {
            // To wait for a person is no other phase: a page stands until it is closed.
            DecisionKind::Hold if matches!(self.phase, Phase::Paged | Phase::Acknowledged) => {}
            DecisionKind::Hold => {
                let since = match self.phase {
                    Phase::Holding {
                        reason: before,
                        since,
                    } if continues(before, reason) => since,
                    _ => at,
                };
                self.phase = Phase::Holding { reason, since };
            }
            DecisionKind::Escalate => {
                self.paged = Some(reason);
                if let (Phase::Holding { reason: before, .. }, Reason::HoldTimeout) =
                    (self.phase, reason)
                {
                    self.held = Some(before);
                }
                self.phase = Phase::Paged;
            }
            DecisionKind::Act
            | DecisionKind::Refuse
            | DecisionKind::End
            | DecisionKind::Unknown => {}
        }
    }

    fn join(&mut self, alert: &crate::alert::Alert, rule: String, at: Moment) {
        if self.evidence.len() >= MAX_EVIDENCE && !self.evidence.contains_key(&alert.fingerprint) {
            self.untracked += 1;
            return;
        }
        // Who once could be asked stays to be asked: a post by hand of the same labels does not
        // lower what proves the alert gone.
        let asked = self.evidence.get(&alert.fingerprint).map(|e| e.source);
        let source = match asked {
            Some(Source::Alertmanager) => Source::Alertmanager,
            Some(Source::Posted) | None => alert.source,
        };
        self.evidence.insert(
            alert.fingerprint,
            Evidence {
                name: alert.name.clone(),
                labels: alert.labels.clone(),
                source,
                rule,
                seen: at,
                cleared: None,
            },
        );
    }

    fn clear(&mut self, fingerprint: Fingerprint, at: Moment) {
        if let Some(evidence) = self.evidence.get_mut(&fingerprint) {
            evidence.cleared.get_or_insert(at);
        }
    }

    fn close(&mut self, end: End, at: Moment) {
        self.closed = Some(at);
        self.phase = Phase::Closed(end);
    }

    fn action_mut(&mut self, number: u32) -> Option<&mut Action> {
        self.actions.iter_mut().find(|a| a.number == number)
    }

    /// The alerts that are not known to be gone, oldest first.
    #[must_use]
    pub fn live(&self) -> Vec<(Fingerprint, &Evidence)> {
        let mut live: Vec<_> = self
            .evidence
            .iter()
            .filter(|(_, e)| e.cleared.is_none())
            .map(|(f, e)| (*f, e))
            .collect();
        live.sort_by_key(|(f, e)| (e.seen.wall_ms, *f));
        live
    }

    /// The newest action.
    #[must_use]
    pub fn last_action(&self) -> Option<&Action> {
        self.actions.last()
    }

    /// The newest action's verdict.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        self.actions
            .iter()
            .rev()
            .find_map(|a| a.verdict.map(|v| v.0))
    }

    /// How it ended, or that a person is called; `None` while it is open otherwise.
    #[must_use]
    pub fn end(&self) -> Option<End> {
        match self.phase {
            Phase::Closed(end) => Some(end),
            _ => self.paged.map(|_| End::Paged),
        }
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.is_some()
    }
}
