//! The machine against the faults of 0.1.0 that a table can show: each is the input that went wrong.

mod evidence;
mod people;
mod stops;
mod systemd;

use crate::fixture::{ALERT, active, at, gone, one, seen, unit};
use homeostat_policy::alert::{Alert, Fingerprint};
use homeostat_policy::log::{Entry, Event};
use homeostat_policy::machine::{Answer, Effect, Input, State, Step, step};
use homeostat_policy::observation::Observation;
use homeostat_policy::rules::Rules;
use homeostat_policy::unit::{ActiveState, UnitState};
use homeostat_policy::words::{Reason, Verb};

/// A machine that is fed by hand.
pub(crate) struct Fed {
    pub(crate) state: State,
    pub(crate) rules: Rules,
    pub(crate) log: Vec<Entry>,
}

impl Fed {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            state: State::default(),
            rules,
            log: Vec::new(),
        }
    }

    /// Feeds it and does not replay the log, of which there may be much.
    pub(crate) fn feed_unchecked(&mut self, seconds: u64, input: Input) -> Step {
        let step = step(&self.state, input, &self.rules, &at(seconds).into());
        step.events.iter().for_each(|entry| self.state.apply(entry));
        self.log.extend(step.events.clone());
        step
    }

    pub(crate) fn feed(&mut self, seconds: u64, input: Input) -> Step {
        let step = self.feed_unchecked(seconds, input);
        assert_eq!(State::replay(&self.log), self.state, "replay equals live");
        step
    }

    pub(crate) fn alert(&mut self, seconds: u64, status: &str, starts: &str) -> Answer {
        let json = format!(
            r#"{{"status":"{status}","labels":{{"alertname":"{ALERT}"}},"startsAt":"{starts}","fingerprint":"0000000000000001"}}"#
        );
        let alert = Alert::parse(&json, &at(seconds)).expect("a well-formed notice");
        let step = self.feed(seconds, Input::Alert(Box::new(alert)));
        let answer = step.effects.iter().find_map(|effect| match effect {
            Effect::Answer(answer) => Some(*answer),
            _ => None,
        });
        answer.expect("a sender is answered")
    }

    /// Looks at the newest open incident, and gives where it stands then.
    pub(crate) fn look(&mut self, seconds: u64, observation: Observation) -> String {
        let stands = self.look_unchecked(seconds, observation);
        assert_eq!(State::replay(&self.log), self.state, "replay equals live");
        stands
    }

    pub(crate) fn look_unchecked(&mut self, seconds: u64, observation: Observation) -> String {
        let incident = self.state.open().next_back().expect("an open incident");
        let (id, turn, events) = (incident.id, incident.turn, incident.events);
        let looked = Input::Looked {
            incident: id,
            turn,
            events,
            observation: Box::new(observation),
        };
        self.feed_unchecked(seconds, looked);
        let reason = |e: &Entry| match &e.event {
            Event::Decided { reason, .. } => Some(*reason),
            _ => None,
        };
        let reason = self.log.iter().rev().find_map(reason);
        let phase = self
            .state
            .incident(id)
            .map_or("closed", |i| i.phase.label());
        format!("{phase} {}", reason.map_or("", Reason::label))
    }
}

pub(crate) const T: &str = "2026-01-01T00:00:00Z";
pub(crate) const LATER: &str = "2026-01-01T00:05:00Z";

pub(crate) fn with_alert(
    state: homeostat_policy::observation::AlertState,
    unit: UnitState,
) -> Observation {
    Observation {
        alerts: [(Fingerprint(1), state)].into(),
        ..seen(unit)
    }
}

pub(crate) fn all_say_no() -> Observation {
    with_alert(gone(at(9)), active())
}

pub(crate) fn restart() -> Rules {
    one(&[Verb::Restart])
}

pub(crate) fn off(active: ActiveState, change: impl FnOnce(&mut Observation)) -> Observation {
    let mut observation = seen(unit(active));
    change(&mut observation);
    observation
}

pub(crate) fn every_verb() -> Rules {
    one(&[Verb::Restart, Verb::Start, Verb::Rescue])
}
