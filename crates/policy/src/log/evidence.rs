//! An alert of an incident, and who can be asked about it.

use crate::alert::{Alert, Episode, Fingerprint};
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

/// An alert that joined the incident, or all of one rule that are not followed one by one.
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
    /// How many alerts it stands for that were left out; 0 for an alert of its own.
    pub stands_for: u64,
}

impl Evidence {
    /// A lone alert, as it joins.
    pub(crate) fn of(
        alert: &Alert,
        rule: String,
        source: Source,
        seen: Moment,
        joined: u64,
    ) -> Self {
        Self {
            name: alert.name.clone(),
            labels: alert.labels.clone(),
            starts_ms: alert.starts_ms,
            source,
            rule,
            seen,
            joined,
            is_anew: false,
            told_over: None,
            cleared: None,
            stands_for: 0,
        }
    }

    /// How much of the incident's room it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        bytes(&self.labels)
    }

    /// The episode that it is part of.
    #[must_use]
    pub fn episode(&self, fingerprint: Fingerprint) -> Episode {
        Episode::of(fingerprint, self.starts_ms)
    }
}

/// How many bytes labels take.
pub(crate) fn bytes(labels: &BTreeMap<String, String>) -> usize {
    labels
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum()
}
