//! The loop around the core, as the remediator runs it: every step is an event
//! in a log of JSON lines, and a crash leaves nothing but that log.

use super::law::Law;
use super::world::{World, index_of};
use crate::fixture::HOST;
use homeostat_policy::alert::{Alert, AlertStatus};
use homeostat_policy::decide::{Decision, clearances, decide};
use homeostat_policy::event::{End, Entry, Event, IncidentId};
use homeostat_policy::history::History;
use homeostat_policy::incident::{Incident, Phase};
use homeostat_policy::outcome::{Assessment, Verdict, assess, examine};
use homeostat_policy::reason::Reason;
use homeostat_policy::rules::Rules;
use homeostat_policy::unit::JobResult;
use std::collections::{BTreeMap, HashSet};

/// Where the remediator dies within an action.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fuse {
    BeforeCall,
    AfterCall,
}

/// More steps than this without a wait is a loop for ever.
const MOST_STEPS: usize = 60;
/// How long the end of a job is waited for, beyond which it is unknown.
const JOB_DEADLINE_MS: u64 = 240_000;

#[derive(Default)]
pub struct Engine {
    pub log: Vec<String>,
    pub incidents: BTreeMap<IncidentId, Incident>,
    pub history: History,
    episodes: HashSet<i64>,
    pub fuse: Option<Fuse>,
}

/// What one step of one incident came to.
enum Step {
    Again,
    Wait,
    Died,
}

impl Engine {
    /// What a new process knows: the log and nothing else.
    pub fn replay(log: &[String]) -> Self {
        let entries: Vec<Entry> = log
            .iter()
            .map(|line| serde_json::from_str(line).expect("a line of our own log"))
            .collect();
        let mut history = History::default();
        entries.iter().for_each(|entry| history.apply(entry));
        Self {
            log: log.to_vec(),
            incidents: Incident::fold(&entries),
            history,
            episodes: entries.iter().filter_map(|e| e.event.episode()).collect(),
            fuse: None,
        }
    }

    pub fn append(&mut self, world: &World, incident: IncidentId, event: Event) {
        let at = world.now();
        let entry = Entry {
            incident,
            at,
            event,
        };
        self.log
            .push(serde_json::to_string(&entry).expect("an event is JSON"));
        self.history.apply(&entry);
        self.episodes.extend(entry.event.episode());
        if let Some(known) = self.incidents.get_mut(&incident) {
            known.apply(&entry);
        } else if let Some(begun) = Incident::begin(&entry) {
            self.incidents.insert(incident, begun);
        }
    }

    pub fn accept(&mut self, world: &World, rules: &Rules, alert: Alert) {
        if self.episodes.contains(&alert.episode()) {
            return;
        }
        let rule = rules
            .lookup(&alert)
            .expect("the simulator's alerts have rules");
        let is_ours = |i: &&Incident| !i.is_closed() && i.unit.as_ref() == Some(&rule.unit);
        let open = self.incidents.values().find(is_ours).map(|i| i.id);
        let id = match (open, alert.status) {
            (Some(id), _) => id,
            (None, AlertStatus::Resolved) => return,
            (None, AlertStatus::Firing) => {
                let id = 1 + self.incidents.keys().last().copied().unwrap_or_default();
                let unit = rule.unit.clone();
                let host = HOST.to_owned();
                self.append(world, id, Event::Opened { host, unit });
                id
            }
        };
        let rule = rule.name.clone();
        self.append(world, id, Event::Alert { alert, rule });
    }

    /// Runs every open incident until it waits. `false`: the process died.
    pub fn run(&mut self, world: &mut World, rules: &Rules, law: &mut Law) -> bool {
        let open: Vec<IncidentId> = self
            .incidents
            .values()
            .filter(|i| !i.is_closed())
            .map(|i| i.id)
            .collect();
        for id in open {
            let mut steps = 0;
            loop {
                match self.step(id, world, rules, law) {
                    Step::Again => steps += 1,
                    Step::Wait => break,
                    Step::Died => return false,
                }
                assert!(steps < MOST_STEPS, "incident {id} loops without a wait");
            }
        }
        true
    }

