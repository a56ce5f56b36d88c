//! The host that the machine decides about: a virtual clock, units with jobs and PID 1's records of
//! them, the alerts as Prometheus and Alertmanager hold them, and people.

use crate::fixture::unit as unit_in;
use homeostat_policy::alert::{Alert, Fingerprint};
use homeostat_policy::log::{Moment, rfc3339};
use homeostat_policy::machine::{Call, CallEnd, LastLook, Look, Question, RecordsWanted};
use homeostat_policy::observation::{
    AlertState, Fact, HeldAlert, Observation, Recorded, UnitRecord,
};
use homeostat_policy::unit::{ActiveState, BoundTo, UnitState};
use homeostat_policy::words::{JobResult, Verb};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The two units under care, the one that the second is bound to, and a oneshot under care.
pub const UNITS: [&str; 4] = ["a.service", "b.service", "disk.service", "once.service"];
/// The unit that is bound to [`DISK`], whose start limit is a single start in a minute.
pub const BOUND: usize = 1;
pub const DISK: usize = 2;
pub const ONCE: usize = 3;
pub const START_INTERVAL_MS: u64 = 60_000;
/// Alerts of our rules, and last a stranger's with the name of the first.
pub const ALERTS: [&str; 7] = ["A0", "A1", "B0", "B1", "B2", "C0", "A0"];
pub const STRANGER: usize = 6;
pub const EVALUATION_MS: u64 = 15_000;
pub const RESOLVE_TIMEOUT_MS: u64 = 60_000;
/// How often Alertmanager sends what still fires.
pub const REPEAT_MS: u64 = 60_000;

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
    /// When it was started, by whomever, since its start count was last cleared.
    starts: Vec<u64>,
    /// Whether its newest start was a job of ours.
    pub started_by_us: bool,
    /// Whether one more failure would take the host down.
    pub is_risky: bool,
}

impl Unit {
    /// How many starts fall into its start limit's interval now.
    pub fn recent_starts(&self, real: u64) -> usize {
        let is_recent = |start: &&u64| real - **start < START_INTERVAL_MS;
        self.starts.iter().filter(is_recent).count()
    }
}

/// The unit that an alert is about.
pub fn unit_of(alert: usize) -> usize {
    match &ALERTS[alert][..1] {
        "A" => 0,
        "B" => BOUND,
        _ => ONCE,
    }
}

#[derive(Default)]
pub struct Firing {
    /// Whether it is true.
    pub in_prometheus: bool,
    pub in_alertmanager: bool,
    pub has_data: bool,
    pub was_sent: bool,
    since_wall_ms: i64,
    /// When Alertmanager sent it last.
    sent: u64,
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
    pub units: [Unit; 4],
    pub alerts: [Firing; 7],
    pub evaluated: (u64, i64),
    pub next_job: (JobResult, u64),
    pub paused: bool,
    /// Whether a switch to a new configuration is under way, as far as it can be seen.
    pub switching: Fact<bool>,
    /// Start jobs that ended well: boot, unit and time.
    pub started: Vec<(u128, usize, u64)>,
    /// Records are told apart by the wall clock. After a step back those of an earlier job can be
    /// taken for those of ours, and the order of two units' records for another.
    pub has_stepped_back: bool,
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
        starts: Vec::new(),
        started_by_us: false,
        is_risky: false,
    }
}

impl World {
    pub fn new() -> Self {
        let mut units = [new_unit(), new_unit(), new_unit(), new_unit()];
        units[ONCE].active = ActiveState::Inactive;
        units[ONCE].active_since = None;
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
            units,
            alerts: Default::default(),
            evaluated: (0, 0),
            next_job: (JobResult::Done, 2_000),
            paused: false,
            switching: Fact::Known(false),
            started: Vec::new(),
            has_stepped_back: false,
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
        self.has_stepped_back |= by_ms < 0;
        self.offset = (self.offset + by_ms).min(self.ceiling);
        self.lowest = self.lowest.min(self.offset);
    }

