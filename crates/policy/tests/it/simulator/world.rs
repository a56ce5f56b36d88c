//! The host that the machine decides about: a virtual clock, units with jobs and PID 1's records of
//! them, the alerts as Prometheus and Alertmanager hold them, and people.

use crate::fixture::unit as unit_in;
use homeostat_policy::alert::{Alert, Fingerprint};
use homeostat_policy::log::{Moment, rfc3339};
use homeostat_policy::machine::{Call, CallEnd, LastLook, Look, RecordsWanted};
use homeostat_policy::observation::{
    AlertState, Fact, HeldAlert, Observation, Recorded, UnitRecord,
};
use homeostat_policy::unit::{ActiveState, BoundTo, UnitState};
use homeostat_policy::words::{JobResult, Verb};
use std::collections::BTreeMap;

/// The two units under care, and the one that the second is bound to.
pub const UNITS: [&str; 3] = ["a.service", "b.service", "disk.service"];
/// Alerts of our rules, and last a stranger's with the name of the first.
pub const ALERTS: [&str; 6] = ["A0", "A1", "B0", "B1", "B2", "A0"];
pub const STRANGER: usize = 5;
pub const EVALUATION_MS: u64 = 15_000;
pub const RESOLVE_TIMEOUT_MS: u64 = 60_000;

pub struct Job {
    pub is_ours: bool,
    pub kind: &'static str,
    ends: u64,
    result: JobResult,
}

pub struct Unit {
    pub active: ActiveState,
    sub: &'static str,
    pub job: Option<Job>,
    pub active_since: Option<u64>,
    pub changed: u64,
    pub flaps: bool,
    pub frozen: bool,
    /// Whether somebody stopped it and nobody has started it since.
    pub is_unwanted: bool,
    invocation: u64,
    n_restarts: u32,
    records: Vec<(u128, UnitRecord)>,
    /// How our job ended, until the remediator takes it.
    pub signal: Option<JobResult>,
}

#[derive(Default)]
pub struct Firing {
    /// Whether it is true.
    pub in_prometheus: bool,
    pub in_alertmanager: bool,
    pub has_data: bool,
    pub was_sent: bool,
    since_wall_ms: i64,
}

pub struct World {
    pub real: u64,
    pub boot_began: u64,
    pub boot_id: u128,
    offset: i64,
    ceiling: i64,
    lowest: i64,
    pub bus: bool,
    pub journal: bool,
    pub alertmanager: bool,
    pub alertmanager_began: u64,
    pub prometheus: bool,
    pub units: [Unit; 3],
    pub alerts: [Firing; 6],
    pub evaluated: (u64, i64),
    pub next_job: (JobResult, u64),
    pub paused: bool,
    /// Whether a switch to a new configuration is under way, as far as it can be seen.
    pub switching: Fact<bool>,
}

pub fn index_of(unit: &str) -> usize {
    UNITS.iter().position(|u| *u == unit).expect("a known unit")
}

fn new_unit() -> Unit {
    Unit {
        active: ActiveState::Active,
        sub: "running",
        job: None,
        active_since: Some(0),
        changed: 0,
        flaps: false,
        frozen: false,
        is_unwanted: false,
        invocation: 1,
        n_restarts: 0,
        records: Vec::new(),
        signal: None,
    }
}

impl World {
    pub fn new() -> Self {
        Self {
            real: 1_000_000,
            boot_began: 0,
            boot_id: 1,
            offset: 0,
            ceiling: i64::MAX,
            lowest: 0,
            bus: true,
            journal: true,
            alertmanager: true,
            alertmanager_began: 0,
            prometheus: true,
            units: [new_unit(), new_unit(), new_unit()],
            alerts: Default::default(),
            evaluated: (0, 0),
            next_job: (JobResult::Done, 2_000),
            paused: false,
            switching: Fact::Known(false),
        }
    }

    pub fn now(&self) -> Moment {
        Moment {
            wall_ms: 1_700_000_000_000
                + i64::try_from(self.real).expect("a short time")
                + self.offset,
            boot_ms: self.real - self.boot_began,
            boot_id: self.boot_id,
        }
    }

    /// Steps the wall clock, but never ahead of what an earlier boot saw: that
    /// would make what was before the reboot look older, and only the wall
    /// clock is left to tell.
    pub fn step_wall(&mut self, by_ms: i64) {
        self.offset = (self.offset + by_ms).min(self.ceiling);
        self.lowest = self.lowest.min(self.offset);
    }

