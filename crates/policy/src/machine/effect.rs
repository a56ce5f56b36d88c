use super::input::LastLook;
use crate::alert::Fingerprint;
use crate::log::{Incident, IncidentId};
use crate::observation::Fact;
use crate::rules::{Permit, Rules};
use crate::unit::UnitName;
use crate::words::{Method, Reason, Verb};
use std::collections::BTreeMap;
use std::time::Duration;

/// What is to be done once the events of the same step are on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Read all that a decision about the incident needs.
    Look(Look),
    /// Look at the unit a last time and, if that still fits, call systemd.
    Call(Call),
    /// Nothing for a time; then [`super::Input::Due`].
    Wait {
        /// Which incident.
        incident: IncidentId,
        /// The number to bring back.
        turn: u64,
        /// For how long.
        time: Duration,
    },
    /// The level of pages may have changed; it is read from the state.
    Page,
    /// The sender gets this answer.
    Answer(Answer),
}

/// What the sender of an input is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is news, and on disk.
    Accepted,
    /// It is known.
    Duplicate,
    /// A person's word was taken.
    Done,
    /// A person's word was not taken.
    Refused(Refusal),
}

/// Why a person's word was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such open incident.
    #[error("no open incident has this number")]
    NotOpen,
    /// Nobody is called for it, or a person has answered already.
    #[error("no unanswered page stands for this incident; there is nothing to acknowledge")]
    NotPaged,
    /// What it does is not at its end.
    #[error("an action of this incident is under way; close it when its job has ended")]
    Acting,
}

/// One reading of all that a decision about an incident needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Which incident.
    pub incident: IncidentId,
    /// The number to bring back.
    pub turn: u64,
    /// The incident's count of events, to bring back: what joined later was not looked at.
    pub events: u64,
    /// Its host.
    pub host: String,
    /// The unit to read; about it Alertmanager is also asked for all alerts that it holds.
    pub unit: Option<UnitName>,
    /// What to ask about its alerts.
    pub questions: Vec<Question>,
    /// Which of PID 1's records to read.
    pub records: RecordsWanted,
}

/// Which of PID 1's records in the journal a look needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordsWanted {
    /// The newest of this boot, if the unit is off.
    WhileOff,
    /// Those of one boot since a time.
    Since {
        /// The boot.
        boot_id: u128,
        /// Milliseconds since the Unix epoch.
        wall_ms: i64,
    },
}

/// What to ask Alertmanager and Prometheus about one alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The alert.
    pub fingerprint: Fingerprint,
    /// Its name.
    pub name: String,
    /// All its labels.
    pub labels: BTreeMap<String, String>,
    /// The labels that our own rule writes.
    pub own: BTreeMap<String, String>,
    /// The query that must give a value above zero, else an absent alert proves nothing.
    pub proof: Option<String>,
    /// Whether any alert is meant that has these labels, as far as it has them, and not this one alone.
    pub is_any: bool,
}

impl Question {
    /// Whether an alert with these labels could be meant: where both sides have a label it is equal.
    #[must_use]
    pub fn agrees(&self, labels: &BTreeMap<String, String>) -> bool {
        let agrees = |(name, value)| labels.get(name).is_none_or(|own| own == value);
        self.labels.iter().all(agrees)
    }
}

impl Look {
    /// The look that an incident needs where it stands.
    #[must_use]
    pub fn at(incident: &Incident, rules: &Rules) -> Self {
        let is_watched = incident.watched().is_some();
        let questions = incident
            .evidence
            .iter()
            .filter(|(_, e)| is_watched || e.cleared.is_none())
            .map(|(fingerprint, evidence)| {
                let rule = rules.rule(&evidence.rule);
                Question {
                    fingerprint: *fingerprint,
                    name: evidence.name.clone(),
                    labels: evidence.labels.clone(),
                    own: rule.map(|r| r.own.clone()).unwrap_or_default(),
                    proof: rule.and_then(|r| r.proof.clone()),
                    is_any: evidence.stands_for > 0,
                }
            })
            .collect();
        let records = match incident.in_flight() {
            Some(action) => RecordsWanted::Since {
                boot_id: action.intent.boot_id,
                wall_ms: action.intent.wall_ms,
            },
            None => RecordsWanted::WhileOff,
        };
        Self {
            incident: incident.id,
            turn: incident.turn,
            events: incident.events,
            host: incident.host.clone(),
            unit: incident
                .in_flight()
                .map(|action| action.unit.clone())
                .or_else(|| incident.unit.clone()),
            questions,
            records,
        }
    }
}

/// A call of systemd, with what must still be true just before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Which incident.
    pub incident: IncidentId,
    /// The action's number, to bring back.
    pub action: u32,
    /// The right to make it.
    pub permit: Permit,
    /// The unit's `InvocationID` when it was decided.
    pub invocation: String,
}

impl Call {
    /// The method that makes the job. `ResetFailedUnit` goes before it where
    /// [`Call::resets_failed`] says so. The job mode is always `fail`.
    #[must_use]
    pub fn method(&self) -> Method {
        self.permit.verb().method()
    }

    /// Whether `ResetFailedUnit` is called first.
    #[must_use]
    pub fn resets_failed(&self) -> bool {
        self.permit.verb() == Verb::Rescue
    }

    /// Whether the call still fits what the last look shows. It must not be made when it does not.
    ///
    /// # Errors
    /// The reason that stands in the way.
    pub fn fits(&self, look: &LastLook) -> Result<(), Reason> {
        let unit = &look.unit;
        if look.is_paused {
            return Err(Reason::Paused);
        }
        match look.switching {
            Fact::Known(false) => {}
            Fact::Known(true) => return Err(Reason::SwitchRunning),
            Fact::Unknown => return Err(Reason::SwitchUnknown),
        }
        if unit.id != self.permit.unit().as_str() {
            return Err(Reason::UnitAlias);
        }
        if unit.is_frozen() {
            return Err(Reason::Frozen);
        }
        match unit.job.as_deref() {
            Some("stop") => return Err(Reason::StopQueued),
            Some(_) => return Err(Reason::JobQueued),
            None => {}
        }
        // A unit that was reset and not started is inactive: its rescue is owed.
        let is_owed = self.resets_failed()
            && unit.active == crate::unit::ActiveState::Inactive
            && unit.invocation_id == self.invocation;
        if !self.permit.verb().fits(unit.active) && !is_owed {
            return Err(Reason::Changing);
        }
        if unit.invocation_id != self.invocation {
            return Err(Reason::SomebodysRemedy);
        }
        Ok(())
    }
}
