//! The rules as they are written, with their defaults: nothing here is checked yet.

use crate::words::{Mode, Verb};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The rules as they are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRules {
    /// How many actions the whole host may see.
    #[serde(default)]
    pub budget: Budget,
    /// How long anything may stand in the way before a person is called.
    #[serde(default = "default_hold_timeout")]
    pub hold_timeout_seconds: u64,
    /// How long a person's acknowledgement holds.
    #[serde(default = "default_acknowledgement")]
    pub acknowledgement_seconds: u64,
    /// Alertmanager's `resolve_timeout`.
    #[serde(default = "default_resolve_timeout")]
    pub resolve_timeout_seconds: u64,
    /// The permits: unit name to what may be done to it.
    #[serde(default)]
    pub units: BTreeMap<String, RawGrant>,
    /// What each alert means.
    #[serde(default)]
    pub rules: Vec<RawRule>,
}

fn default_hold_timeout() -> u64 {
    300
}

fn default_acknowledgement() -> u64 {
    4 * 3600
}

fn default_resolve_timeout() -> u64 {
    300
}

/// What may be done to one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawGrant {
    /// The permitted verbs.
    pub verbs: BTreeSet<Verb>,
}

/// The host-wide bound on actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// The most actions within the window.
    pub actions: u32,
    /// The window, seconds.
    pub window_seconds: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            actions: 10,
            window_seconds: 3600,
        }
    }
}

/// One rule as it is written. Times are in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRule {
    /// A unique name for logs and incidents.
    pub name: String,
    /// The alert's name.
    pub alert: String,
    /// Labels that must be equal where the alert carries them.
    #[serde(default, rename = "match")]
    pub matchers: BTreeMap<String, String>,
    /// All labels that the alert's own rule in Prometheus writes; without any, those of `match`.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The unit to heal.
    pub unit: String,
    /// The verbs to try, in order.
    pub ladder: Vec<Verb>,
    /// Whether to act.
    #[serde(default)]
    pub mode: Mode,
    /// How long to leave the unit alone after an action for another incident.
    #[serde(default = "default_cooldown")]
    pub cooldown_seconds: u64,
    /// The most actions on the unit within the attempts window.
    #[serde(default = "default_attempts")]
    pub attempts: u32,
    /// The attempts window.
    #[serde(default = "default_attempts_window")]
    pub attempts_window_seconds: u64,
    /// How long the unit must stay active after an action.
    #[serde(default = "default_settle")]
    pub settle_seconds: u64,
    /// The longest range in the alert's expression: evidence from before the action is older.
    #[serde(default)]
    pub window_seconds: u64,
    /// How long, after settle time and window, the alert may take to clear.
    #[serde(default = "default_grace")]
    pub grace_seconds: u64,
    /// PromQL that must give a value above zero, else an absent alert proves nothing.
    #[serde(default)]
    pub proof: Option<String>,
}

fn default_cooldown() -> u64 {
    300
}
fn default_attempts() -> u32 {
    3
}
fn default_attempts_window() -> u64 {
    3600
}
fn default_settle() -> u64 {
    15
}
fn default_grace() -> u64 {
    60
}
