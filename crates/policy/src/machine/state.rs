//! What the machine knows: nothing but what events fold to.

use super::memory::{Seen, Stale, Standing, Standings, Why};
use crate::alert::{Alert, Episode, Fingerprint};
use crate::log::{Entry, Event, History, Incident, IncidentId, Moment, Now};
use crate::unit::UnitName;
use crate::words::{End, Reason};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// How many episodes are remembered.
pub const MEMORY_OF_ALERTS: usize = 100_000;
/// How many refusals and closings by a person stand at once.
pub const MEMORY_OF_REFUSALS: usize = 5_000;
/// How long actions are remembered beyond every window of the rules.
const MEMORY_OF_ACTIONS: Duration = Duration::from_secs(14 * 24 * 3600);

/// The state of the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    history: History,
    open: BTreeMap<IncidentId, Incident>,
    by_unit: HashMap<UnitName, IncidentId>,
    seen: Seen,
    stale: Stale,
    standing: Standings,
    last_id: IncidentId,
}

impl State {
    /// Folds a log. It must hold, in their order, all events of the open incidents, those that make
    /// history ([`History::is_made_of`]), and the newest refusals and closings by a person; more does
    /// no harm.
    pub fn replay<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut state = Self::default();
        for entry in entries {
            state.apply(entry);
        }
        state
    }

    /// Takes note of an event.
    pub fn apply(&mut self, entry: &Entry) {
        self.history.apply(entry);
        self.last_id = self.last_id.max(entry.incident);
        if let Some(episode) = entry.event.episode() {
            self.remember(episode);
        }
        self.apply_standing(entry);
        let Some(incident) = self.open.get_mut(&entry.incident) else {
            if let Some(incident) = Incident::begin(entry).filter(|i| !i.is_closed()) {
                if let Some(unit) = &incident.unit {
                    self.by_unit.insert(unit.clone(), incident.id);
                }
                self.open.insert(incident.id, incident);
            }
            return;
        };
        incident.apply(entry);
        if let Event::Closed { end, .. } = &entry.event
            && let Some(incident) = self.open.remove(&entry.incident)
        {
            self.forget(&incident, *end, entry.at);
        }
    }

    fn apply_standing(&mut self, entry: &Entry) {
        match &entry.event {
            Event::Refused { alert, rules, .. } => {
                let why = Why::Refused(*rules);
                self.stand(entry.incident, alert.fingerprint, alert.starts_ms, why);
            }
            Event::Cleared { fingerprint } if !self.open.contains_key(&entry.incident) => {
                self.standing.remove(*fingerprint);
            }
            _ => {}
        }
    }

    fn forget(&mut self, incident: &Incident, end: End, at: Moment) {
        if let Some(unit) = &incident.unit
            && self.by_unit.get(unit) == Some(&incident.id)
        {
            self.by_unit.remove(unit);
        }
        match end {
            End::TakenOver => {
                for (fingerprint, evidence) in incident.live() {
                    self.stand(incident.id, fingerprint, evidence.starts_ms, Why::TakenOver);
                }
            }
            End::ResolvedByItself if incident.reason == Some(Reason::Stale) => {
                for (fingerprint, evidence) in &incident.evidence {
                    self.stale.insert(evidence.episode(*fingerprint), at);
                }
            }
            _ => {}
        }
    }

    fn stand(&mut self, incident: IncidentId, alert: Fingerprint, starts_ms: i64, why: Why) {
        let standing = Standing {
            incident,
            starts_ms,
            why,
        };
        self.standing.insert(alert, standing, MEMORY_OF_REFUSALS);
    }

    /// Remembers an episode of which only the number is known.
    pub fn remember(&mut self, episode: Episode) {
        self.seen.insert(episode, MEMORY_OF_ALERTS);
    }

    /// Takes note that a log goes on after this incident, of which the rest was not folded.
    pub fn number_from(&mut self, last: IncidentId) {
        self.last_id = self.last_id.max(last);
    }

    /// Forgets actions that no rule can look back to.
    pub fn forget_old_actions(&mut self, now: &Now) {
        self.history.forget(MEMORY_OF_ACTIONS, now);
    }

    /// Actions and pause.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The open incidents, oldest first.
    pub fn open(&self) -> impl DoubleEndedIterator<Item = &Incident> {
        self.open.values()
    }

    /// An open incident.
    #[must_use]
    pub fn incident(&self, id: IncidentId) -> Option<&Incident> {
        self.open.get(&id)
    }

    /// The open incident about a unit.
    #[must_use]
    pub fn about(&self, unit: &UnitName) -> Option<&Incident> {
        self.open.get(self.by_unit.get(unit)?)
    }

    /// Whether another incident than `incident` acts on the unit now, or watches an action on it.
    #[must_use]
    pub fn is_acted_on(&self, unit: &UnitName, incident: IncidentId) -> bool {
        self.open.values().any(|other| {
            let action = other.in_flight().or_else(|| other.watched());
            other.id != incident && action.is_some_and(|action| action.unit == *unit)
        })
    }

    /// The open incidents for which a person is called or has answered.
    pub fn pages(&self) -> impl Iterator<Item = &Incident> {
        self.open.values().filter(|i| i.phase.is_with_a_person())
    }

    /// The number of the next incident.
    #[must_use]
    pub(crate) fn next_id(&self) -> IncidentId {
        self.last_id + 1
    }

    /// Whether this episode was seen before.
    pub(crate) fn was_seen(&self, alert: &Alert) -> bool {
        self.seen.contains(alert.episode())
    }

    /// Whether a re-send of this alert is a duplicate although no open incident holds it.
    pub(crate) fn is_settled(&self, alert: &Alert, now: &Now) -> bool {
        let is_taken_over = self
            .standing
            .get(alert.fingerprint)
            .is_some_and(|standing| {
                standing.starts_ms == alert.starts_ms && standing.why == Why::TakenOver
            });
        is_taken_over || self.stale.contains(alert.episode(), now)
    }

    /// Whether the alert was refused under the rules with this digest, and is since.
    pub(crate) fn is_refused(&self, alert: &Alert, digest: u64) -> bool {
        self.standing
            .get(alert.fingerprint)
            .is_some_and(|standing| {
                standing.starts_ms == alert.starts_ms && standing.why == Why::Refused(digest)
            })
    }

    /// The incident whose refusal or closing ends when the alert resolves.
    #[must_use]
    pub fn settled_by(&self, alert: &Alert) -> Option<IncidentId> {
        self.standing
            .get(alert.fingerprint)
            .map(|standing| standing.incident)
    }
}
