use serde::{Deserialize, Serialize};

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
