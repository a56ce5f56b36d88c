//! What the machine remembers of alerts that no open incident holds.

use crate::alert::{Episode, Fingerprint};
use crate::log::{IncidentId, Moment, Now};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

/// For how long the re-send of an alert that no witness shows is a duplicate.
const STALE_FOR: Duration = Duration::from_secs(60);

/// Episodes that were seen, the oldest of which are forgotten.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    known: HashSet<Episode>,
    order: VecDeque<Episode>,
}

impl Seen {
    pub(super) fn insert(&mut self, episode: Episode, most: usize) {
        if self.known.insert(episode) {
            self.order.push_back(episode);
        }
        while self.order.len() > most {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }

    pub(super) fn contains(&self, episode: Episode) -> bool {
        self.known.contains(&episode)
    }
}

/// Episodes that ended because no witness showed them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stale(VecDeque<(Episode, Moment)>);

impl Stale {
    pub(super) fn insert(&mut self, episode: Episode, at: Moment) {
        while self
            .0
            .front()
            .is_some_and(|(_, then)| at.since(then) >= STALE_FOR)
        {
            self.0.pop_front();
        }
        self.0.push_back((episode, at));
    }

    pub(super) fn contains(&self, episode: Episode, now: &Now) -> bool {
        self.0
            .iter()
            .rev()
            .take_while(|(_, then)| now.since(then) < STALE_FOR)
            .any(|(known, _)| *known == episode)
    }
}

/// Why an alert that fires has no open incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It was refused, under rules with this digest.
    Refused(u64),
    /// A person closed its incident.
    TakenOver,
}

/// A refusal, or a person's closing, of one episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) incident: IncidentId,
    pub(super) starts_ms: i64,
    pub(super) why: Why,
}

/// The refusals and closings that stand: until the alert resolves, or until they are too many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Standings {
    by_alert: HashMap<Fingerprint, Standing>,
    by_age: BTreeMap<(IncidentId, Fingerprint), ()>,
}

impl Standings {
    pub(super) fn insert(&mut self, fingerprint: Fingerprint, standing: Standing, most: usize) {
        self.remove(fingerprint);
        self.by_age.insert((standing.incident, fingerprint), ());
        self.by_alert.insert(fingerprint, standing);
        while self.by_alert.len() > most {
            if let Some(((_, oldest), ())) = self.by_age.pop_first() {
                self.by_alert.remove(&oldest);
            }
        }
    }

    pub(super) fn remove(&mut self, fingerprint: Fingerprint) {
        if let Some(old) = self.by_alert.remove(&fingerprint) {
            self.by_age.remove(&(old.incident, fingerprint));
        }
    }

    pub(super) fn get(&self, fingerprint: Fingerprint) -> Option<&Standing> {
        self.by_alert.get(&fingerprint)
    }
}
