use super::words;
use crate::unit::ActiveState;

words! {
    setting
    /// What may be done to a unit.
    Verb {
        /// Stop and start an active unit.
        Restart = "restart",
        /// Stop and start an active unit, as versions before 0.2 called it; in the record only.
        TryRestart = "try-restart",
        /// Reload an active unit, or restart it where it cannot reload.
        ReloadOrRestart = "reload-or-restart",
        /// Start an inactive unit.
        Start = "start",
        /// Clear the failed state and start: for a failed unit, also one that hit its start limit.
        Rescue = "rescue",
    }
}

impl Verb {
    /// Whether the verb can help a unit in this state.
    ///
    /// A restart would start a stopped unit, which a person may have stopped on purpose, so the
    /// restarting verbs fit an active unit alone.
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

    /// The method of `org.freedesktop.systemd1.Manager` that makes the job.
    #[must_use]
    pub fn method(self) -> Method {
        match self {
            Verb::Restart | Verb::TryRestart => Method::TryRestartUnit,
            Verb::ReloadOrRestart => Method::ReloadOrTryRestartUnit,
            Verb::Start | Verb::Rescue => Method::StartUnit,
        }
    }
}

/// A method of `org.freedesktop.systemd1.Manager`. `RestartUnit` is not here: it would start a unit
/// that somebody stopped a moment ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Restarts a unit that is active, and does nothing to any other.
    TryRestartUnit,
    /// Reloads or restarts a unit that is active, and does nothing to any other.
    ReloadOrTryRestartUnit,
    /// Starts a unit that is not active, and does nothing to one that is.
    StartUnit,
}

impl Method {
    /// The method's name on the bus.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Method::TryRestartUnit => "TryRestartUnit",
            Method::ReloadOrTryRestartUnit => "ReloadOrTryRestartUnit",
            Method::StartUnit => "StartUnit",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_never_fits_a_stopped_unit() {
        for verb in [Verb::Restart, Verb::TryRestart, Verb::ReloadOrRestart] {
            assert!(!verb.fits(ActiveState::Inactive) && !verb.fits(ActiveState::Failed));
        }
        assert!(!Verb::Start.fits(ActiveState::Active));
    }
}
