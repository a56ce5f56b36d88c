use crate::alert::Alert;
use crate::log::IncidentId;
use crate::observation::{Fact, Observation};
use crate::unit::UnitState;
use crate::words::{JobResult, Reason};

/// What comes to the machine.
#[derive(Debug, Clone)]
pub enum Input {
    /// The process began, or the state was folded anew.
    Start,
    /// An alert of a post, firing or resolved.
    Alert(Box<Alert>),
    /// The answer to [`super::Effect::Look`].
    Looked {
        /// Which incident.
        incident: IncidentId,
        /// The number that the look carried.
        turn: u64,
        /// The incident's count of events that the look carried.
        events: u64,
        /// What was seen.
        observation: Box<Observation>,
    },
    /// The answer to [`super::Effect::Call`].
    Called {
        /// Which incident.
        incident: IncidentId,
        /// The number that the call carried.
        action: u32,
        /// What it gave.
        end: Box<CallEnd>,
    },
    /// The time of a [`super::Effect::Wait`] has come.
    Due {
        /// Which incident.
        incident: IncidentId,
        /// The number that the wait carried.
        turn: u64,
    },
    /// A person's word.
    Command(Command),
}

/// What a person asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Stop all remedies.
    Pause {
        /// What they said.
        reason: String,
    },
    /// Let remedies go on.
    Resume {
        /// What they said.
        reason: String,
    },
    /// They answer for an incident.
    Acknowledge {
        /// Which.
        incident: IncidentId,
        /// What they said.
        reason: String,
    },
    /// They close an incident.
    Close {
        /// Which.
        incident: IncidentId,
        /// What they said.
        reason: String,
    },
}

/// What a call gave, as the bus and the unit told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallEnd {
    /// The result of systemd's job, or why there is none.
    pub result: JobResult,
    /// Why the call was not made, where [`super::Call::fits`] spoke against it.
    pub misfit: Option<Reason>,
    /// The unit at the last look; `None` if it could not be read.
    pub before: Option<UnitState>,
    /// The unit after the job; `None` where no job was made, or if it could not be read.
    pub after: Option<UnitState>,
    /// Whether the unit's failed state was cleared, by `ResetFailedUnit`.
    pub was_reset: bool,
    /// What the bus or systemd said, for the log.
    pub detail: Option<String>,
}

/// The fresh reading just before a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastLook {
    /// The unit acted on.
    pub unit: UnitState,
    /// Whether a switch of the host to a new configuration is under way.
    pub switching: Fact<bool>,
    /// Whether remedies are paused.
    pub is_paused: bool,
}
