//! What happened, as it is written down. The log of events is the truth; an
//! incident is a fold over its events.
//!
//! The schema only grows. An event that a newer version wrote reads as
//! [`Event::Unknown`] here, and a person is called rather than a guess made.

use crate::alert::{Alert, Episode, Fingerprint};
use crate::log::evidence::Source;
use crate::log::moment::Moment;
use crate::observation::Observation;
use crate::unit::UnitName;
use crate::words::{DecisionKind, End, JobResult, Reason, Verb, Verdict};
use serde::{Deserialize, Serialize};

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
        /// Under which rules ([`crate::rules::Rules::digest`]); 0 in what versions before 0.2 wrote.
        #[serde(default)]
        rules: u64,
    },
    /// An alert joined the incident, or was reported as over.
    Alert {
        /// The alert.
        alert: Alert,
        /// The rule it means.
        rule: String,
        /// Whether this episode was cleared, closed or refused before: then the report alone proves
        /// nothing.
        #[serde(default)]
        anew: bool,
        /// Whether it is one of those that are not followed one by one; then of its labels only what it is about is
        /// here.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        left_out: bool,
    },
    /// It was found out who can be asked about an alert of the incident.
    Witnessed {
        /// Which.
        fingerprint: Fingerprint,
        /// Who.
        source: Source,
    },
    /// An alert of the incident is gone, found by asking.
    Cleared {
        /// Which.
        fingerprint: Fingerprint,
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
        /// `StateChangeTimestampMonotonic` before it, in milliseconds.
        #[serde(default)]
        changed_before_ms: Option<u64>,
        /// The unit of the incident, where it is another than the one acted on.
        #[serde(default)]
        about: Option<UnitName>,
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
        /// Why the call did not fit any more at the last look, and was not made.
        #[serde(default)]
        misfit: Option<Reason>,
        /// Whether the unit's failed state was cleared although no start followed.
        #[serde(default)]
        was_reset: bool,
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
        /// What the person said who closed it.
        #[serde(default)]
        note: Option<String>,
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
            Event::Witnessed { .. } => "witnessed",
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

    /// The episode of its alert.
    #[must_use]
    pub fn episode(&self) -> Option<Episode> {
        match self {
            Event::Refused { alert, .. } | Event::Alert { alert, .. } => Some(alert.episode()),
            _ => None,
        }
    }

    /// Whether it holds a word that this version cannot read. Then nobody here knows what happened.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        match self {
            Event::Unknown => true,
            Event::Refused { reason, .. } => *reason == Reason::Unknown,
            Event::Decided {
                decision, reason, ..
            } => *decision == DecisionKind::Unknown || *reason == Reason::Unknown,
            Event::Verdict {
                verdict, reason, ..
            } => *verdict == Verdict::Unknown || *reason == Reason::Unknown,
            Event::Witnessed { source, .. } => *source == Source::Unknown,
            // An examination that found nothing says `unknown` itself; nobody else does.
            Event::JobEnded {
                misfit,
                result,
                examined,
                ..
            } => *misfit == Some(Reason::Unknown) || (*result == JobResult::Unknown && !examined),
            Event::Closed { .. }
            | Event::Opened { .. }
            | Event::Alert { .. }
            | Event::Cleared { .. }
            | Event::Intent { .. }
            | Event::Acknowledged { .. }
            | Event::Paused { .. }
            | Event::Resumed { .. } => false,
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
