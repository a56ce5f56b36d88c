//! What was done on this host lately, across incidents: the basis of
//! cool-downs, attempt limits and the host-wide budget.

use crate::log::{Entry, Event, IncidentId, Moment, Now};
use crate::rules::Budget;
use crate::unit::UnitName;
use std::time::Duration;

/// One action that was begun. Whether it helped does not matter to the budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The incident it was for.
    pub incident: IncidentId,
    /// Its number within the incident.
    pub action: u32,
    /// The unit it was on.
    pub unit: UnitName,
    /// The unit of the incident.
    pub about: UnitName,
    /// When the intent was recorded.
    pub at: Moment,
}

/// The actions of the recent past and the pause.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    attempts: Vec<Attempt>,
    paused: Option<(String, Moment)>,
}

impl History {
    /// Takes note of an event.
    pub fn apply(&mut self, entry: &Entry) {
        match &entry.event {
            Event::Intent {
                action,
                unit,
                about,
                ..
            } => self.attempts.push(Attempt {
                incident: entry.incident,
                action: *action,
                unit: unit.clone(),
                about: about.as_ref().unwrap_or(unit).clone(),
                at: entry.at,
            }),
            // What made no job costs nothing.
            Event::JobEnded { action, result, .. } if !result.made_a_job() => {
                let of = |a: &Attempt| a.incident == entry.incident && a.action == *action;
                self.attempts.retain(|a| !of(a));
            }
            Event::Paused { reason } => self.paused = Some((reason.clone(), entry.at)),
            Event::Resumed { .. } => self.paused = None,
            Event::Opened { .. }
            | Event::Refused { .. }
            | Event::Alert { .. }
            | Event::Witnessed { .. }
            | Event::Cleared { .. }
            | Event::Decided { .. }
            | Event::JobEnded { .. }
            | Event::Verdict { .. }
            | Event::Acknowledged { .. }
            | Event::Closed { .. }
            | Event::Unknown => {}
        }
    }

    /// What the person said who paused, while paused.
    #[must_use]
    pub fn paused(&self) -> Option<&str> {
        self.paused.as_ref().map(|(reason, _)| reason.as_str())
    }

    /// Since when remedies are paused, while they are.
    #[must_use]
    pub fn paused_since(&self) -> Option<Moment> {
        self.paused.as_ref().map(|(_, since)| *since)
    }

    /// Forgets attempts older than `keep`.
    pub fn forget(&mut self, keep: Duration, now: &Now) {
        self.attempts.retain(|a| now.since(&a.at) < keep);
    }

    /// Whether an event makes history: the store must load these back.
    #[must_use]
    pub fn is_made_of(event: &Event) -> bool {
        matches!(
            event,
            Event::Intent { .. }
                | Event::JobEnded { .. }
                | Event::Paused { .. }
                | Event::Resumed { .. }
        )
    }

    /// How many actions were taken within `window` for incidents about the unit.
    #[must_use]
    pub fn attempts_for(&self, unit: &UnitName, window: Duration, now: &Now) -> u32 {
        self.count(window, now, |a| a.about == *unit)
    }

    /// How many actions the unit had within `window`.
    #[must_use]
    pub fn attempts_on(&self, unit: &UnitName, window: Duration, now: &Now) -> u32 {
        self.count(window, now, |a| a.unit == *unit)
    }

    /// When the unit was last acted on for another incident than `incident`.
    #[must_use]
    pub fn last_for_another(&self, unit: &UnitName, incident: IncidentId) -> Option<&Moment> {
        self.attempts
            .iter()
            .rev()
            .find(|a| a.unit == *unit && a.incident != incident)
            .map(|a| &a.at)
    }

    /// How many actions the host-wide budget still allows.
    #[must_use]
    pub fn budget_left(&self, budget: Budget, now: &Now) -> u32 {
        let window = Duration::from_secs(budget.window_seconds);
        budget
            .actions
            .saturating_sub(self.count(window, now, |_| true))
    }

    fn count(&self, window: Duration, now: &Now, of: impl Fn(&Attempt) -> bool) -> u32 {
        let n = self
            .attempts
            .iter()
            .filter(|a| of(a) && now.since(&a.at) < window)
            .count();
        u32::try_from(n).unwrap_or(u32::MAX)
    }
}
