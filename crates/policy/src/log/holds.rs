//! What has stood in the way of an incident, since when.

use crate::log::{Moment, Now};
use crate::words::Reason;
use std::collections::BTreeMap;
use std::time::Duration;

/// A hold that stops for no longer than this goes on with its first deadline.
const CALM: Duration = Duration::from_secs(90);
/// A hold whose reasons alternate is written down once in so long for each reason.
const TOLD_AGAIN: Duration = Duration::from_secs(60);

/// The holds since something else was last decided. There are two kinds, each with a deadline of its own: what passes by
/// itself, and all else. A crash loop that is not to be remedied alternates between the two.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holds {
    passing: Option<Kind>,
    other: Option<Kind>,
    told: BTreeMap<Reason, Moment>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    since: Moment,
    /// When the other kind took its place.
    left: Option<Moment>,
}

impl Holds {
    fn of(&self, reason: Reason) -> Option<&Kind> {
        match reason.passes_by_itself() {
            true => self.passing.as_ref(),
            false => self.other.as_ref(),
        }
    }

    /// Takes note of a hold, and gives the beginning of its kind.
    pub(crate) fn note(&mut self, reason: Reason, at: Moment) -> Moment {
        let (kind, other) = match reason.passes_by_itself() {
            true => (&mut self.passing, &mut self.other),
            false => (&mut self.other, &mut self.passing),
        };
        let goes_on = |kind: &Kind| kind.left.is_none_or(|left| at.since(&left) <= CALM);
        let since = kind.filter(goes_on).map_or(at, |kind| kind.since);
        *kind = Some(Kind { since, left: None });
        if reason.is_somebodys_wish() {
            // Whoever wishes it has changed what passes by itself.
            *other = None;
        }
        if let Some(other) = other {
            other.left.get_or_insert(at);
        }
        self.told.insert(reason, at);
        since
    }

    /// For how long there has been a hold of this reason's kind.
    #[must_use]
    pub fn held_for(&self, reason: Reason, now: &Now) -> Duration {
        let goes_on = |kind: &&Kind| kind.left.is_none_or(|left| now.since(&left) <= CALM);
        let kind = self.of(reason).filter(goes_on);
        kind.map_or(Duration::ZERO, |kind| now.since(&kind.since))
    }

    /// Whether a hold for this reason was not written down lately.
    #[must_use]
    pub fn is_news(&self, reason: Reason, now: &Now) -> bool {
        let told = self.told.get(&reason);
        told.is_none_or(|at| now.since(at) >= TOLD_AGAIN)
    }
}
