//! The one state machine of the remediator: `step(state, input, now) -> (events, effects)`.
//!
//! State is only what events fold to. Whoever runs the machine writes the events, folds them, and
//! then carries out the effects, whose answers come back as inputs. A failed write drops both: the
//! state is folded anew from what is on disk, and [`Input::Start`] gives every due effect again.

mod commands;
mod draft;
mod effect;
mod examining;
mod input;
mod looked;
mod memory;
mod state;

pub use draft::Step;
pub use effect::{Answer, Call, Effect, Look, Question, RecordsWanted, Refusal};
pub use input::{CallEnd, Command, Input, LastLook};
pub use state::{MEMORY_OF_ALERTS, MEMORY_OF_REFUSALS, State};

use crate::intake;
use crate::log::Now;
use crate::rules::Rules;
use draft::Draft;

/// What follows from an input: the events to write, and what to do when they are on disk.
#[must_use]
pub fn step(state: &State, input: Input, rules: &Rules, now: &Now) -> Step {
    match input {
        Input::Start => start(state, rules),
        Input::Alert(alert) => intake::take(state, *alert, rules, now),
        Input::Looked {
            incident,
            turn,
            events,
            observation,
        } => match state.incident(incident).filter(|i| i.turn == turn) {
            Some(known) => {
                let draft = Draft::of(known, now.at);
                looked::looked(state, draft, events, *observation, rules, now)
            }
            None => Step::default(),
        },
        Input::Called {
            incident,
            action,
            end,
        } => commands::called(state, incident, action, &end, now.at),
        Input::Due { incident, turn } => {
            match state.incident(incident).filter(|i| i.turn == turn) {
                Some(known) => Step::of(Effect::Look(Look::at(known, rules))),
                None => Step::default(),
            }
        }
        Input::Command(command) => commands::command(state, command, rules, now.at),
    }
}

fn start(state: &State, rules: &Rules) -> Step {
    let looks = state.open().map(|i| Effect::Look(Look::at(i, rules)));
    Step {
        events: Vec::new(),
        effects: looks.chain([Effect::Page]).collect(),
    }
}
