//! What must hold whatever happens, checked against the world's own clock and
//! not against what the core remembers.

use super::engine::Engine;
use super::world::{ALERTS, EVALUATION_MS, World, index_of};
use homeostat_policy::alert::{Fingerprint, Source};
use homeostat_policy::event::IncidentId;
use homeostat_policy::history::History;
use homeostat_policy::incident::{Action, Evidence, Incident, Phase};
use homeostat_policy::observation::Fact;
use homeostat_policy::reason::Reason;
use homeostat_policy::rules::{Permit, Rules};
use homeostat_policy::unit::ActiveState;
use std::collections::BTreeMap;
use std::time::Duration;

/// The simulator's step: nothing is seen sooner.
pub const TICK_MS: u64 = 5_000;

struct Begun {
    real: u64,
    incident: IncidentId,
    unit: usize,
}

#[derive(Default)]
pub struct Law {
    begun: Vec<Begun>,
    ended: BTreeMap<IncidentId, u64>,
    holds: BTreeMap<IncidentId, (bool, u64)>,
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).expect("a short time")
}

fn passes_by_itself(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::AutoRestart
            | Reason::Changing
            | Reason::JobQueued
            | Reason::BusLost
            | Reason::SwitchRunning
            | Reason::SwitchUnknown
            | Reason::StartLimit
            | Reason::NoRungFits
    )
}

impl Law {
    pub fn actions(&self) -> usize {
        self.begun.len()
    }

    pub fn intent_at(&self, id: IncidentId) -> u64 {
        let newest = self.begun.iter().rev().find(|b| b.incident == id);
        newest.map(|b| b.real).expect("an intent was recorded")
    }

    pub fn job_ended(&mut self, world: &World, id: IncidentId) {
        self.ended.insert(id, world.real);
    }

    pub fn may_act(
        &mut self,
        world: &World,
        incident: &Incident,
        history: &History,
        rules: &Rules,
        permit: &Permit,
        rule: &str,
    ) {
        let rule = rules.rule(rule).expect("an action names its rule");
        let unit = index_of(permit.unit().as_str());
        assert!(history.paused().is_none(), "acted while paused");
        assert_eq!(world.switching, Fact::Known(false), "acted during a switch");
        assert_eq!(incident.paged, None, "acted after a page");
        assert!(!incident.live().is_empty(), "acted on nothing");
        assert_eq!(incident.unit.as_ref(), Some(permit.unit()));
        assert!(rule.ladder.contains(&permit.verb()) && rule.unit == *permit.unit());
        assert!(permit.verb().fits(world.units[unit].active));
        assert!(world.units[unit].job.is_none(), "a job is in flight");
        let within = |window: u64, of: &dyn Fn(&Begun) -> bool| {
            let recent = |b: &&Begun| world.real - b.real < window && of(b);
            u32::try_from(self.begun.iter().filter(recent).count()).expect("few actions")
        };
        let attempts = within(ms(rule.attempts_window), &|b| b.unit == unit);
        assert!(attempts < rule.attempts, "{attempts} attempts before");
        let budget = rules.budget();
        let spent = within(budget.window_seconds * 1000, &|_| true);
        assert!(spent < budget.actions, "{spent} actions before");
        let for_others = within(ms(rule.cooldown), &|b| {
            b.unit == unit && b.incident != incident.id
        });
        assert_eq!(for_others, 0, "no cool-down between incidents");
        // An action ends the hold before it; what follows it has a deadline of its own.
        self.holds.remove(&incident.id);
        self.begun.push(Begun {
            real: world.real,
            incident: incident.id,
            unit,
        });
    }

    pub fn may_be_fixed(&self, world: &World, incident: &Incident, action: &Action, rules: &Rules) {
        let rule = rules.rule(&action.rule).expect("an action names its rule");
        let unit = incident.unit.as_ref().expect("an incident with a unit");
        let unit = &world.units[index_of(unit.as_str())];
        let since = unit
            .active_since
            .expect("fixed, but the unit is not active");
        assert!(world.real - since >= ms(rule.settle), "not settled");
        let ended = self.ended[&incident.id];
        for evidence in incident.evidence.values() {
            let at_stake = evidence.source == Source::Alertmanager && evidence.cleared.is_none();
            if at_stake {
                let window = ms(rules.rule(&evidence.rule).expect("a rule").window);
                assert!(world.real - ended >= window, "the window holds the fault");
                assert!(world.evaluated.0 + EVALUATION_MS >= ended + window);
            }
        }
        self.may_close(world, incident);
    }

