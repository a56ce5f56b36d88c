//! What follows from a call's end, and from a person's words.

use super::draft::{Draft, Step};
use super::effect::{Answer, Effect, Look, Refusal};
use super::input::{CallEnd, Command};
use super::looked::SOON;
use super::state::State;
use crate::log::{Entry, Event, IncidentId, Moment, Phase};
use crate::rules::Rules;
use crate::verdict::call_result;
use crate::words::{End, JobResult};

/// A call gave something. What does not belong to the action in flight is dropped.
pub(super) fn called(
    state: &State,
    incident: IncidentId,
    number: u32,
    end: &CallEnd,
    now: Moment,
) -> Step {
    let known = state.incident(incident);
    let Some((known, action)) = known.and_then(|i| Some((i, i.in_flight()?))) else {
        return Step::default();
    };
    if action.number != number {
        return Step::default();
    }
    let mut draft = Draft::of(known, now);
    let result = call_result(action.verb, end);
    if result == JobResult::Unknown {
        // The intent stays unfinished, and the next look examines it.
        return draft.wait(SOON);
    }
    draft.push(Event::JobEnded {
        action: number,
        result,
        invocation_after: end.after.as_ref().map(|unit| unit.invocation_id.clone()),
        examined: false,
        misfit: end.misfit,
        was_reset: end.was_reset && !result.made_a_job(),
    });
    // What kept the call from arriving needs a moment to pass, and so does an effect.
    draft.wait(SOON)
}

/// A person says something.
pub(super) fn command(state: &State, command: Command, rules: &Rules, now: Moment) -> Step {
    match command {
        Command::Pause { reason } => for_host(state, Event::Paused { reason }, rules, now),
        Command::Resume { reason } => for_host(state, Event::Resumed { reason }, rules, now),
        Command::Acknowledge { incident, reason } => {
            acknowledge(state, incident, reason, rules, now)
        }
        Command::Close { incident, reason } => close(state, incident, reason, now),
    }
}

fn refuse(refusal: Refusal) -> Step {
    Step::of(Effect::Answer(Answer::Refused(refusal)))
}

fn for_host(state: &State, event: Event, rules: &Rules, now: Moment) -> Step {
    let looks = state
        .open()
        .filter(|incident| incident.in_flight().is_none())
        .map(|incident| Effect::Look(Look::at(incident, rules)));
    Step {
        events: vec![Entry {
            incident: 0,
            at: now,
            event,
        }],
        effects: [Effect::Answer(Answer::Done)]
            .into_iter()
            .chain(looks)
            .collect(),
    }
}

fn acknowledge(
    state: &State,
    incident: IncidentId,
    reason: String,
    rules: &Rules,
    now: Moment,
) -> Step {
    let Some(known) = state.incident(incident) else {
        return refuse(Refusal::NotOpen);
    };
    if known.phase != Phase::Paged {
        return refuse(Refusal::NotPaged);
    }
    let mut draft = Draft::of(known, now);
    draft.push(Event::Acknowledged { reason });
    draft.then(Effect::Answer(Answer::Done));
    draft.then(Effect::Page);
    draft.look(rules)
}

fn close(state: &State, incident: IncidentId, reason: String, now: Moment) -> Step {
    let Some(known) = state.incident(incident) else {
        return refuse(Refusal::NotOpen);
    };
    if known.in_flight().is_some() {
        return refuse(Refusal::Acting);
    }
    let mut draft = Draft::of(known, now);
    draft.push(Event::Closed {
        end: End::TakenOver,
        note: Some(reason),
    });
    draft.then(Effect::Answer(Answer::Done));
    draft.then(Effect::Page);
    draft.done()
}
