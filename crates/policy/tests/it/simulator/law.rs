//! What must hold whatever happens, checked against the world's own eyes and not against what the
//! machine remembers.

use super::engine::Engine;
use super::world::{ALERTS, STRANGER, World, index_of};
use homeostat_policy::log::{Event, Incident, IncidentId, Phase, Source};
use homeostat_policy::machine::{Call, CallEnd, Effect, Look, State, Step};
use homeostat_policy::observation::Fact;
use homeostat_policy::rules::Rules;
use homeostat_policy::unit::ActiveState;
use homeostat_policy::words::{DecisionKind, End, Reason};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The simulator's step: nothing is seen sooner.
pub const TICK_MS: u64 = 5_000;

struct Made {
    real: u64,
    incident: IncidentId,
    action: u32,
    unit: usize,
}

/// What was true when an incident was last looked at.
#[derive(Clone)]
struct Truth {
    firing: BTreeSet<usize>,
    in_alertmanager: BTreeSet<usize>,
    witnesses: bool,
    prometheus: bool,
    has_failed: bool,
    is_wanted: bool,
    can_be_told: bool,
}

#[derive(Default)]
pub struct Law {
    made: Vec<Made>,
    ended: BTreeMap<IncidentId, u64>,
    holds: BTreeMap<IncidentId, (bool, u64)>,
    truth: BTreeMap<IncidentId, Truth>,
    /// Alerts that a person answered for, by incident, with those that stood then.
    pub taken_over: BTreeSet<usize>,
    pub actions: usize,
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).expect("a short time")
}

fn joined(incident: &Incident) -> Vec<(Option<usize>, Source, bool, bool)> {
    incident
        .evidence
        .iter()
        .map(|(f, e)| {
            (
                World::alert_of(*f),
                e.source,
                e.is_anew,
                e.cleared.is_none(),
            )
        })
        .collect()
}

impl Law {
    /// Takes note of what is true while the incident is looked at.
    pub fn asked(&mut self, world: &World, look: &Look) {
        let that = |is: &dyn Fn(&super::world::Firing) -> bool| {
            (0..ALERTS.len())
                .filter(|i| is(&world.alerts[*i]))
                .collect()
        };
        let unit = look.unit.as_ref().map(|unit| index_of(unit.as_str()));
        let truth = Truth {
            firing: that(&|a| a.in_prometheus),
            in_alertmanager: that(&|a| a.in_alertmanager),
            witnesses: world.is_alertmanager_old(),
            prometheus: world.prometheus,
            has_failed: unit.is_some_and(|u| world.units[u].active == ActiveState::Failed),
            can_be_told: world.journal,
            // Without the journal nobody can tell, and a failed unit is acted on.
            is_wanted: !world.journal || unit.is_none_or(|u| !world.units[u].is_unwanted),
        };
        self.truth.insert(look.incident, truth);
    }

    /// Before the events of a step count.
    pub fn before(&mut self, world: &World, state: &State, step: &Step, rules: &Rules) {
        for entry in &step.events {
            let incident = state.incident(entry.incident);
            match &entry.event {
                Event::Intent { .. } => {
                    let incident = incident.expect("an intent belongs to an open incident");
                    self.may_intend(incident, state, rules);
                    self.holds.remove(&incident.id);
                }
                Event::Closed { end, .. } => {
                    let incident = incident.expect("what closes is open");
                    self.may_close(incident, step, *end);
                    self.holds.remove(&incident.id);
                }
                Event::JobEnded { action, result, .. } => {
                    self.ended.insert(entry.incident, world.real);
                    if !result.made_a_job() {
                        let of = |m: &Made| m.incident == entry.incident && m.action == *action;
                        self.made.retain(|made| !of(made));
                    }
                }
                _ => {}
            }
        }
        let calls = step
            .effects
            .iter()
            .filter(|e| matches!(e, Effect::Call(_)))
            .count();
        let intents = step
            .events
            .iter()
            .filter(|e| matches!(e.event, Event::Intent { .. }));
        assert_eq!(calls, intents.count(), "a call without its intent");
    }

