//! Nothing waits for ever, and nobody waits in vain: checked after every tick.

use super::{Law, TICK_MS, joined, ms};
use crate::simulator::engine::Engine;
use crate::simulator::world::{ALERTS, REPEAT_MS, World, index_of, unit_of};
use homeostat_policy::log::{IncidentId, Phase, Source};
use homeostat_policy::rules::Rules;
use homeostat_policy::words::Reason;
use std::collections::BTreeSet;

/// The longest delay of [`crate::simulator::ops::Op::Delay`].
const LONGEST_LOOK_MS: u64 = 20_000;
/// The longest that a verdict of these rules takes, with a call that did not arrive before it.
const LONGEST_MS: u64 = 300_000;

impl Law {
    /// After every tick: each incident goes on, within its deadlines.
    pub fn nothing_waits_for_ever(&mut self, world: &World, engine: &Engine, rules: &Rules) {
        let slack = TICK_MS + engine.longest_delay;
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
                self.unfollowed.remove(&index);
                continue;
            }
            let followed = engine.state.open().any(|i| {
                joined(i)
                    .iter()
                    .any(|(alert, _, _, live)| *live && *alert == Some(index))
            });
            // A notice that came while a look was under way that had found the alert gone is repeated.
            let can_repeat = world.alertmanager && firing.in_alertmanager && firing.was_sent;
            if followed || !can_repeat || self.taken_over.contains(&index) {
                self.unfollowed.remove(&index);
                continue;
            }
            let since = *self.unfollowed.entry(index).or_insert(world.real);
            assert!(
                world.real - since <= REPEAT_MS + 2 * (TICK_MS + LONGEST_LOOK_MS),
                "{} fires and no incident follows it",
                ALERTS[index]
            );
        }
    }

    /// After every tick: an incident ends when all of its alerts are over, everybody says so, and its
    /// unit is well.
    pub fn nothing_stays_when_all_is_well(&mut self, world: &World, engine: &Engine) {
        for incident in engine.state.open() {
            let alerts: Vec<Option<usize>> = joined(incident).iter().map(|j| j.0).collect();
            let is_over = |alert: &Option<usize>| {
                alert.is_some_and(|a| {
                    let alert = &world.alerts[a];
                    !alert.in_prometheus && !alert.in_alertmanager && alert.has_data
                })
            };
            let unit = incident.unit.as_ref().map(|u| index_of(u.as_str()));
            let is_unit_well =
                unit.is_some_and(|u| world.is_well(u) && world.units[u].job.is_none());
            let is_well = alerts.iter().all(is_over)
                && is_unit_well
                && world.is_alertmanager_old()
                && world.prometheus
                && world.bus
                && !self.unreadable.contains_key(&incident.id);
            if !is_well {
                self.all_well.remove(&incident.id);
                continue;
            }
            let since = *self.all_well.entry(incident.id).or_insert(world.real);
            assert!(
                world.real - since <= LONGEST_MS,
                "incident {} stays though all is well: {:?}",
                incident.id,
                incident.phase
            );
        }
    }

    /// A page stands until its incident closes, an answer does not cover what is worse and does not
    /// last for ever, and what cannot be read is told.
    pub fn somebody_is_told(&mut self, world: &World, engine: &Engine, rules: &Rules) {
        let state = &engine.state;
        let slack = 2 * (TICK_MS + LONGEST_LOOK_MS) + TICK_MS;
        let pages: BTreeSet<IncidentId> = state.pages().map(|i| i.id).collect();
        for incident in state.open() {
            let id = incident.id;
            let is_told = pages.contains(&id);
            assert_eq!(is_told, incident.paged.is_some());
            let Some(known) = self.known.get_mut(&id).filter(|_| is_told) else {
                continue;
            };
            let expires = ms(rules.acknowledgement());
            assert!(
                known
                    .answered
                    .is_none_or(|at| { world.real - at.max(world.boot_began) <= expires + slack }),
                "an answer stands for ever"
            );
            let unit = incident.unit.as_ref().map(|u| index_of(u.as_str()));
            let is_new = |i: &usize| {
                unit == Some(unit_of(*i))
                    && world.alerts[*i].in_alertmanager
                    && !known.names.contains(ALERTS[*i])
            };
            let has_left = unit.is_some_and(|u| {
                world.bus
                    && known.was_active
                    && world.is_off(u)
                    && !world.is_well(u)
                    && !world.units[u].is_unwanted
            });
            if has_left || (world.alertmanager && (0..ALERTS.len()).any(|i| is_new(&i))) {
                let since = *known.worse_since.get_or_insert(world.real);
                assert!(
                    world.real - since.max(world.boot_began) <= slack,
                    "what is worse since the answer is not told"
                );
            } else {
                known.worse_since = None;
            }
        }
        for (id, since) in &mut self.unreadable {
            let incident = state.incident(*id).expect("what cannot be read is dropped");
            if matches!(incident.phase, Phase::Acting | Phase::Verifying) {
                *since = world.real;
            }
            let is_told = incident.phase.is_with_a_person();
            assert!(
                is_told || world.real - (*since).max(world.boot_began) <= slack,
                "what cannot be read is not told"
            );
        }
    }
}
