//! Where an incident stands.

use crate::log::Moment;
use crate::words::{End, Reason};

/// Where an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was decided since the last news.
    Deciding,
    /// Something stands in the way.
    Holding {
        /// What.
        reason: Reason,
        /// Since when there is a hold of its kind.
        since: Moment,
    },
    /// An intent is recorded and its job has not ended.
    Acting,
    /// The job ended and its effect is watched.
    Verifying,
    /// A person is called.
    Paged,
    /// A person answered.
    Acknowledged {
        /// When.
        since: Moment,
    },
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
            Phase::Acknowledged { .. } => "acknowledged",
            Phase::Closed(_) => "closed",
        }
    }

    /// Whether a person was called, and the page or their answer stands.
    #[must_use]
    pub fn is_with_a_person(self) -> bool {
        matches!(self, Phase::Paged | Phase::Acknowledged { .. })
    }
}