    /// A remedy that did not help is never passed over in silence.
    pub fn may_end(&self, world: &World, incident: &Incident) {
        self.may_close(world, incident);
        let unit = incident.unit.as_ref().expect("an incident with a unit");
        let is_told = incident.actions.is_empty() || incident.phase == Phase::Acknowledged;
        assert!(
            is_told || Self::is_well(world, index_of(unit.as_str())),
            "a unit that we acted on is down and nobody is told"
        );
        let verdict = incident.last_action().and_then(|a| a.verdict);
        let lacks_data = verdict.is_some_and(|(_, reason)| reason == Reason::NoData);
        let watched = |e: &Evidence| e.source == Source::Alertmanager;
        assert!(
            is_told
                || !lacks_data
                || !incident.evidence.values().any(watched)
                || incident.paged.is_some()
                || world.prometheus,
            "ended for want of data"
        );
    }

    pub fn may_close(&self, world: &World, incident: &Incident) {
        for (index, firing) in world.alerts.iter().enumerate() {
            let fingerprint = Fingerprint::of_labels(&World::labels(index));
            let joined = incident.evidence.get(&fingerprint);
            assert!(
                joined.is_none_or(|e| e.source == Source::Posted) || !firing.in_alertmanager,
                "closed while {} fires",
                ALERTS[index]
            );
        }
    }

    /// After every tick: each incident has an action, a page or a named hold within its deadline.
    pub fn nothing_waits_for_ever(&mut self, world: &World, engine: &Engine, rules: &Rules) {
        for incident in engine.incidents.values() {
            let id = incident.id;
            let hold = match incident.phase {
                Phase::Holding { reason, .. } => {
                    assert_eq!(reason == Reason::Paused, engine.history.paused().is_some());
                    Some(reason)
                }
                Phase::Deciding => panic!("incident {id} waits without a reason"),
                Phase::Verifying => {
                    let longest = rules.all().iter().map(|r| r.window.max(r.settle) + r.grace);
                    let longest = longest.max().expect("there are rules");
                    let waited = world.real - self.ended[&id].max(world.boot_began);
                    assert!(waited <= ms(longest) + TICK_MS, "verifies for {waited} ms");
                    None
                }
                _ => None,
            };
            let limit = match hold {
                Some(reason) if passes_by_itself(reason) => Some((true, rules.hold_timeout())),
                Some(Reason::Cooldown) => rules
                    .all()
                    .iter()
                    .map(|r| r.cooldown)
                    .max()
                    .map(|c| (false, c)),
                _ => None,
            };
            let Some((kind, limit)) = limit else {
                self.holds.remove(&id);
                continue;
            };
            let entry = self.holds.entry(id).or_insert((kind, world.real));
            if entry.0 != kind {
                *entry = (kind, world.real);
            }
            let waited = world.real - entry.1.max(world.boot_began);
            assert!(
                waited <= ms(limit) + TICK_MS,
                "holds for {waited} ms: {hold:?}"
            );
        }
    }

    /// After every tick: a notice that was accepted is followed while the alert fires.
    pub fn nothing_is_lost(world: &World, engine: &Engine) {
        for (index, firing) in world.alerts.iter().enumerate() {
            let fingerprint = Fingerprint::of_labels(&World::labels(index));
            let followed = engine.incidents.values().any(|i| {
                let evidence = i.evidence.get(&fingerprint);
                !i.is_closed() && evidence.is_some_and(|e| e.cleared.is_none())
            });
            assert!(
                followed || !firing.in_alertmanager,
                "{} fires and no incident follows it",
                ALERTS[index]
            );
        }
    }

    pub fn is_well(world: &World, unit: usize) -> bool {
        world.units[unit].active == ActiveState::Active
    }
}