    /// The host boots; whether the shutdown before it stops the units, or the power is lost.
    pub fn reboot(&mut self, down_ms: u64, back_ms: i64, is_failed: bool, is_orderly: bool) {
        let running = |index: &usize| is_orderly && !self.is_off(*index);
        for index in (0..UNITS.len()).filter(running).collect::<Vec<_>>() {
            self.job_record(index, "stop", JobResult::Done);
        }
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
            unit.starts.clear();
            self.start(index, false);
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
            unit.starts.push(real);
            unit.started_by_us = false;
        }
    }

    fn start(&mut self, index: usize, is_ours: bool) {
        // A start pulls in what the unit is bound to.
        if index == BOUND && self.is_off(DISK) {
            self.start(DISK, is_ours);
        }
        self.put(index, ActiveState::Active);
        self.units[index].is_unwanted = false;
        self.units[index].started_by_us = is_ours;
        self.job_record(index, "start", JobResult::Done);
        self.started.push((self.boot_id, index, self.real));
        if index == ONCE {
            self.end(index);
        }
    }

    /// Somebody's doing, or the unit's own: a state without a job of ours. What is off begins by a
    /// start alone.
    pub fn change(&mut self, index: usize, active: ActiveState) {
        if active == ActiveState::Active {
            self.start(index, false);
        } else if !self.is_off(index) {
            self.put(index, active);
        }
    }

    pub fn is_off(&self, index: usize) -> bool {
        matches!(
            self.units[index].active,
            ActiveState::Inactive | ActiveState::Failed
        )
    }

    /// Whether the unit is what it should be.
    pub fn is_well(&self, index: usize) -> bool {
        let good_end = if index == ONCE {
            ActiveState::Inactive
        } else {
            ActiveState::Active
        };
        self.units[index].active == good_end
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
        // The oneshot fails in a run that somebody's timer began.
        if index == ONCE && self.units[index].active == ActiveState::Inactive {
            self.put(index, ActiveState::Active);
            self.units[index].is_unwanted = false;
        }
        if self.is_off(index) {
            return;
        }
        self.put(index, ActiveState::Failed);
        self.record(index, Recorded::Failed);
        self.take_along(index);
    }

    /// What is bound to a unit that went down is stopped by systemd.
    fn take_along(&mut self, index: usize) {
        if index == DISK && !self.is_off(BOUND) {
            self.real += 1;
            if self.units[BOUND].job.take().is_some_and(|job| job.is_ours) {
                self.units[BOUND].signal = self.bus.then_some(JobResult::Canceled);
            }
            self.put(BOUND, ActiveState::Inactive);
            self.job_record(BOUND, "stop", JobResult::Done);
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
        if index == DISK {
            self.stop(BOUND, false);
        }
    }

    pub fn put_auto_restart(&mut self, index: usize) {
        if index == DISK || index == ONCE {
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
                self.units[index].starts.clear();
            }
            return (Some(end), true);
        }
        let kind = if call.permit.verb() == Verb::Restart {
            "restart"
        } else {
            "start"
        };
        if call.resets_failed() {
            self.units[index].starts.clear();
        }
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
        // What the second is bound to would take it along each time, and a oneshot is over at once.
        self.units[index].flaps = index != DISK && index != ONCE;
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
            self.start(index, is_ours);
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
        if state.is_off() {
            state.inactive_for_ms = Some(self.real - unit.changed);
        }
        if index == BOUND {
            state.start_limit_burst = 1;
            state.start_limit_interval_ms = START_INTERVAL_MS;
        }
        if index == BOUND && state.is_off() {
            state.bound_to = vec![BoundTo {
                id: UNITS[DISK].to_owned(),
                active: self.units[DISK].active,
            }];
        }
        if index == ONCE {
            state.service_type = "oneshot".to_owned();
        }
        if unit.is_risky {
            state.host_action = Some("FailureAction=reboot".to_owned());
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

    /// An alert fires; whether as a new episode, or as the one that was there before, as after a
    /// silence of its sender.
    pub fn fire(&mut self, index: usize, has_data: bool, is_new: bool) {
        let since_wall_ms = self.now().wall_ms;
        let is_up = self.alertmanager;
        let firing = &mut self.alerts[index];
        firing.has_data = has_data;
        if !firing.in_prometheus && (is_new || firing.since_wall_ms == 0) {
            firing.since_wall_ms = since_wall_ms;
        }
        firing.in_prometheus = true;
        firing.in_alertmanager |= is_up;
        firing.was_sent |= is_up;
        if is_up {
            firing.sent = self.real;
        }
    }

    /// The alerts that Alertmanager sends again now, because they still fire.
    pub fn repeats(&mut self) -> Vec<usize> {
        let (real, is_up) = (self.real, self.alertmanager);
        let is_due = |alert: &Firing| {
            is_up && alert.in_alertmanager && alert.was_sent && real - alert.sent >= REPEAT_MS
        };
        let due: Vec<_> = (0..ALERTS.len())
            .filter(|i| is_due(&self.alerts[*i]))
            .collect();
        for index in &due {
            self.alerts[*index].sent = real;
        }
        due
    }

    pub fn resolve(&mut self, index: usize) -> bool {
        let firing = &mut self.alerts[index];
        firing.in_alertmanager = false;
        firing.was_sent = false;
        std::mem::take(&mut firing.in_prometheus)
    }

    /// The world's alert behind a fingerprint; `None` for a post by hand.
    pub fn alert_of(fingerprint: Fingerprint) -> Option<usize> {
        // The law asks after each tick about all that is open: half a history's time, if each answer hashed labels.
        static KNOWN: LazyLock<Vec<Fingerprint>> = LazyLock::new(|| {
            let of = |index| Fingerprint::of_labels(&World::labels(index, false));
            (0..ALERTS.len()).map(of).collect()
        });
        KNOWN.iter().position(|known| *known == fingerprint)
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
            .map(|bound| {
                (
                    bound.id.clone(),
                    self.records(DISK, RecordsWanted::WhileOff),
                )
            })
            .collect();
        let ask = |question: &Question| {
            let index = Self::alert_of(question.fingerprint);
            let firing = index.map(|index| &self.alerts[index]);
            let mut state = AlertState::default();
            if self.alertmanager {
                state.in_alertmanager = Fact::Known(firing.is_some_and(|f| f.in_alertmanager));
            }
            if self.prometheus {
                // Of the rules with this name ours alone writes our labels; another comes first.
                let is_ours = index.is_some_and(|index| index != STRANGER);
                let is_told_apart = !question.own.is_empty();
                let fires = is_ours && is_told_apart && firing.is_some_and(|f| f.in_prometheus);
                state.in_prometheus = Fact::Known(Some(fires));
                state.fires = fires;
                state.evaluated_ms = Some(self.evaluated.1);
                state.proof = Fact::Known(firing.is_none_or(|f| f.has_data));
            }
            state
        };
        let of_unit = (0..ALERTS.len())
            .filter(|i| self.alerts[*i].in_alertmanager)
            .filter(|i| index == Some(unit_of(*i)))
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
                .map(|q| (q.fingerprint, ask(q)))
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
