use super::effect::{Effect, Look};
use crate::log::{Entry, Event, Incident, Moment};
use crate::rules::Rules;
use std::time::Duration;

/// What follows from an input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// The events to write, in their order.
    pub events: Vec<Entry>,
    /// What to do when they are on disk, in this order.
    pub effects: Vec<Effect>,
}

impl Step {
    pub(crate) fn of(effect: Effect) -> Self {
        Self {
            events: Vec::new(),
            effects: vec![effect],
        }
    }
}

/// An incident with the events that a step adds to it.
pub(crate) struct Draft {
    pub(crate) incident: Incident,
    step: Step,
    now: Moment,
}

impl Draft {
    pub(crate) fn of(incident: &Incident, now: Moment) -> Self {
        Self {
            incident: incident.clone(),
            step: Step::default(),
            now,
        }
    }

    /// Adds an event and takes note of it.
    pub(crate) fn push(&mut self, event: Event) {
        let entry = Entry {
            incident: self.incident.id,
            at: self.now,
            event,
        };
        self.incident.apply(&entry);
        self.step.events.push(entry);
    }

    pub(crate) fn then(&mut self, effect: Effect) {
        self.step.effects.push(effect);
    }

    /// Ends the step with another look at once.
    pub(crate) fn look(mut self, rules: &Rules) -> Step {
        self.then(Effect::Look(Look::at(&self.incident, rules)));
        self.step
    }

    /// Ends the step with a look after a time.
    pub(crate) fn wait(mut self, time: Duration) -> Step {
        self.then(Effect::Wait {
            incident: self.incident.id,
            turn: self.incident.turn,
            time,
        });
        self.step
    }

    /// Ends the step.
    pub(crate) fn done(self) -> Step {
        self.step
    }
}
