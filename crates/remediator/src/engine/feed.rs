//! One step of the machine: its events are folded and queued under one lock, and its effects wait
//! until they are on disk.

use super::Engine;
use super::told::{Told, tell};
use crate::store::{StoreError, Ticket};
use crate::systemd::UnitControl;
use homeostat_policy::log::Entry;
use homeostat_policy::machine::{Answer, Effect, Input, State, step};
use std::sync::Arc;

/// What follows from inputs, and the promise that their events are written.
pub(super) struct Planned {
    pub(super) effects: Vec<Effect>,
    pub(super) told: Vec<Told>,
    /// `None` where nothing had to be written.
    pub(super) ticket: Option<Ticket>,
}

impl Planned {
    /// Adds an effect. Of an incident's looks only the newest is of use, and each holds all questions of its alerts.
    fn add(&mut self, effect: Effect) {
        if let Effect::Look(new) = &effect {
            let is_older =
                |old: &Effect| matches!(old, Effect::Look(old) if old.incident == new.incident);
            self.effects.retain(|old| !is_older(old));
        }
        self.effects.push(effect);
    }

    /// What the senders of the inputs are told once the events are on disk.
    pub(super) fn answers(&self) -> Vec<Answer> {
        let answer = |effect: &Effect| match effect {
            Effect::Answer(answer) => Some(*answer),
            _ => None,
        };
        self.effects.iter().filter_map(answer).collect()
    }
}

impl<C: UnitControl> Engine<C> {
    /// Takes inputs through the machine, folds the events and queues them, in one order.
    pub(super) fn plan(&self, inputs: impl IntoIterator<Item = Input>) -> Planned {
        let now = self.clock.present();
        let mut state = self.state();
        let mut entries = Vec::new();
        let mut planned = Planned {
            effects: Vec::new(),
            told: Vec::new(),
            ticket: None,
        };
        for input in inputs {
            let step = step(&state, input, &self.config.rules, &now);
            fold(&mut state, &step.events, &mut planned.told);
            entries.extend(step.events);
            for effect in step.effects {
                planned.add(effect);
            }
        }
        if !entries.is_empty() {
            planned.ticket = Some(self.store.append(entries));
        }
        planned
    }

    /// Waits until the events are on disk, tells them, and begins the effects. A failed write drops
    /// both: what is due begins anew when the store is well.
    pub(super) async fn carry_out(self: Arc<Self>, planned: Planned) -> Result<(), StoreError> {
        if let Some(ticket) = &planned.ticket
            && let Err(error) = ticket.durable().await
        {
            self.metrics.store_errors.inc();
            return Err(error);
        }
        tell(&planned.told, &self.metrics);
        self.dispatch(planned.effects);
        Ok(())
    }

    /// Takes one input all the way.
    pub(super) async fn feed(self: &Arc<Self>, input: Input) -> Result<(), StoreError> {
        let planned = self.plan([input]);
        self.clone().carry_out(planned).await
    }
}

fn fold(state: &mut State, events: &[Entry], told: &mut Vec<Told>) {
    for entry in events {
        let before = Told::of(state, entry);
        state.apply(entry);
        told.extend(before.or_else(|| Told::of(state, entry)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_policy::machine::{Look, RecordsWanted};

    #[test]
    fn of_an_incidents_looks_the_newest_is_kept() {
        let look = |incident, turn| {
            Effect::Look(Look {
                incident,
                turn,
                events: 1,
                host: String::new(),
                unit: None,
                questions: Vec::new(),
                records: RecordsWanted::WhileOff,
            })
        };
        let mut planned = Planned {
            effects: Vec::new(),
            told: Vec::new(),
            ticket: None,
        };
        for effect in [look(1, 1), Effect::Page, look(2, 1), look(1, 2)] {
            planned.add(effect);
        }
        assert_eq!(planned.effects, [Effect::Page, look(2, 1), look(1, 2)]);
    }
}
