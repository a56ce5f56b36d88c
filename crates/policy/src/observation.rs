//! What was seen of the world before a decision. Each part may be unknown, and
//! unknown is neither good nor bad.

use crate::alert::Fingerprint;
use crate::unit::UnitState;
use crate::words::JobResult;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Something that was seen, or could not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact<T> {
    /// It was asked for and answered.
    Known(T),
    /// It could not be asked, or the answer could not be read.
    #[default]
    Unknown,
}

impl<T> Fact<T> {
    /// The value where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Fact::Known(value) => Some(value),
            Fact::Unknown => None,
        }
    }
}

impl<T: PartialEq> Fact<T> {
    /// Whether it is known to be `value`.
    pub fn is(&self, value: T) -> bool {
        self.known() == Some(&value)
    }
}

impl<T, E> From<Result<T, E>> for Fact<T> {
    fn from(result: Result<T, E>) -> Self {
        result.map_or(Fact::Unknown, Fact::Known)
    }
}

/// What Alertmanager and Prometheus say of one alert that joined an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AlertState {
    /// Whether Alertmanager holds it as firing.
    pub in_alertmanager: Fact<bool>,
    /// Whether Prometheus has it pending or firing. `Known(None)`: Prometheus has no such rule.
    pub in_prometheus: Fact<Option<bool>>,
    /// When Prometheus last evaluated the rule, milliseconds since the Unix epoch.
    pub evaluated_ms: Option<i64>,
    /// Whether the rule's `proof` query gave a value above zero; known to be true for a rule
    /// without one.
    pub proof: Fact<bool>,
    /// Whether Prometheus has it firing, and not only pending.
    #[serde(default)]
    pub fires: bool,
    /// Whether Prometheus has rules of the alert's name, none of which is ours.
    #[serde(default)]
    pub has_namesake: bool,
}

/// An alert about a unit, as Alertmanager holds it, whether it is ours or not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HeldAlert {
    /// Its name.
    pub name: String,
    /// Its label `severity`; empty without one.
    pub severity: String,
}

impl HeldAlert {
    /// The alert with these labels.
    #[must_use]
    pub fn of(labels: &BTreeMap<String, String>) -> Self {
        let label = |name| labels.get(name).cloned().unwrap_or_default();
        Self {
            name: label("alertname"),
            severity: label("severity"),
        }
    }
}

/// What PID 1 wrote into the journal about a unit (`systemd.journal-fields(7)`, `sd-messages.h`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitRecord {
    /// When, milliseconds since the Unix epoch.
    pub wall_ms: i64,
    /// What.
    pub what: Recorded,
}

/// See [`UnitRecord`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recorded {
    /// A job ended: `JOB_TYPE` and `JOB_RESULT`.
    Job {
        /// `start`, `stop`, `restart`, ...
        job_type: String,
        /// How it ended.
        result: JobResult,
    },
    /// The unit went off, and it was well (`7ad2d189f7e94e70a38c781354912448`).
    EndedWell,
    /// The unit failed (`d9b373ed55a64feb8242e02dbe79a49c`).
    Failed,
}

/// All that was seen before one decision. It is recorded with the decision.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Observation {
    /// The unit; unknown while the bus is lost.
    #[serde(default)]
    pub unit: Fact<UnitState>,
    /// Each alert that was asked for.
    #[serde(default)]
    pub alerts: BTreeMap<Fingerprint, AlertState>,
    /// Whether a switch of the host to a new configuration is under way. Unknown in what versions
    /// before this field recorded.
    #[serde(default)]
    pub switching: Fact<bool>,
    /// What PID 1 recorded about the unit, the oldest first; asked for while the unit is off, and
    /// while it is not known how an action ended.
    #[serde(default)]
    pub records: Fact<Vec<UnitRecord>>,
    /// What PID 1 recorded about each unit that this one is bound to.
    #[serde(default)]
    pub bound_records: BTreeMap<String, Fact<Vec<UnitRecord>>>,
    /// For how long Alertmanager runs, in milliseconds. It keeps no alerts over a restart.
    #[serde(default)]
    pub alertmanager_up_ms: Fact<u64>,
    /// All alerts about this host and unit that Alertmanager holds; asked for while a page stands.
    #[serde(default)]
    pub of_unit: Fact<Vec<HeldAlert>>,
}
