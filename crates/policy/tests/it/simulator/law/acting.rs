//! Nothing is done that must not be done.

use super::{Law, Made, joined, ms};
use crate::simulator::world::{BOUND, ONCE, UNITS, World, index_of};
use homeostat_policy::alert::Fingerprint;
use homeostat_policy::log::{Event, Incident};
use homeostat_policy::machine::{Call, CallEnd, State, Step};
use homeostat_policy::observation::Fact;
use homeostat_policy::rules::Rules;
use homeostat_policy::words::{JobResult, Reason};

impl Law {
    pub(super) fn may_intend(
        &self,
        incident: &Incident,
        step: &Step,
        state: &State,
        rules: &Rules,
    ) {
        assert!(state.history().paused().is_none(), "decided while paused");
        assert_eq!(incident.paged, None, "decided after a page");
        assert!(!incident.live().is_empty(), "decided on nothing");
        assert!(incident.in_flight().is_none() && incident.watched().is_none());
        assert!(
            !self.unreadable.contains_key(&incident.id),
            "what cannot be read was acted on"
        );
        let truth = &self.truth[&incident.id];
        assert!(!truth.is_risky, "acted on a unit that takes the host down");
        let is_first = !self.intents.keys().any(|(id, _)| *id == incident.id);
        let least = rules.all().iter().map(|r| ms(r.settle + r.grace)).min();
        let is_cleared = |f: &Fingerprint| {
            let cleared =
                |event: &Event| matches!(event, Event::Cleared { fingerprint } if fingerprint == f);
            step.events.iter().any(|entry| cleared(&entry.event))
        };
        let live = incident.live().into_iter().filter(|(f, _)| !is_cleared(f));
        let oldest = live.map(|(f, _)| self.joined[&(incident.id, f)]).min();
        let somebodys = truth
            .somebodys_run
            .filter(|began| oldest.is_some_and(|joined| *began > joined + 1_000));
        assert!(
            somebodys.is_none_or(|began| !is_first || Some(truth.real - began) >= least),
            "somebody's remedy got no time"
        );
        let is_new = joined(incident)
            .iter()
            .any(|(_, _, is_anew, live)| *live && !is_anew);
        let is_shown = joined(incident).iter().any(|(alert, _, _, live)| {
            *live
                && alert.is_some_and(|a| {
                    truth.in_alertmanager.contains(&a) || truth.firing.contains(&a)
                })
        });
        assert!(
            is_new || is_shown || truth.has_failed,
            "an old episode that nobody shows was acted on"
        );
        assert!(
            truth.is_wanted,
            "somebody stopped the unit before it was looked at"
        );
        assert!(
            rules
                .all()
                .iter()
                .any(|r| Some(&r.unit) == incident.unit.as_ref())
        );
    }

    /// Just before the call, with fresh eyes. Whether it has an effect is the last look's to say.
    pub fn may_call(&self, world: &World, state: &State, call: &Call) {
        let incident = state.incident(call.incident).expect("it is open");
        let action = incident.in_flight().expect("its intent is written");
        assert_eq!(
            (action.number, &action.unit),
            (call.action, call.permit.unit())
        );
        assert_eq!(
            action.intent.boot_id, world.boot_id,
            "an intent of another boot"
        );
    }

    /// After the call: if it had an effect, it was right.
    pub fn called(&mut self, world: &World, call: &Call, has_effect: bool, end: Option<&CallEnd>) {
        if !has_effect {
            assert!(end.is_some_and(|end| !end.result.made_a_job()));
            return;
        }
        let unit = index_of(call.permit.unit().as_str());
        let before = world.units[unit].recent_starts(world.real);
        assert!(
            unit != BOUND || end.is_some() || call.resets_failed() || before == 0,
            "our start hits the unit's start limit"
        );
        let is_known = self.truth[&call.incident].can_be_told;
        assert!(
            !is_known || !world.units[unit].is_unwanted,
            "a stop was turned round"
        );
        assert!(!world.units[unit].frozen, "a frozen unit was touched");
        assert!(!world.paused, "acted while paused");
        assert_eq!(world.switching, Fact::Known(false), "acted during a switch");
        if end.is_none() {
            self.actions += 1;
        }
        self.made.push(Made {
            real: world.real,
            incident: call.incident,
            action: call.action,
            unit,
            is_job: end.is_none(),
        });
    }

    /// After every step: what was made is within the limits.
    pub fn within_limits(&self, rules: &Rules) {
        let Some(last) = self.made.last() else { return };
        let unit = |made: &Made| UNITS[made.unit];
        let of_unit: Vec<_> = rules
            .all()
            .iter()
            .filter(|r| r.unit.as_str() == unit(last))
            .collect();
        let within = |window: u64, of: &dyn Fn(&Made) -> bool| {
            let recent = |m: &&Made| last.real - m.real < window && of(m);
            u32::try_from(self.made.iter().filter(recent).count()).expect("few")
        };
        let attempts = of_unit.iter().map(|r| r.attempts).max().expect("a rule");
        let window = of_unit
            .iter()
            .map(|r| ms(r.attempts_window))
            .min()
            .expect("a rule");
        let made = within(window, &|m| m.unit == last.unit);
        assert!(made <= attempts, "{made} attempts");
        let budget = rules.budget();
        let spent = within(budget.window_seconds * 1000, &|_| true);
        assert!(spent <= budget.actions, "{spent} actions");
        let cooldown = of_unit
            .iter()
            .map(|r| ms(r.cooldown))
            .min()
            .expect("a rule");
        let others = within(cooldown, &|m| {
            m.unit == last.unit && m.incident != last.incident
        });
        assert_eq!(others, 0, "no cool-down between incidents");
    }

    pub(super) fn may_judge(&self, incident: &Incident, reason: Reason) {
        let action = incident.watched().expect("it is watched");
        let truth = &self.truth[&incident.id];
        let intended = self.intents[&(incident.id, action.number)];
        let has_run = truth.is_well && truth.changed > intended;
        assert!(
            reason != Reason::UnitNotActive || !has_run || action.unit.as_str() != UNITS[ONCE],
            "a oneshot that ended well was judged as not active"
        );
    }

    /// What is said of the end of an action's job is true.
    pub(super) fn may_end(
        &self,
        world: &World,
        incident: &Incident,
        number: u32,
        result: JobResult,
    ) {
        let action = incident.in_flight().expect("it is in flight");
        let unit = index_of(action.unit.as_str());
        let intended = self.intents[&(incident.id, number)];
        let boot = action.intent.boot_id;
        if result == JobResult::Done && boot != world.boot_id && !world.has_stepped_back {
            let of =
                |(b, u, real): &(u128, usize, u64)| *b == boot && *u == unit && *real >= intended;
            assert!(
                world.started.iter().any(of),
                "a start of another boot counts as ours"
            );
        }
        let was_made = |m: &Made| m.incident == incident.id && m.action == number && m.is_job;
        assert!(
            result.made_a_job()
                || result == JobResult::Superseded
                || !self.made.iter().any(was_made),
            "a call that was made counts as none: {result:?}"
        );
    }
}