    fn may_intend(&self, incident: &Incident, state: &State, rules: &Rules) {
        assert!(state.history().paused().is_none(), "decided while paused");
        assert_eq!(incident.paged, None, "decided after a page");
        assert!(!incident.live().is_empty(), "decided on nothing");
        assert!(incident.in_flight().is_none() && incident.watched().is_none());
        assert!(!incident.is_unreadable, "decided on what cannot be read");
        let truth = &self.truth[&incident.id];
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
        });
    }

    /// After every step: what was made is within the limits.
    pub fn within_limits(&self, rules: &Rules) {
        let Some(last) = self.made.last() else { return };
        let unit = |made: &Made| super::world::UNITS[made.unit];
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

    fn may_close(&mut self, incident: &Incident, step: &Step, end: End) {
        if end == End::TakenOver {
            let live = joined(incident).into_iter().filter(|j| j.3);
            self.taken_over.extend(live.filter_map(|j| j.0));
            return;
        }
        let truth = &self.truth[&incident.id];
        for (alert, source, _, was_live) in joined(incident) {
            let Some(alert) = alert.filter(|_| was_live && source != Source::Posted) else {
                continue;
            };
            assert!(truth.witnesses, "ended while Alertmanager had not answered");
            assert!(
                !truth.in_alertmanager.contains(&alert),
                "ended while Alertmanager shows {}",
                ALERTS[alert]
            );
            if alert != STRANGER {
                assert!(truth.prometheus, "ended while Prometheus was silent");
                assert!(
                    !truth.firing.contains(&alert),
                    "ended while {} fires",
                    ALERTS[alert]
                );
            }
        }
        let helped = incident
            .actions
            .iter()
            .filter(|a| a.used_its_rung())
            .all(|action| {
                action
                    .verdict
                    .is_some_and(|v| v.0 == homeostat_policy::words::Verdict::Fixed)
            });
        let has_failed = truth.has_failed && !matches!(incident.phase, Phase::Acknowledged { .. });
        assert!(
            helped || !has_failed || step.events.len() > 1 && end == End::Fixed,
            "a unit that we acted on has failed and nobody is told"
        );
        assert!(!incident.is_unreadable, "what cannot be read ended");
    }

    /// After every tick: each incident goes on, within its deadlines.
    pub fn nothing_waits_for_ever(&mut self, world: &World, engine: &Engine, rules: &Rules) {
        let slack = TICK_MS + engine.delay;
        for incident in engine.state.open() {
            let id = incident.id;
            assert!(
                engine.has_next(id),
                "nothing goes on with incident {id}: {:?}",
                incident.phase
            );
            let others_hear = joined(incident)
                .iter()
                .any(|(_, source, _, live)| *live && *source == Source::Alertmanager);
            let hold = match incident.phase {
                Phase::Holding { reason, .. } => Some(reason),
                Phase::Verifying => {
                    let longest = rules.all().iter().map(|r| r.window.max(r.settle) + r.grace);
                    let longest = longest.max().expect("there are rules") + rules.resolve_timeout();
                    let waited = world.real - self.ended[&id].max(world.boot_began);
                    assert!(
                        waited <= ms(longest) + 2 * slack,
                        "verifies for {waited} ms"
                    );
                    None
                }
                _ => None,
            };
            let bounded = match hold {
                Some(Reason::Paused | Reason::Cooldown | Reason::StopQueued) => !others_hear,
                Some(Reason::StoppedOnPurpose | Reason::GoodEnd | Reason::DryRun) => !others_hear,
                Some(_) => true,
                None => false,
            };
            if !bounded {
                self.holds.remove(&id);
                continue;
            }
            let passes = hold.is_some_and(Reason::passes_by_itself);
            let entry = self.holds.entry(id).or_insert((passes, world.real));
            if entry.0 != passes {
                *entry = (passes, world.real);
            }
            let waited = world.real - entry.1.max(world.boot_began);
            assert!(
                waited <= ms(rules.hold_timeout()) + 2 * slack,
                "holds for {waited} ms: {hold:?}"
            );
        }
    }

    /// After every tick: a notice that was accepted is followed while the alert fires, or a person
    /// took it over.
    pub fn nothing_is_lost(&mut self, world: &World, engine: &Engine) {
        for (index, firing) in world.alerts.iter().enumerate() {
            if !firing.in_prometheus {
                self.taken_over.remove(&index);
                continue;
            }
            let followed = engine.state.open().any(|i| {
                joined(i)
                    .iter()
                    .any(|(alert, _, _, live)| *live && *alert == Some(index))
            });
            assert!(
                followed || !firing.was_sent || self.taken_over.contains(&index),
                "{} fires and no incident follows it",
                ALERTS[index]
            );
        }
    }

    /// A page stands until its incident closes or a person answers, and an answer does not cover what
    /// is worse.
    pub fn somebody_is_told(state: &State) {
        let pages: BTreeSet<IncidentId> = state.pages().map(|i| i.id).collect();
        for incident in state.open() {
            assert_eq!(pages.contains(&incident.id), incident.paged.is_some());
        }
    }

    /// A decision of a kind and reason in a log line.
    pub fn decided(kind: DecisionKind) -> String {
        format!("\"decision\":\"{}\"", kind.label())
    }

    pub fn is_well(world: &World, unit: usize) -> bool {
        world.units[unit].active == ActiveState::Active
    }
}
