//! An incident as a fold over its events.

use crate::alert::{AlertStatus, Fingerprint};
use crate::log::holds::Holds;
use crate::log::{Action, Ended, Entry, Event, Evidence, IncidentId, Moment, Phase};
use crate::observation::{HeldAlert, Observation};
use crate::unit::UnitName;
use crate::words::{DecisionKind, End, Reason, Verdict};
use std::collections::{BTreeMap, BTreeSet};

/// What was known when a person was called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The alerts about the unit.
    pub alerts: BTreeSet<HeldAlert>,
    /// Whether the unit was active, as far as it was seen.
    pub was_active: bool,
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
    /// What was done.
    pub actions: Vec<Action>,
    /// Where it stands.
    pub phase: Phase,
    /// What has stood in the way since something was last done or decided.
    pub holds: Holds,
    /// The newest reason.
    pub reason: Option<Reason>,
    /// Why a person was called, if one was.
    pub paged: Option<Reason>,
    /// What the person on call knows.
    pub told: Told,
    /// What stood in the way for too long, where that is why.
    pub held: Option<Reason>,
    /// When it ended.
    pub closed: Option<Moment>,
    /// Whether it holds an event that this version cannot read.
    pub is_unreadable: bool,
    /// How many events it had.
    pub events: u64,
    /// How many of them changed where it stands: an effect of an earlier turn is void.
    pub turn: u64,
}

impl Incident {
    fn new(entry: &Entry, host: String, unit: Option<UnitName>) -> Self {
        Self {
            id: entry.incident,
            host,
            unit,
            opened: entry.at,
            evidence: BTreeMap::new(),
            actions: Vec::new(),
            phase: Phase::Deciding,
            holds: Holds::default(),
            reason: None,
            paged: None,
            told: Told::default(),
            held: None,
            closed: None,
            is_unreadable: false,
            events: 1,
            turn: 1,
        }
    }

    /// The incident that `entry` begins; `None` if it is no beginning. A beginning that cannot be
    /// read begins one all the same, for a person has to look at it.
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
                ..
            } => {
                let mut incident = Self::new(entry, host.clone(), None);
                incident.join(alert, String::new(), false, entry.at);
                incident.reason = Some(*reason);
                incident.close(End::Refused, entry.at);
                Some(incident)
            }
            // Number 0 is the host itself.
            Event::Unknown if entry.incident != 0 => {
                let mut incident = Self::new(entry, String::new(), None);
                incident.is_unreadable = true;
                Some(incident)
            }
            _ => None,
        }
    }

    /// The incidents that a log of events tells, in the order of their beginning.
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
        self.events += 1;
        self.is_unreadable |= entry.event.is_unreadable();
        match &entry.event {
            Event::Alert {
                alert,
                rule,
                anew,
                left_out,
            } => match alert.status {
                AlertStatus::Firing if *left_out => self.leave_out(alert, rule.clone(), at),
                AlertStatus::Firing => self.join(alert, rule.clone(), *anew, at),
                AlertStatus::Resolved => {
                    if let Some(evidence) = self.evidence.get_mut(&alert.fingerprint) {
                        evidence.told_over.get_or_insert(at);
                    }
                }
            },
            Event::Witnessed {
                fingerprint,
                source,
            } => {
                if let Some(evidence) = self.evidence.get_mut(fingerprint) {
                    evidence.source = *source;
                }
            }
            Event::Cleared { fingerprint } => {
                if let Some(evidence) = self.evidence.get_mut(fingerprint) {
                    evidence.cleared.get_or_insert(at);
                }
            }
            Event::Opened { .. } | Event::Refused { .. } => {}
            Event::Paused { .. } | Event::Resumed { .. } => {}
            moving => {
                self.turn += 1;
                self.turned(moving, at);
            }
        }
    }

    /// Takes note of an event that changes where the incident stands.
    fn turned(&mut self, event: &Event, at: Moment) {
        let is_a_hold =
            matches!(event, Event::Decided { decision, .. } if *decision == DecisionKind::Hold);
        if !is_a_hold {
            self.holds = Holds::default();
        }
        match event {
            Event::Decided {
                decision,
                reason,
                observation,
                ..
            } => self.decided(*decision, *reason, observation, at),
            Event::Intent {
                action,
                unit,
                verb,
                rule,
                invocation_before,
                changed_before_ms,
                ..
            } => {
                self.actions.push(Action {
                    number: *action,
                    unit: unit.clone(),
                    verb: *verb,
                    rule: rule.clone(),
                    intent: at,
                    invocation_before: invocation_before.clone(),
                    changed_before_ms: *changed_before_ms,
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
                misfit,
                was_reset,
            } => {
                if let Some(action) = self.action_mut(*action) {
                    action.ended = Some(Ended {
                        at,
                        result: *result,
                        invocation_after: invocation_after.clone(),
                        examined: *examined,
                        misfit: *misfit,
                        was_reset: *was_reset,
                    });
                    // What never reached systemd has no effect to watch.
                    self.phase = if result.used_its_rung() {
                        Phase::Verifying
                    } else {
                        Phase::Deciding
                    };
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
                self.phase = Phase::Acknowledged { since: at };
            }
            Event::Closed { end, .. } => self.close(*end, at),
            _ => {}
        }
    }

    fn decided(
        &mut self,
        decision: DecisionKind,
        reason: Reason,
        observation: &Observation,
        at: Moment,
    ) {
        self.reason = Some(reason);
        match decision {
            // To wait for a person is no other phase: a page stands until it is closed.
            DecisionKind::Hold if self.phase.is_with_a_person() => {}
            DecisionKind::Hold => {
                let since = self.holds.note(reason, at);
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
                self.tell(observation);
            }
            DecisionKind::Act
            | DecisionKind::Refuse
            | DecisionKind::End
            | DecisionKind::Unknown => {}
        }
    }

    /// Takes note of what the person who is called gets to know.
    fn tell(&mut self, observation: &Observation) {
        let joined = self.evidence.values().map(|e| HeldAlert::of(&e.labels));
        self.told.alerts.extend(joined);
        if let Some(held) = observation.of_unit.known() {
            self.told.alerts.extend(held.iter().cloned());
        }
        self.told.was_active = observation.unit.known().is_some_and(|unit| !unit.is_off());
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
        live.sort_by_key(|(f, e)| (e.joined, *f));
        live
    }

    /// The newest action.
    #[must_use]
    pub fn last_action(&self) -> Option<&Action> {
        self.actions.last()
    }

    /// The action whose job has not ended, as far as is known.
    #[must_use]
    pub fn in_flight(&self) -> Option<&Action> {
        self.last_action().filter(|action| action.ended.is_none())
    }

    /// The action whose job has ended and whose effect is watched.
    #[must_use]
    pub fn watched(&self) -> Option<&Action> {
        self.last_action().filter(|action| {
            action.ended.is_some() && action.used_its_rung() && action.verdict.is_none()
        })
    }

    /// The newest actions that never reached systemd, oldest first.
    #[must_use]
    pub fn unreached(&self) -> &[Action] {
        let reached = self
            .actions
            .iter()
            .rposition(|a| a.ended.as_ref().is_none_or(|e| !e.result.is_tried_again()));
        &self.actions[reached.map_or(0, |at| at + 1)..]
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