    fn step(&mut self, id: IncidentId, world: &mut World, rules: &Rules, law: &mut Law) -> Step {
        let observation = world.observe(&self.incidents[&id]);
        let now = world.now();
        for fingerprint in clearances(&self.incidents[&id], &observation, rules, &now) {
            self.append(world, id, Event::Cleared { fingerprint });
        }
        let incident = &self.incidents[&id];
        if incident.is_closed() {
            return Step::Wait;
        }
        if let Some(action) = incident.last_action().filter(|a| a.verdict.is_none()) {
            let number = action.number;
            if action.ended.is_none() {
                return match self.find_end(id, world, law) {
                    Some((result, examined)) => {
                        let event = Event::JobEnded {
                            action: number,
                            result,
                            invocation_after: None,
                            examined,
                        };
                        self.append(world, id, event);
                        law.job_ended(world, id);
                        Step::Again
                    }
                    None => Step::Wait,
                };
            }
            let Assessment::Settled(verdict, reason) =
                assess(incident, action, rules, &observation, &now)
            else {
                return Step::Wait;
            };
            if verdict == Verdict::Fixed {
                law.may_be_fixed(world, incident, action, rules);
            }
            let event = Event::Verdict {
                action: number,
                verdict,
                reason,
                observation,
            };
            self.append(world, id, event);
            if verdict == Verdict::Fixed {
                self.append(world, id, Event::Closed { end: End::Fixed });
            }
            return Step::Again;
        }
        let decision = decide(incident, &observation, &self.history, rules, &now);
        let decided = Event::Decided {
            decision: decision.kind(),
            reason: decision.reason(),
            verb: decision.verb(),
            observation: observation.clone(),
        };
        match decision {
            Decision::Act {
                permit,
                rule,
                number,
            } => {
                law.may_act(world, incident, &self.history, rules, &permit, &rule);
                let invocation_before = observation.unit.known().map(|u| u.invocation_id.clone());
                self.append(world, id, decided);
                let event = Event::Intent {
                    action: number,
                    unit: permit.unit().clone(),
                    verb: permit.verb(),
                    rule,
                    invocation_before: invocation_before.unwrap_or_default(),
                };
                self.append(world, id, event);
                if self.fuse == Some(Fuse::BeforeCall) {
                    return Step::Died;
                }
                world.units[index_of(permit.unit().as_str())].signal = None;
                let at_once = world.call(&permit);
                if self.fuse == Some(Fuse::AfterCall) {
                    return Step::Died;
                }
                if let Some(result) = at_once {
                    let event = Event::JobEnded {
                        action: number,
                        result,
                        invocation_after: None,
                        examined: false,
                    };
                    self.append(world, id, event);
                    law.job_ended(world, id);
                }
                Step::Again
            }
            Decision::Hold { reason, .. } => {
                if is_news(incident.phase, reason) {
                    self.append(world, id, decided);
                }
                Step::Wait
            }
            Decision::Escalate { .. } => {
                self.append(world, id, decided);
                Step::Again
            }
            Decision::End { end, .. } => {
                law.may_end(world, incident);
                self.append(world, id, Event::Closed { end });
                Step::Wait
            }
        }
    }

    /// How the newest action's job ended, and whether that was found by examination.
    fn find_end(&self, id: IncidentId, world: &mut World, law: &Law) -> Option<(JobResult, bool)> {
        let incident = &self.incidents[&id];
        let action = incident.last_action().expect("an action is in flight");
        let unit = incident.unit.as_ref().expect("an incident with a unit");
        let index = index_of(unit.as_str());
        if let Some(result) = world.units[index].signal.take() {
            return Some((result, false));
        }
        let began = law.intent_at(id);
        if world.real - began.max(world.boot_began) > JOB_DEADLINE_MS {
            return Some((JobResult::Unknown, true));
        }
        if !world.bus {
            return None;
        }
        let journal = world.journal_since(index, began);
        examine(action, &world.unit_state(index), &journal).map(|result| (result, true))
    }
}

/// Whether a hold is told anew. It is compared with the phase and not with the newest reason: a
/// verdict may carry the same reason, and then the hold's deadline would never begin.
fn is_news(phase: Phase, reason: Reason) -> bool {
    match phase {
        Phase::Holding { reason: before, .. } => before != reason,
        Phase::Paged | Phase::Acknowledged => false,
        _ => true,
    }
}
