//! What must hold whatever happens, checked against the world's own eyes and not against what the
//! machine remembers.

mod acting;
mod ending;
mod waiting;

use super::world::{ALERTS, BOUND, START_INTERVAL_MS, World, index_of, unit_of};
use homeostat_policy::alert::{AlertStatus, Fingerprint};
use homeostat_policy::log::{Event, Incident, IncidentId, Source};
use homeostat_policy::machine::{Effect, Look, State, Step};
use homeostat_policy::rules::Rules;
use homeostat_policy::unit::ActiveState;
use homeostat_policy::words::DecisionKind;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The simulator's step: nothing is seen sooner.
pub const TICK_MS: u64 = 5_000;

struct Made {
    real: u64,
    incident: IncidentId,
    action: u32,
    unit: usize,
    /// Whether it made a job.
    is_job: bool,
}

/// What the person who was called knows, and since when that is too little.
#[derive(Default)]
struct Known {
    names: BTreeSet<String>,
    was_active: bool,
    answered: Option<u64>,
    worse_since: Option<u64>,
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
    real: u64,
    /// Whether somebody stopped the unit.
    is_stopped: bool,
    is_off: bool,
    is_well: bool,
    is_risky: bool,
    changed: u64,
    /// Since when a run lasts that is not ours.
    somebodys_run: Option<u64>,
    /// Whether the unit's start limit is near.
    is_limit_near: bool,
    in_alertmanager_names: BTreeSet<&'static str>,
}

#[derive(Default)]
pub struct Law {
    made: Vec<Made>,
    ended: BTreeMap<IncidentId, u64>,
    holds: BTreeMap<IncidentId, (bool, u64)>,
    truth: BTreeMap<IncidentId, Truth>,
    /// Alerts that a person answered for, by incident, with those that stood then.
    taken_over: BTreeSet<usize>,
    pub actions: usize,
    /// When each post by hand came, and whether its sender has said that it is over.
    posts: BTreeMap<Fingerprint, (u64, bool)>,
    /// Incidents with an event that cannot be read, and since when nobody has been told.
    unreadable: BTreeMap<IncidentId, u64>,
    known: BTreeMap<IncidentId, Known>,
    intents: BTreeMap<(IncidentId, u32), u64>,
    joined: BTreeMap<(IncidentId, Fingerprint), u64>,
    all_well: BTreeMap<IncidentId, u64>,
    unfollowed: BTreeMap<usize, u64>,
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
            real: world.real,
            is_stopped: unit.is_some_and(|u| world.units[u].is_unwanted),
            is_off: unit.is_none_or(|u| !world.bus || world.is_off(u)),
            is_well: unit.is_some_and(|u| world.is_well(u)),
            is_risky: unit.is_some_and(|u| world.units[u].is_risky),
            changed: unit.map_or(0, |u| world.units[u].changed),
            somebodys_run: unit
                .filter(|u| !world.units[*u].started_by_us)
                .and_then(|u| world.units[u].active_since),
            is_limit_near: unit.is_some_and(|u| {
                u != BOUND
                    || world.units[u].recent_starts(world.real) > 0
                    || world.is_off(u) && world.real - world.units[u].changed < START_INTERVAL_MS
            }),
            in_alertmanager_names: (0..ALERTS.len())
                .filter(|i| world.alertmanager && world.alerts[*i].in_alertmanager)
                .filter(|i| unit == Some(unit_of(*i)))
                .map(|i| ALERTS[i])
                .collect(),
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
                Event::Alert { alert, .. } => {
                    let is_firing = alert.status == AlertStatus::Firing;
                    if is_firing {
                        let key = (entry.incident, alert.fingerprint);
                        self.joined.insert(key, world.real);
                    }
                }
                Event::Decided {
                    decision, reason, ..
                } => {
                    let incident = incident.expect("what is decided about is open");
                    self.may_decide(world, incident, *decision, *reason);
                }
                Event::Acknowledged { .. } => {
                    self.known.entry(entry.incident).or_default().answered = Some(world.real);
                }
                Event::Cleared { fingerprint } => {
                    if let Some(incident) = incident {
                        self.may_clear(world, incident, *fingerprint);
                    }
                }
                Event::Verdict { reason, .. } => {
                    let incident = incident.expect("a verdict belongs to an open incident");
                    self.may_judge(incident, *reason);
                }
                Event::Intent { action, .. } => {
                    let incident = incident.expect("an intent belongs to an open incident");
                    self.may_intend(incident, step, state, rules);
                    self.intents.insert((incident.id, *action), world.real);
                    self.holds.remove(&incident.id);
                }
                Event::Closed { end, .. } => {
                    let incident = incident.expect("what closes is open");
                    self.may_close(incident, step, *end);
                    self.holds.remove(&incident.id);
                }
                Event::JobEnded { action, result, .. } => {
                    self.ended.insert(entry.incident, world.real);
                    let incident = incident.expect("a job belongs to an open incident");
                    self.may_end(world, incident, *action, *result);
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

    /// Takes note of a post by hand.
    pub fn posted(&mut self, world: &World, alert: usize, fires: bool) {
        let fingerprint = Fingerprint::of_labels(&World::labels(alert, true));
        if fires {
            self.posts.insert(fingerprint, (world.real, false));
        } else if let Some(post) = self.posts.get_mut(&fingerprint) {
            post.1 = true;
        }
    }

    /// A person's closing ends when it is told that the alert is over, or when it begins anew.
    pub fn is_over(&mut self, alert: usize) {
        self.taken_over.remove(&alert);
    }

    /// Takes note of an incident that cannot be read any more.
    pub fn unreadable(&mut self, world: &World, id: IncidentId) {
        self.unreadable.insert(id, world.real);
    }

    /// A decision of a kind and reason in a log line.
    pub fn decided(kind: DecisionKind) -> String {
        format!("\"decision\":\"{}\"", kind.label())
    }
}
