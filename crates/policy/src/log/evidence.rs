//! An alert of an incident, and who can be asked about it.

use crate::alert::{Episode, Fingerprint};
use crate::log::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who can be asked about an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Nobody has answered yet.
    #[default]
    Unasked,
    /// Alertmanager, which showed it once; of our own alerts our rule in Prometheus too.
    Alertmanager,
    /// Nobody: it is not ours, and Alertmanager answered without it. The unit's health clears it.
    Posted,
    /// A source of a newer version.
    #[serde(other)]
    Unknown,
}

impl Source {
    /// The word in incidents.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Source::Unasked => "unasked",
            Source::Alertmanager => "alertmanager",
            Source::Posted => "posted",
            Source::Unknown => "unknown",
        }
    }
}

/// An alert that joined the incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The alert's name.
    pub name: String,
    /// All labels of the alert, by which Prometheus is asked about it.
    pub labels: BTreeMap<String, String>,
    /// When the alert began, milliseconds since the Unix epoch, as it was reported.
    pub starts_ms: i64,
    /// Who can be asked about it.
    pub source: Source,
    /// The rule it means.
    pub rule: String,
    /// When it joined, or joined again.
    pub seen: Moment,
    /// The incident's count of events when it joined: a look that began before knows nothing of it.
    pub joined: u64,
    /// Whether this episode was over or refused before it joined.
    pub is_anew: bool,
    /// When it was reported as over. That alone is no proof.
    pub told_over: Option<Moment>,
    /// When it was found to be gone.
    pub cleared: Option<Moment>,
}

impl Evidence {
    /// The episode that it is part of.
    #[must_use]
    pub fn episode(&self, fingerprint: Fingerprint) -> Episode {
        Episode::of(fingerprint, self.starts_ms)
    }
}
