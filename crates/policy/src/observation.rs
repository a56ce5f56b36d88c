//! What was seen of the world before a decision. Each part may be unknown, and
//! unknown is neither good nor bad.

use crate::alert::Fingerprint;
use crate::unit::ActiveState;
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

/// A unit's properties as `org.freedesktop.systemd1` gives them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitState {
    /// The canonical name (`Id`); differs from the name asked for when that is an alias.
    pub id: String,
    /// `LoadState`: `loaded`, `not-found`, `masked`, ...
    pub load_state: String,
    /// `ActiveState`.
    pub active: ActiveState,
    /// `SubState`, for example `running` or `auto-restart`.
    pub sub: String,
    /// `Result` of the last run; `success` for a unit that was stopped.
    pub result: String,
    /// The type of the queued or running job (`start`, `stop`, `restart`, ...), if any.
    pub job: Option<String>,
    /// `InvocationID` in hexadecimal; empty for a unit that never ran.
    pub invocation_id: String,
    /// `NRestarts`: systemd's own automatic restarts. Zeroed by reset-failed.
    pub n_restarts: u32,
    /// `ActiveEnterTimestampMonotonic` in milliseconds of `CLOCK_MONOTONIC`; 0 if never.
    pub active_enter_ms: u64,
    /// For how long the unit has been active now, in milliseconds; `None` when it is not.
    pub active_for_ms: Option<u64>,
    /// For how long the unit has been inactive or failed now, in milliseconds; `None` when it is
    /// neither, or never ran. For people: nothing is decided by it.
    #[serde(default)]
    pub inactive_for_ms: Option<u64>,
    /// `StartLimitIntervalUSec` in milliseconds; 0 means no limit.
    pub start_limit_interval_ms: u64,
    /// `StartLimitBurst`; 0 means no limit.
    pub start_limit_burst: u32,
    /// `TimeoutStartUSec` plus `TimeoutStopUSec` in milliseconds, capped at ten minutes.
    pub job_timeout_ms: u64,
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
}

impl AlertState {
    /// Whether the alert is gone: Alertmanager does not hold it, and Prometheus, where it has
    /// the rule, does not see it pending or firing. An unknown part is not an absence.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        let prometheus = matches!(self.in_prometheus, Fact::Known(None | Some(false)));
        self.in_alertmanager.is(false) && prometheus
    }
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
}