    pub fn reboot(&mut self, down_ms: u64, back_ms: i64, is_failed: bool) {
        self.ceiling = self.ceiling.min(self.lowest);
        self.offset = self.ceiling - back_ms;
        self.lowest = self.offset;
        self.real += down_ms;
        self.boot_began = self.real;
        self.boot_id += 1;
        self.bus = true;
        self.switching = Fact::Known(false);
        self.restart_alertmanager();
        for index in 0..UNITS.len() {
            let unit = &mut self.units[index];
            unit.job = None;
            unit.signal = None;
            unit.n_restarts = 0;
            unit.frozen = false;
            unit.is_unwanted = false;
            self.start(index);
            if is_failed && index == 0 {
                self.fail(index);
            }
        }
    }

    /// Alertmanager keeps no alerts over a restart.
    pub fn restart_alertmanager(&mut self) {
        self.alertmanager_began = self.real;
        for alert in &mut self.alerts {
            alert.in_alertmanager = false;
        }
    }

    fn record(&mut self, index: usize, what: Recorded) {
        let record = UnitRecord {
            wall_ms: self.now().wall_ms,
            what,
        };
        self.units[index].records.push((self.boot_id, record));
    }

    fn job_record(&mut self, index: usize, job_type: &str, result: JobResult) {
        let job_type = job_type.to_owned();
        self.record(index, Recorded::Job { job_type, result });
    }

    /// Puts a unit into a state, as a new run where it becomes active.
    pub fn put(&mut self, index: usize, active: ActiveState) {
        let real = self.real;
        let unit = &mut self.units[index];
        unit.flaps = false;
        unit.active = active;
        unit.sub = "";
        unit.active_since = None;
        unit.changed = real;
        if active == ActiveState::Active {
            unit.invocation += 1;
            unit.active_since = Some(real);
        }
    }

    fn start(&mut self, index: usize) {
        // A start pulls in what the unit is bound to.
        if index == 1 && self.is_off(2) {
            self.start(2);
        }
        self.put(index, ActiveState::Active);
        self.units[index].is_unwanted = false;
        self.job_record(index, "start", JobResult::Done);
    }

    /// Somebody's doing, or the unit's own: a state without a job of ours. What is off begins by a
    /// start alone.
    pub fn change(&mut self, index: usize, active: ActiveState) {
        if active == ActiveState::Active {
            self.start(index);
        } else if !self.is_off(index) {
            self.put(index, active);
        }
    }

    fn is_off(&self, index: usize) -> bool {
        matches!(
            self.units[index].active,
            ActiveState::Inactive | ActiveState::Failed
        )
    }

    /// The unit's program ends by itself, well.
    pub fn end(&mut self, index: usize) {
        if self.is_off(index) {
            return;
        }
        self.put(index, ActiveState::Inactive);
        self.record(index, Recorded::EndedWell);
        self.take_along(index);
    }

    pub fn fail(&mut self, index: usize) {
        if self.is_off(index) {
            return;
        }
        self.put(index, ActiveState::Failed);
        self.record(index, Recorded::Failed);
        self.take_along(index);
    }

    /// What is bound to a unit that went down is stopped by systemd.
    fn take_along(&mut self, index: usize) {
        if index == 2 && !self.is_off(1) {
            self.real += 1;
            if self.units[1].job.take().is_some_and(|job| job.is_ours) {
                self.units[1].signal = self.bus.then_some(JobResult::Canceled);
            }
            self.put(1, ActiveState::Inactive);
            self.job_record(1, "stop", JobResult::Done);
        }
    }

    /// A person stops a unit, and nothing of ours may turn that round.
    pub fn stop(&mut self, index: usize, exits_badly: bool) {
        if self.is_off(index) {
            return;
        }
        if self.units[index].job.take().is_some_and(|job| job.is_ours) {
            self.units[index].signal = self.bus.then_some(JobResult::Canceled);
        }
        let state = if exits_badly {
            self.record(index, Recorded::Failed);
            ActiveState::Failed
        } else {
            self.record(index, Recorded::EndedWell);
            ActiveState::Inactive
        };
        self.put(index, state);
        self.units[index].is_unwanted = true;
        self.job_record(index, "stop", JobResult::Done);
        // Whoever stops a unit stops what is bound to it.
        if index == 2 {
            self.stop(1, false);
        }
    }

    pub fn put_auto_restart(&mut self, index: usize) {
        if index == 2 {
            return;
        }
        self.put(index, ActiveState::Activating);
        self.units[index].sub = "auto-restart";
    }

    /// A job of someone else; true to `systemctl`, it replaces ours.
    pub fn foreign_job(&mut self, index: usize, kind: &'static str, length_ms: u64) {
        let unit = &mut self.units[index];
        if unit.job.take().is_some_and(|job| job.is_ours) {
            unit.signal = self.bus.then_some(JobResult::Canceled);
        }
        unit.job = Some(Job {
            is_ours: false,
            kind,
            ends: self.real + length_ms,
            result: JobResult::Done,
        });
    }

