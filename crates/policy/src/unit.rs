//! systemd's words: unit names, verbs, states and job results.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The name of a systemd unit, checked for form: `name.type`, at most 255
/// bytes, only the characters that systemd allows (`systemd.unit(5)`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnitName(String);

/// Text that is no systemd unit name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a unit name; write it in full, as `systemctl list-units` shows it (for example shop.service)"
)]
pub struct BadUnitName(pub String);

const TYPES: [&str; 5] = ["service", "socket", "timer", "mount", "target"];

impl UnitName {
    /// Checks `text` and takes it as a unit name.
    ///
    /// # Errors
    /// When `text` has a character, a length or a type that systemd does not accept.
    pub fn parse(text: &str) -> Result<Self, BadUnitName> {
        let bad = || BadUnitName(text.to_owned());
        let (stem, kind) = text.rsplit_once('.').ok_or_else(bad)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c);
        if stem.is_empty()
            || stem.ends_with('@')
            || text.len() > 255
            || !stem.chars().all(allowed)
            || !TYPES.contains(&kind)
        {
            return Err(bad());
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as systemd writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether acting on this unit is forbidden whatever the rules say: the
    /// remediator itself, what a person needs to reach the host and undo us, and
    /// what takes the whole host down.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        const STEMS: [&str; 20] = [
            "homeostat-remediator",
            "dbus",
            "dbus-broker",
            "polkit",
            "ssh",
            "sshd",
            "NetworkManager",
            "networking",
            "network",
            "wpa_supplicant",
            "dhcpcd",
            "getty",
            "reboot",
            "poweroff",
            "halt",
            "kexec",
            "shutdown",
            "emergency",
            "rescue",
            "ctrl-alt-del",
        ];
        let stem = self.0.rsplit_once('.').map_or(self.0.as_str(), |(s, _)| s);
        let stem = stem.split('@').next().unwrap_or(stem);
        STEMS.contains(&stem) || stem.starts_with("systemd-") || stem.starts_with("network-")
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for UnitName {
    type Error = BadUnitName;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<UnitName> for String {
    fn from(name: UnitName) -> String {
        name.0
    }
}

/// What may be done to a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Stop and start an active unit.
    Restart,
    /// Stop and start, but only a unit that is active.
    TryRestart,
    /// Reload an active unit, or restart it where it cannot reload.
    ReloadOrRestart,
    /// Start an inactive unit.
    Start,
    /// `reset-failed`, then start: for a failed unit, also one that hit its start limit.
    Rescue,
}

impl Verb {
    /// Every verb, for metrics that exist from the start.
    pub const ALL: [Verb; 5] = [
        Verb::Restart,
        Verb::TryRestart,
        Verb::ReloadOrRestart,
        Verb::Start,
        Verb::Rescue,
    ];

    /// The word in configuration, metrics, logs and incidents.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Verb::Restart => "restart",
            Verb::TryRestart => "try-restart",
            Verb::ReloadOrRestart => "reload-or-restart",
            Verb::Start => "start",
            Verb::Rescue => "rescue",
        }
    }

    /// Whether the verb can help a unit in this state.
    ///
    /// A restart would start a stopped unit, which a person may have stopped on
    /// purpose, so the restarting verbs fit an active unit alone.
    #[must_use]
    pub fn fits(self, state: ActiveState) -> bool {
        match self {
            Verb::Restart | Verb::TryRestart | Verb::ReloadOrRestart => {
                state == ActiveState::Active
            }
            Verb::Start => state == ActiveState::Inactive,
            Verb::Rescue => state == ActiveState::Failed,
        }
    }
}

/// A unit's `ActiveState` property (`org.freedesktop.systemd1(5)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActiveState {
    /// Running or otherwise on.
    Active,
    /// Active, and reloading or refreshing its configuration.
    Reloading,
    /// Off.
    Inactive,
    /// Off after a failure.
    Failed,
    /// On its way to active; also while systemd waits for its own auto-restart.
    Activating,
    /// On its way to inactive.
    Deactivating,
    /// A state this version does not know, or maintenance.
    #[serde(other)]
    Other,
}

