//! What an incident has room for: so many alerts are followed one by one, and the rest are counted by their rule.

use crate::alert::{Alert, Fingerprint};
use crate::log::evidence::bytes;
use crate::log::{Evidence, Incident, Moment, Source};
use std::collections::BTreeMap;

/// The most alerts that an incident follows one by one.
pub const MAX_EVIDENCE: usize = 500;
/// The most bytes of their labels.
pub const MAX_EVIDENCE_BYTES: usize = 1024 * 1024;
/// The most events of an incident that alerts may make. What comes after is left out, and a person has to close it.
pub const MAX_EVENTS: u64 = 10_000;
/// How many of a rule's alerts that are left out are recorded and so counted.
pub const MAX_LEFT_OUT: u64 = 2_000;

impl Incident {
    pub(super) fn join(&mut self, alert: &Alert, rule: String, is_anew: bool, at: Moment) {
        if self.is_full_for(alert) {
            // An older version wrote it as any other.
            self.leave_out(&alert.outline(), rule, at);
            return;
        }
        self.make_room(alert);
        // Who once could be asked stays to be asked: a post by hand of the same labels does not
        // lower what proves the alert gone.
        let source = match self.evidence.get(&alert.fingerprint).map(|e| e.source) {
            Some(Source::Alertmanager) => Source::Alertmanager,
            _ => Source::Unasked,
        };
        let mut evidence = Evidence::of(alert, rule, source, at, self.events);
        evidence.is_anew = is_anew;
        self.evidence.insert(alert.fingerprint, evidence);
    }

    /// Counts an alert with those of its rule that are not followed one by one. They are of Alertmanager, as far as
    /// anybody can tell, and one question is asked about all.
    pub(super) fn leave_out(&mut self, alert: &Alert, rule: String, at: Moment) {
        let stand_in = Self::stand_in(&rule);
        let count = self
            .evidence
            .get(&stand_in)
            .filter(|e| e.cleared.is_none())
            .map_or(0, |e| e.stands_for);
        let mut evidence = Evidence::of(alert, rule, Source::Alertmanager, at, self.events);
        evidence.stands_for = count + 1;
        self.evidence.insert(stand_in, evidence);
    }

    /// What stands for the alerts of a rule that are left out.
    fn stand_in(rule: &str) -> Fingerprint {
        let labels = [("__left_out__".to_owned(), rule.to_owned())];
        Fingerprint::of_labels(&BTreeMap::from(labels))
    }

    /// The alerts that are followed one by one, and their bytes.
    fn followed(&self, is_counted: impl Fn(&Evidence) -> bool) -> (usize, usize) {
        self.evidence
            .values()
            .filter(|e| e.stands_for == 0 && is_counted(e))
            .fold((0, 0), |(count, bytes), e| (count + 1, bytes + e.bytes()))
    }

    /// Whether an alert can only be left out: those that are not known to be gone take all the room.
    #[must_use]
    pub fn is_full_for(&self, alert: &Alert) -> bool {
        if self.events >= MAX_EVENTS {
            return true;
        }
        if self.evidence.contains_key(&alert.fingerprint) {
            return false;
        }
        !has_room(self.followed(|e| e.cleared.is_none()), alert)
    }

    /// Forgets what is gone, the oldest first, until an alert has room. The log still has it.
    fn make_room(&mut self, alert: &Alert) {
        let (mut count, mut size) = self.followed(|_| true);
        if has_room((count, size), alert) {
            return;
        }
        let mut gone: Vec<_> = self
            .evidence
            .iter()
            .filter(|(f, e)| e.cleared.is_some() && e.stands_for == 0 && **f != alert.fingerprint)
            .map(|(f, e)| (e.joined, *f, e.bytes()))
            .collect();
        gone.sort_unstable();
        for (_, fingerprint, bytes) in gone {
            if has_room((count, size), alert) {
                break;
            }
            self.evidence.remove(&fingerprint);
            count -= 1;
            size -= bytes;
        }
    }

    /// Whether one more of a rule's alerts that are left out is covered by what is recorded: nothing of it needs to be
    /// written.
    #[must_use]
    pub fn covers(&self, rule: &str) -> bool {
        let stand_in = self.evidence.get(&Self::stand_in(rule));
        stand_in.is_some_and(|e| {
            let is_counted = e.stands_for < MAX_LEFT_OUT && self.events < MAX_EVENTS;
            e.cleared.is_none() && !is_counted
        })
    }

    /// How many alerts are left out, and not known to be gone.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        let live = self.evidence.values().filter(|e| e.cleared.is_none());
        live.map(|e| e.stands_for).sum()
    }
}

/// Whether one more alert fits beside so many with so many bytes.
fn has_room((count, size): (usize, usize), alert: &Alert) -> bool {
    count < MAX_EVIDENCE && size + bytes(&alert.labels) <= MAX_EVIDENCE_BYTES
}