    /// The remediator's call. `None`: a job began.
    pub fn call(&mut self, call: &Call, is_paused: bool) -> (Option<CallEnd>, bool) {
        let index = index_of(call.permit.unit().as_str());
        let before = self.unit_state(index);
        let end = |result, before| CallEnd {
            result,
            misfit: None,
            before: Some(before),
            after: None,
            was_reset: false,
            detail: None,
        };
        if !self.bus {
            let mut end = end(JobResult::NotCalled, before);
            end.before = None;
            return (Some(end), false);
        }
        let look = LastLook {
            unit: before.clone(),
            switching: self.switching,
            is_paused,
        };
        if let Err(reason) = call.fits(&look) {
            let mut end = end(JobResult::NotCalled, before);
            end.misfit = Some(reason);
            return (Some(end), false);
        }
        let (result, length_ms) = self.next_job;
        if matches!(
            result,
            JobResult::Denied | JobResult::Refused | JobResult::Unable | JobResult::NotCalled
        ) {
            let mut end = end(result, before);
            if call.resets_failed() && result == JobResult::Refused {
                end.was_reset = true;
                let since = self.units[index].changed;
                self.units[index].active = ActiveState::Inactive;
                self.units[index].changed = since + 1;
            }
            return (Some(end), true);
        }
        let kind = if call.permit.verb() == Verb::Restart {
            "restart"
        } else {
            "start"
        };
        self.put(index, ActiveState::Activating);
        self.units[index].job = Some(Job {
            is_ours: true,
            kind,
            ends: self.real + length_ms,
            result,
        });
        (None, true)
    }

    /// Lets time pass; at most one evaluation and one end of each job fall into it.
    pub fn tick(&mut self, ms: u64) {
        self.real += ms;
        if self.prometheus && self.real - self.evaluated.0 >= EVALUATION_MS {
            self.evaluated = (self.real, self.now().wall_ms);
            for alert in &mut self.alerts[..STRANGER] {
                alert.in_alertmanager |= self.alertmanager && alert.in_prometheus;
            }
        }
        // The stranger's Prometheus is another.
        let strange = &mut self.alerts[STRANGER];
        strange.in_alertmanager |= self.alertmanager && strange.in_prometheus;
        for index in 0..UNITS.len() {
            if self.units[index].flaps {
                self.flap(index);
            }
            let due = self.units[index]
                .job
                .take_if(|job| job.ends <= self.real)
                .map(|job| (job.is_ours, job.kind, job.result));
            if let Some((is_ours, kind, result)) = due {
                self.end_job(index, is_ours, kind, result);
            }
        }
    }

    /// Makes the unit crash and be restarted by systemd, again and again.
    pub fn crash_loop(&mut self, index: usize) {
        self.change(index, ActiveState::Active);
        // What the second is bound to would take it along each time.
        self.units[index].flaps = index != 2;
    }

    fn flap(&mut self, index: usize) {
        if self.units[index].active == ActiveState::Active {
            self.put_auto_restart(index);
        } else {
            self.put(index, ActiveState::Active);
            self.units[index].n_restarts += 1;
        }
        self.units[index].flaps = true;
    }

    fn end_job(&mut self, index: usize, is_ours: bool, kind: &str, result: JobResult) {
        if kind == "stop" {
            self.stop(index, false);
            return;
        }
        if kind == "restart" {
            self.job_record(index, "restart", JobResult::Done);
        }
        if result == JobResult::Done {
            self.start(index);
        } else {
            self.put(index, ActiveState::Failed);
            self.record(index, Recorded::Failed);
            self.job_record(index, "start", result);
        }
        if is_ours && self.bus {
            self.units[index].signal = Some(result);
        }
    }

    pub fn unit_state(&self, index: usize) -> UnitState {
        let unit = &self.units[index];
        let mut state = UnitState {
            id: UNITS[index].to_owned(),
            sub: unit.sub.to_owned(),
            job: unit.job.as_ref().map(|job| job.kind.to_owned()),
            invocation_id: format!("{:032x}", unit.invocation),
            n_restarts: unit.n_restarts,
            active_for_ms: unit.active_since.map(|since| self.real - since),
            changed_ms: unit.changed,
            ..unit_in(unit.active)
        };
        if unit.frozen {
            state.freezer = "frozen".to_owned();
        }
        if index == 1 && state.is_off() {
            state.bound_to = vec![BoundTo {
                id: UNITS[2].to_owned(),
                active: self.units[2].active,
            }];
        }
        state
    }

    fn records(&self, index: usize, wanted: RecordsWanted) -> Fact<Vec<UnitRecord>> {
        if !self.journal {
            return Fact::Unknown;
        }
        let (boot, since) = match wanted {
            RecordsWanted::WhileOff => (self.boot_id, i64::MIN),
            RecordsWanted::Since { boot_id, wall_ms } => (boot_id, wall_ms),
        };
        let records = self.units[index].records.iter();
        let young = records.filter(|(b, r)| *b == boot && r.wall_ms >= since);
        Fact::Known(young.map(|(_, record)| record.clone()).collect())
    }

