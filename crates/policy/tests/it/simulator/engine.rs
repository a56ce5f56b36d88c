//! An executor of the machine, as the remediator is one: it writes a step's events to a log of JSON
//! lines and then carries out the effects. A crash leaves nothing but that log. It decides nothing.

use super::law::Law;
use super::world::{World, index_of};
use homeostat_policy::log::{Entry, IncidentId};
use homeostat_policy::machine::{Answer, Call, CallEnd, Effect, Input, Look, State, Step, step};
use homeostat_policy::rules::Rules;
use std::collections::BTreeMap;

/// Where the remediator dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fuse {
    /// When the events of a call are written, and before it is made.
    BeforeCall,
    /// When it is made.
    AfterCall,
    /// When events are written, and before any effect.
    BeforeEffects,
}

/// More steps than this without a wait is a loop for ever.
const MOST_STEPS: usize = 60;

/// What an incident's task does now.
enum Busy {
    /// A look was answered; the answer arrives then.
    Looking(u64, Input),
    /// A job of this call runs.
    Calling(Call, Box<CallEnd>),
}

/// One incident's task.
#[derive(Default)]
struct Task {
    busy: Option<Busy>,
    next: Option<Effect>,
    due: u64,
}

impl Task {
    /// A newer look or wait replaces an older one; a wait that finds a look there is over at once.
    fn put(&mut self, effect: Effect, now: u64) {
        let time = match (&effect, &self.next) {
            (_, Some(Effect::Call(_))) => return,
            (Effect::Wait { .. }, Some(Effect::Look(_))) => 0,
            (Effect::Wait { time, .. }, _) => u64::try_from(time.as_millis()).expect("short"),
            _ => 0,
        };
        self.due = now + time;
        self.next = Some(effect);
    }
}

#[derive(Default)]
pub struct Engine {
    pub log: Vec<String>,
    pub state: State,
    tasks: BTreeMap<IncidentId, Task>,
    pub fuse: Option<Fuse>,
    /// How long the answer to a look takes.
    pub delay: u64,
    /// The longest that it took so far: such an answer may still be on its way.
    pub longest_delay: u64,
    pub steps: u64,
}

/// The process died.
pub struct Died;

impl Engine {
    /// What a new process knows: the log and nothing else.
    pub fn replay(log: &[String]) -> Self {
        let entries: Vec<Entry> = log
            .iter()
            .map(|line| serde_json::from_str(line).expect("a line of our own log"))
            .collect();
        Self {
            log: log.to_vec(),
            state: State::replay(&entries),
            ..Self::default()
        }
    }

    /// Takes an input through one step: events, then effects.
    pub fn feed(
        &mut self,
        world: &World,
        rules: &Rules,
        law: &mut Law,
        input: Input,
    ) -> Result<Option<Answer>, Died> {
        self.steps += 1;
        let step = step(&self.state, input, rules, &world.present());
        law.before(world, &self.state, &step, rules);
        let Step { events, effects } = step;
        for entry in &events {
            self.log
                .push(serde_json::to_string(entry).expect("an event is JSON"));
            self.state.apply(entry);
        }
        if self.fuse == Some(Fuse::BeforeEffects) && !events.is_empty() {
            return Err(Died);
        }
        let mut answer = None;
        for effect in effects {
            let incident = match &effect {
                Effect::Look(look) => look.incident,
                Effect::Call(call) => call.incident,
                Effect::Wait { incident, .. } => *incident,
                Effect::Page => continue,
                Effect::Answer(given) => {
                    answer = Some(*given);
                    continue;
                }
            };
            let task = self.tasks.entry(incident).or_default();
            task.put(effect, world.real);
        }
        Ok(answer)
    }

