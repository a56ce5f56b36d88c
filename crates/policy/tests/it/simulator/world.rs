//! The host that the core decides about: a virtual clock, units with jobs, and
//! the alerts as Alertmanager and Prometheus hold them.

use crate::fixture::unit as unit_in;
use homeostat_policy::alert::{Alert, Fingerprint};
use homeostat_policy::incident::Incident;
use homeostat_policy::moment::{Moment, rfc3339};
use homeostat_policy::observation::{AlertState, Fact, Observation, UnitState};
use homeostat_policy::outcome::JobRecord;
use homeostat_policy::rules::Permit;
use homeostat_policy::unit::{ActiveState, JobResult};
use std::collections::BTreeMap;

pub const UNITS: [&str; 2] = ["a.service", "b.service"];
pub const ALERTS: [&str; 5] = ["A0", "A1", "B0", "B1", "B2"];
pub const EVALUATION_MS: u64 = 15_000;

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
    pub flaps: bool,
    invocation: u64,
    n_restarts: u32,
    journal: Vec<(u64, JobRecord)>,
    /// What the end of our job was, until the remediator takes it.
    pub signal: Option<JobResult>,
}

#[derive(Default)]
pub struct Firing {
    pub in_alertmanager: bool,
    pub has_data: bool,
    since_wall_ms: i64,
}

pub struct World {
    pub real: u64,
    pub boot_began: u64,
    boot_id: u128,
    offset: i64,
    ceiling: i64,
    lowest: i64,
    pub bus: bool,
    pub alertmanager: bool,
    pub prometheus: bool,
    pub units: [Unit; 2],
    pub alerts: [Firing; 5],
    pub evaluated: (u64, i64),
    pub next_job: (JobResult, u64),
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
        flaps: false,
        invocation: 1,
        n_restarts: 0,
        journal: Vec::new(),
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
            alertmanager: true,
            prometheus: true,
            units: [new_unit(), new_unit()],
            alerts: Default::default(),
            evaluated: (0, 0),
            next_job: (JobResult::Done, 2_000),
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
        for index in 0..UNITS.len() {
            self.units[index].job = None;
            self.units[index].signal = None;
            self.units[index].n_restarts = 0;
            self.put(
                index,
                if is_failed {
                    ActiveState::Failed
                } else {
                    ActiveState::Active
                },
            );
        }
    }

    /// Puts a unit into a state, as a new run where it becomes active.
    pub fn put(&mut self, index: usize, active: ActiveState) {
        let unit = &mut self.units[index];
        unit.flaps = false;
        unit.active = active;
        unit.sub = "";
        unit.active_since = None;
        if active == ActiveState::Active {
            unit.invocation += 1;
            unit.active_since = Some(self.real);
        }
    }

    pub fn put_auto_restart(&mut self, index: usize) {
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
    pub fn call(&mut self, permit: &Permit) -> Option<JobResult> {
        if !self.bus {
            return Some(JobResult::NotCalled);
        }
        let (result, length_ms) = self.next_job;
        let index = index_of(permit.unit().as_str());
        if self.units[index].job.is_some() {
            return Some(JobResult::Refused);
        }
        if matches!(result, JobResult::Denied | JobResult::Refused) {
            return Some(result);
        }
        self.put(index, ActiveState::Activating);
        self.units[index].job = Some(Job {
            is_ours: true,
            kind: permit.verb().label(),
            ends: self.real + length_ms,
            result,
        });
        None
    }

    /// Lets time pass; at most one evaluation and one end of each job fall into it.
    pub fn tick(&mut self, ms: u64) {
        self.real += ms;
        if self.real - self.evaluated.0 >= EVALUATION_MS {
            self.evaluated = (self.real, self.now().wall_ms);
        }
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
        let mut records = Vec::new();
        if kind == "restart" {
            records.push(("restart", JobResult::Done));
        }
        records.push((if kind == "stop" { "stop" } else { "start" }, result));
        for (job_type, result) in records {
            let record = JobRecord {
                job_type: job_type.to_owned(),
                result,
            };
            self.units[index].journal.push((self.real, record));
        }
        let state = match result {
            JobResult::Done if kind == "stop" => ActiveState::Inactive,
            JobResult::Done => ActiveState::Active,
            _ => ActiveState::Failed,
        };
        self.put(index, state);
        if is_ours && self.bus {
            self.units[index].signal = Some(result);
        }
    }

    pub fn unit_state(&self, index: usize) -> UnitState {
        let unit = &self.units[index];
        UnitState {
            id: UNITS[index].to_owned(),
            sub: unit.sub.to_owned(),
            job: unit.job.as_ref().map(|job| job.kind.to_owned()),
            invocation_id: format!("{:032x}", unit.invocation),
            n_restarts: unit.n_restarts,
            active_for_ms: unit.active_since.map(|since| self.real - since),
            ..unit_in(unit.active)
        }
    }

    pub fn journal_since(&self, index: usize, real: u64) -> Fact<Vec<JobRecord>> {
        let young = self.units[index].journal.iter().filter(|j| j.0 >= real);
        Fact::Known(young.map(|j| j.1.clone()).collect())
    }

    pub fn labels(index: usize) -> BTreeMap<String, String> {
        [("alertname".to_owned(), ALERTS[index].to_owned())].into()
    }

    /// The notice of an alert as Alertmanager would send it, or as posted by hand.
    pub fn notice(&self, index: usize, status: &str, is_posted: bool) -> Alert {
        let labels = Self::labels(index);
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
        let firing = &mut self.alerts[index];
        firing.has_data = has_data;
        if !firing.in_alertmanager {
            firing.in_alertmanager = true;
            firing.since_wall_ms = since_wall_ms;
        }
    }

    pub fn observe(&self, incident: &Incident) -> Observation {
        let unit = incident.unit.as_ref().expect("an incident with a unit");
        let unit = if self.bus {
            Fact::Known(self.unit_state(index_of(unit.as_str())))
        } else {
            Fact::Unknown
        };
        let ask = |fingerprint: &Fingerprint| {
            let index = (0..ALERTS.len())
                .find(|i| Fingerprint::of_labels(&Self::labels(*i)) == *fingerprint)
                .expect("a known alert");
            let firing = &self.alerts[index];
            let mut state = AlertState::default();
            if self.alertmanager {
                state.in_alertmanager = Fact::Known(firing.in_alertmanager);
            }
            if self.prometheus {
                state.in_prometheus = Fact::Known(Some(firing.in_alertmanager));
                state.evaluated_ms = Some(self.evaluated.1);
                state.proof = Fact::Known(firing.has_data);
            }
            state
        };
        let alerts = incident.evidence.keys().map(|f| (*f, ask(f))).collect();
        Observation {
            unit,
            alerts,
            switching: self.switching,
        }
    }
}