impl ActiveState {
    /// Reads systemd's word.
    #[must_use]
    pub fn from_property(word: &str) -> Self {
        match word {
            "active" => Self::Active,
            "reloading" | "refreshing" => Self::Reloading,
            "inactive" => Self::Inactive,
            "failed" => Self::Failed,
            "activating" => Self::Activating,
            "deactivating" => Self::Deactivating,
            _ => Self::Other,
        }
    }

    /// The word shown to people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Reloading => "reloading",
            Self::Inactive => "inactive",
            Self::Failed => "failed",
            Self::Activating => "activating",
            Self::Deactivating => "deactivating",
            Self::Other => "other",
        }
    }
}

/// How a job of ours ended: the `result` of systemd's `JobRemoved` signal, or
/// why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobResult {
    /// The job ran to its end.
    Done,
    /// Another job replaced it before it ended.
    Canceled,
    /// The job's own time ran out.
    Timeout,
    /// The unit failed to reach the state.
    Failed,
    /// A unit it depends on failed.
    Dependency,
    /// The job did not apply to the unit's state.
    Skipped,
    /// Polkit refused the call.
    Denied,
    /// systemd refused the call: with job mode `fail`, another job is queued.
    Refused,
    /// The call certainly never reached systemd.
    NotCalled,
    /// It cannot be told what happened.
    #[serde(other)]
    Unknown,
}

impl JobResult {
    /// Every result, for metrics that exist from the start.
    pub const ALL: [JobResult; 10] = [
        JobResult::Done,
        JobResult::Canceled,
        JobResult::Timeout,
        JobResult::Failed,
        JobResult::Dependency,
        JobResult::Skipped,
        JobResult::Denied,
        JobResult::Refused,
        JobResult::NotCalled,
        JobResult::Unknown,
    ];

    /// Reads systemd's word.
    #[must_use]
    pub fn from_signal(word: &str) -> Self {
        match word {
            "done" => Self::Done,
            "canceled" => Self::Canceled,
            "timeout" => Self::Timeout,
            "failed" => Self::Failed,
            "dependency" => Self::Dependency,
            "skipped" => Self::Skipped,
            _ => Self::Unknown,
        }
    }

    /// The word in metrics, logs and incidents.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Canceled => "canceled",
            Self::Timeout => "timeout",
            Self::Failed => "failed",
            Self::Dependency => "dependency",
            Self::Skipped => "skipped",
            Self::Denied => "denied",
            Self::Refused => "refused",
            Self::NotCalled => "not_called",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_unit_names_are_taken() {
        for good in ["shop.service", "postgresql@17-main.service", "a-b_c.timer"] {
            assert!(UnitName::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "shop",
            ".service",
            "../x.service",
            "a b.service",
            "x@.service",
            "x.slice",
            "x.exe",
        ] {
            assert!(UnitName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_a_person_needs_to_get_in_is_forbidden() {
        for name in [
            "sshd.service",
            "ssh@1.service",
            "dbus.socket",
            "systemd-logind.service",
            "homeostat-remediator.service",
            "polkit.service",
        ] {
            assert!(UnitName::parse(name).unwrap().is_forbidden(), "{name}");
        }
        assert!(
            !UnitName::parse("homeostat-api.service")
                .unwrap()
                .is_forbidden()
        );
    }

    #[test]
    fn a_restart_never_fits_a_stopped_unit() {
        for verb in [Verb::Restart, Verb::TryRestart, Verb::ReloadOrRestart] {
            assert!(!verb.fits(ActiveState::Inactive) && !verb.fits(ActiveState::Failed));
        }
        assert!(!Verb::Start.fits(ActiveState::Active));
    }
}