    /// Runs every task until it waits.
    pub fn run(&mut self, world: &mut World, rules: &Rules, law: &mut Law) -> Result<(), Died> {
        let ids: Vec<IncidentId> = self.tasks.keys().copied().collect();
        for id in ids {
            let mut steps = 0;
            while let Some(input) = self.next_input(id, world, law)? {
                self.feed(world, rules, law, input)?;
                steps += 1;
                assert!(steps < MOST_STEPS, "incident {id} loops without a wait");
            }
            if self.state.incident(id).is_none() {
                self.tasks.remove(&id);
            }
        }
        Ok(())
    }

    /// Whether something will happen with the incident.
    pub fn has_next(&self, id: IncidentId) -> bool {
        self.tasks
            .get(&id)
            .is_some_and(|task| task.busy.is_some() || task.next.is_some())
    }

    /// What a task gives the machine now; `None` while it waits.
    fn next_input(
        &mut self,
        id: IncidentId,
        world: &mut World,
        law: &mut Law,
    ) -> Result<Option<Input>, Died> {
        let is_paused = self.state.history().paused().is_some();
        let fuse = self.fuse;
        let delay = self.delay;
        let Some(task) = self.tasks.get_mut(&id) else {
            return Ok(None);
        };
        match task.busy.take() {
            Some(Busy::Looking(arrives, input)) if arrives <= world.real => return Ok(Some(input)),
            Some(Busy::Calling(call, mut end)) => {
                let index = index_of(call.permit.unit().as_str());
                if let Some(result) = world.units[index].signal.take() {
                    end.result = result;
                    end.after = Some(world.unit_state(index));
                    return Ok(Some(called(&call, *end)));
                }
                task.busy = Some(Busy::Calling(call, end));
                return Ok(None);
            }
            Some(looking) => {
                task.busy = Some(looking);
                return Ok(None);
            }
            None => {}
        }
        if task.due > world.real {
            return Ok(None);
        }
        match task.next.take() {
            None | Some(Effect::Page | Effect::Answer(_)) => Ok(None),
            Some(Effect::Wait { incident, turn, .. }) => Ok(Some(Input::Due { incident, turn })),
            Some(Effect::Look(look)) => {
                let input = looked(&look, world);
                law.asked(world, &look);
                task.busy = Some(Busy::Looking(world.real + delay, input));
                self.next_input(id, world, law)
            }
            Some(Effect::Call(call)) => {
                if fuse == Some(Fuse::BeforeCall) {
                    return Err(Died);
                }
                let index = index_of(call.permit.unit().as_str());
                world.units[index].signal = None;
                let before = world.unit_state(index);
                law.may_call(world, &self.state, &call);
                let (at_once, has_effect) = world.call(&call, is_paused);
                law.called(world, &call, has_effect, at_once.as_ref());
                if fuse == Some(Fuse::AfterCall) {
                    return Err(Died);
                }
                match at_once {
                    Some(end) => Ok(Some(called(&call, end))),
                    None => {
                        let end = CallEnd {
                            result: homeostat_policy::words::JobResult::Unknown,
                            misfit: None,
                            before: Some(before),
                            after: None,
                            was_reset: call.resets_failed(),
                            detail: None,
                        };
                        task.busy = Some(Busy::Calling(call, Box::new(end)));
                        Ok(None)
                    }
                }
            }
        }
    }

    /// A bus that is lost takes the ends of jobs with it.
    pub fn lose_calls(&mut self, world: &World, rules: &Rules, law: &mut Law) -> Result<(), Died> {
        let mut lost = Vec::new();
        for task in self.tasks.values_mut() {
            if let Some(Busy::Calling(call, end)) =
                task.busy.take_if(|b| matches!(b, Busy::Calling(..)))
            {
                lost.push(called(&call, *end));
            }
        }
        for input in lost {
            self.feed(world, rules, law, input)?;
        }
        Ok(())
    }
}

fn called(call: &Call, end: CallEnd) -> Input {
    Input::Called {
        incident: call.incident,
        action: call.action,
        end: Box::new(end),
    }
}

fn looked(look: &Look, world: &World) -> Input {
    Input::Looked {
        incident: look.incident,
        turn: look.turn,
        events: look.events,
        observation: Box::new(world.observe(look)),
    }
}
