//! What was done within an incident, and how it ended.

use crate::log::Moment;
use crate::unit::UnitName;
use crate::words::{JobResult, Reason, Verb, Verdict};

/// How an action's job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Moment,
    /// How.
    pub result: JobResult,
    /// The unit's invocation after it.
    pub invocation_after: Option<String>,
    /// Whether it was found by examination after a crash.
    pub examined: bool,
    /// Why the call was not made, where the last look spoke against it.
    pub misfit: Option<Reason>,
    /// Whether the failed state was cleared although no start followed.
    pub was_reset: bool,
}

/// One action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// From 1, within the incident.
    pub number: u32,
    /// The unit it was on.
    pub unit: UnitName,
    /// What was done.
    pub verb: Verb,
    /// The rule that demanded it.
    pub rule: String,
    /// When the intent was recorded.
    pub intent: Moment,
    /// The unit's invocation before it.
    pub invocation_before: String,
    /// When the unit had last changed its state before it, milliseconds of `CLOCK_MONOTONIC`;
    /// `None` in what versions before 0.2 wrote.
    pub changed_before_ms: Option<u64>,
    /// How its job ended; `None` while it runs, or after a crash.
    pub ended: Option<Ended>,
    /// Whether it helped, and why that is thought.
    pub verdict: Option<(Verdict, Reason)>,
}

impl Action {
    /// Whether the action used up its rung: one that never reached systemd did not.
    #[must_use]
    pub fn used_its_rung(&self) -> bool {
        self.ended
            .as_ref()
            .is_none_or(|ended| ended.result.used_its_rung())
    }
}