    pub fn labels(index: usize, is_posted: bool) -> BTreeMap<String, String> {
        let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut labels = BTreeMap::from([label("alertname", ALERTS[index])]);
        if index == STRANGER {
            labels.extend([label("from", "a stranger")]);
        } else if !is_posted {
            labels.extend([label("ours", "yes")]);
        }
        labels
    }

    /// The notice of an alert as Alertmanager would send it, or as posted by hand.
    pub fn notice(&self, index: usize, status: &str, is_posted: bool) -> Alert {
        let labels = Self::labels(index, is_posted);
        let fingerprint = Fingerprint::of_labels(&labels).to_string();
        let mut json = serde_json::json!({ "status": status, "labels": labels });
        if !is_posted {
            json["fingerprint"] = fingerprint.into();
            json["startsAt"] = rfc3339(self.alerts[index].since_wall_ms).into();
        }
        Alert::parse(&json.to_string(), &self.now()).expect("a well-formed notice")
    }

    pub fn fire(&mut self, index: usize, has_data: bool) {
        let since_wall_ms = self.now().wall_ms;
        let is_up = self.alertmanager;
        let firing = &mut self.alerts[index];
        firing.has_data = has_data;
        if !firing.in_prometheus {
            firing.since_wall_ms = since_wall_ms;
        }
        firing.in_prometheus = true;
        firing.in_alertmanager |= is_up;
        firing.was_sent |= is_up;
    }

    pub fn resolve(&mut self, index: usize) -> bool {
        let firing = &mut self.alerts[index];
        firing.in_alertmanager = false;
        firing.was_sent = false;
        std::mem::take(&mut firing.in_prometheus)
    }

    /// The world's alert behind a fingerprint; `None` for a post by hand.
    pub fn alert_of(fingerprint: Fingerprint) -> Option<usize> {
        let of =
            |index: &usize| Fingerprint::of_labels(&Self::labels(*index, false)) == fingerprint;
        (0..ALERTS.len()).find(of)
    }

    pub fn is_alertmanager_old(&self) -> bool {
        self.alertmanager && self.real - self.alertmanager_began >= RESOLVE_TIMEOUT_MS
    }

    pub fn observe(&self, look: &Look) -> Observation {
        let index = look.unit.as_ref().map(|unit| index_of(unit.as_str()));
        let unit = index
            .filter(|_| self.bus)
            .map_or(Fact::Unknown, |index| Fact::Known(self.unit_state(index)));
        let wants =
            unit.known().is_some_and(UnitState::is_off) || look.records != RecordsWanted::WhileOff;
        let records = index
            .filter(|_| wants)
            .map_or(Fact::Unknown, |index| self.records(index, look.records));
        let bound_records = unit
            .known()
            .into_iter()
            .flat_map(|unit| &unit.bound_to)
            .map(|bound| (bound.id.clone(), self.records(2, RecordsWanted::WhileOff)))
            .collect();
        let ask = |fingerprint: Fingerprint| {
            let index = Self::alert_of(fingerprint);
            let firing = index.map(|index| &self.alerts[index]);
            let mut state = AlertState::default();
            if self.alertmanager {
                state.in_alertmanager = Fact::Known(firing.is_some_and(|f| f.in_alertmanager));
            }
            if self.prometheus {
                let is_ours = index.is_some_and(|index| index != STRANGER);
                let fires = is_ours && firing.is_some_and(|f| f.in_prometheus);
                state.in_prometheus = Fact::Known(Some(fires));
                state.fires = fires;
                state.evaluated_ms = Some(self.evaluated.1);
                state.proof = Fact::Known(firing.is_none_or(|f| f.has_data));
            }
            state
        };
        let of_unit = (0..ALERTS.len())
            .filter(|i| self.alerts[*i].in_alertmanager)
            .filter(|i| index == Some(usize::from(ALERTS[*i].starts_with('B'))))
            .map(|i| HeldAlert {
                name: ALERTS[i].to_owned(),
                severity: String::new(),
            });
        let alertmanager_up_ms = if self.alertmanager {
            Fact::Known(self.real - self.alertmanager_began)
        } else {
            Fact::Unknown
        };
        Observation {
            unit,
            alerts: look
                .questions
                .iter()
                .map(|q| (q.fingerprint, ask(q.fingerprint)))
                .collect(),
            switching: self.switching,
            records,
            bound_records,
            alertmanager_up_ms,
            of_unit: if self.alertmanager {
                Fact::Known(of_unit.collect())
            } else {
                Fact::Unknown
            },
        }
    }
}
