use super::ActiveState;
use serde::{Deserialize, Serialize};

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
    /// neither, or never ran.
    #[serde(default)]
    pub inactive_for_ms: Option<u64>,
    /// `StartLimitIntervalUSec` in milliseconds; 0 means no limit.
    pub start_limit_interval_ms: u64,
    /// `StartLimitBurst`; 0 means no limit.
    pub start_limit_burst: u32,
    /// `TimeoutStartUSec` plus `TimeoutStopUSec` in milliseconds, capped at ten minutes.
    pub job_timeout_ms: u64,
    /// `Type` of a service, for example `simple`, `oneshot` or `dbus`; empty for other units.
    #[serde(default)]
    pub service_type: String,
    /// `RemainAfterExit` of a service.
    #[serde(default)]
    pub remains_after_exit: bool,
    /// Whether a socket, path or timer starts it (`TriggeredBy`).
    #[serde(default)]
    pub is_triggered: bool,
    /// `FreezerState`: `running`, `frozen`, `freezing`, `thawing`, ...; empty where systemd has none.
    #[serde(default)]
    pub freezer: String,
    /// `StateChangeTimestampMonotonic` in milliseconds of `CLOCK_MONOTONIC`; 0 for a unit that never
    /// changed in this boot.
    #[serde(default)]
    pub changed_ms: u64,
    /// The setting of the unit that would take the host down, as `StartLimitAction=reboot`: one of
    /// `StartLimitAction`, `FailureAction`, `SuccessAction` and `JobTimeoutAction`.
    #[serde(default)]
    pub host_action: Option<String>,
    /// The units of `BindsTo`, with what is known of each. Read while this unit is off.
    #[serde(default)]
    pub bound_to: Vec<BoundTo>,
}

impl UnitState {
    /// Whether the unit is what it should be: active, or for a oneshot that does not remain, ended well.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.active == ActiveState::Active || self.ended_well()
    }

    /// Whether inactive is this unit's good end, and it is there.
    #[must_use]
    pub fn ended_well(&self) -> bool {
        self.is_oneshot() && self.active == ActiveState::Inactive && self.result == "success"
    }

    /// Whether the unit is one that runs and is over.
    #[must_use]
    pub fn is_oneshot(&self) -> bool {
        self.service_type == "oneshot" && !self.remains_after_exit
    }

    /// Whether the unit is off.
    #[must_use]
    pub fn is_off(&self) -> bool {
        matches!(self.active, ActiveState::Inactive | ActiveState::Failed)
    }

    /// Whether systemd keeps the unit's processes from running.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        matches!(
            self.freezer.as_str(),
            "frozen" | "freezing" | "frozen-by-parent" | "freezing-by-parent"
        )
    }
}

/// A unit that another is bound to by `BindsTo`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundTo {
    /// Its canonical name.
    pub id: String,
    /// Its state.
    pub active: ActiveState,
}
