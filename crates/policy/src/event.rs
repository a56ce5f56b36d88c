//! What happened, as it is written down. The log of events is the truth; an
//! incident is a fold over its events.
//!
//! The schema only grows. An event that a newer version wrote reads as
//! [`Event::Unknown`] here, and a person is called rather than a guess made.

use crate::alert::Alert;
use crate::moment::Moment;
use crate::observation::Observation;
use crate::outcome::Verdict;
use crate::reason::Reason;
use crate::unit::{JobResult, UnitName, Verb};
use serde::{Deserialize, Serialize};

/// How an incident ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// A remedy was proven.
    Fixed,
    /// A person was called, and the fault is gone since.
    Paged,
    /// The fault went away before anything was done.
    ResolvedByItself,
    /// The alert is not ours to act on.
    Refused,
    /// An end of a newer version.
    #[serde(other)]
    Unknown,
}

impl End {
    /// The word in incidents and on the page.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            End::Fixed => "fixed",
            End::Paged => "paged",
            End::ResolvedByItself => "resolved_by_itself",
            End::Refused => "refused",
            End::Unknown => "unknown",
        }
    }
}

/// The kind of a decision, as metrics and incidents show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// A remedy is applied.
    Act,
    /// Nothing is done yet.
    Hold,
    /// A person is called.
    Escalate,
    /// The alert is not ours to act on.
    Refuse,
    /// The incident is over.
    End,
    /// A kind of a newer version.
    #[serde(other)]
    Unknown,
}

impl DecisionKind {
    /// Every kind that this version decides, for metrics that exist from the start.
    pub const ALL: [DecisionKind; 5] = [
        DecisionKind::Act,
        DecisionKind::Hold,
        DecisionKind::Escalate,
        DecisionKind::Refuse,
        DecisionKind::End,
    ];

    /// The word in metrics and incidents.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            DecisionKind::Act => "act",
            DecisionKind::Hold => "hold",
            DecisionKind::Escalate => "escalate",
            DecisionKind::Refuse => "refuse",
            DecisionKind::End => "end",
            DecisionKind::Unknown => "unknown",
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// An incident about a unit began.
    Opened {
        /// The host.
        host: String,
        /// The canonical unit.
        unit: UnitName,
    },
    /// An alert that no rule may act on: a whole incident in one event.
    Refused {
        /// The host that the alert names, or ours.
        host: String,
        /// The alert.
        alert: Alert,
        /// Why.
        reason: Reason,
    },
    /// An alert joined the incident, or was reported as over.
    Alert {
        /// The alert.
        alert: Alert,
        /// The rule it means.
        rule: String,
    },
    /// An alert of the incident is gone, found by asking.
    Cleared {
        /// Which.
        fingerprint: crate::alert::Fingerprint,
    },
    /// Something was decided.
    Decided {
        /// What.
        decision: DecisionKind,
        /// Why.
        reason: Reason,
        /// The verb that was chosen, or that dry-run would have used.
        #[serde(default)]
        verb: Option<Verb>,
        /// What was seen.
        observation: Observation,
    },
    /// An action is about to happen. Durable before it does.
    Intent {
        /// The action's number within the incident, from 1.
        action: u32,
        /// The unit.
        unit: UnitName,
        /// What will be done.
        verb: Verb,
        /// The rule that demands it.
        rule: String,
        /// The unit's invocation before it.
        invocation_before: String,
    },
    /// The action's job ended.
    JobEnded {
        /// The action's number.
        action: u32,
        /// How.
        result: JobResult,
        /// The unit's invocation after it; `None` when it could not be read.
        #[serde(default)]
        invocation_after: Option<String>,
        /// Whether the result was found by examination after a crash.
        #[serde(default)]
        examined: bool,
    },
    /// Whether the action helped.
    Verdict {
        /// The action's number.
        action: u32,
        /// The verdict.
        verdict: Verdict,
        /// Why.
        reason: Reason,
        /// What was seen.
        observation: Observation,
    },
    /// A person acknowledged the page.
    Acknowledged {
        /// What they said.
        reason: String,
    },
    /// The incident is over.
    Closed {
        /// How it ended.
        end: End,
    },
    /// A person paused all remedies on this host.
    Paused {
        /// What they said.
        reason: String,
    },
    /// A person let remedies go on.
    Resumed {
        /// What they said.
        reason: String,
    },
    /// An event that a newer version wrote.
    #[serde(other)]
    Unknown,
}

impl Event {
    /// The word for the kind, as it stands in the store.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Event::Opened { .. } => "opened",
            Event::Refused { .. } => "refused",
            Event::Alert { .. } => "alert",
            Event::Cleared { .. } => "cleared",
            Event::Decided { .. } => "decided",
            Event::Intent { .. } => "intent",
            Event::JobEnded { .. } => "job_ended",
            Event::Verdict { .. } => "verdict",
            Event::Acknowledged { .. } => "acknowledged",
            Event::Closed { .. } => "closed",
            Event::Paused { .. } => "paused",
            Event::Resumed { .. } => "resumed",
            Event::Unknown => "unknown",
        }
    }

    /// Whether the event ends its incident.
    #[must_use]
    pub fn closes(&self) -> bool {
        matches!(self, Event::Closed { .. } | Event::Refused { .. })
    }

    /// The number under which a re-send of its alert is recognised.
    #[must_use]
    pub fn episode(&self) -> Option<i64> {
        match self {
            Event::Refused { alert, .. } | Event::Alert { alert, .. } => Some(alert.episode()),
            _ => None,
        }
    }
}

/// An incident's number. 0 is the host itself: pauses and resumes.
pub type IncidentId = i64;

/// An event in its place in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which incident.
    pub incident: IncidentId,
    /// When.
    pub at: Moment,
    /// What.
    pub event: Event,
}
