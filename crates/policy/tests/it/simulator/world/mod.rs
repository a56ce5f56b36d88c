//! The host that the machine decides about: a virtual clock, units with jobs and PID 1's records of
//! them, the alerts as Prometheus and Alertmanager hold them, and people.

mod alerts;
mod jobs;
mod units;

use homeostat_policy::log::{CLOCK_PROVES_ITSELF, Moment, Now};
use homeostat_policy::observation::{Fact, UnitRecord};
use homeostat_policy::unit::ActiveState;
use homeostat_policy::words::JobResult;
use std::time::Duration;

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
    /// Since when the wall clock has not stepped, as the process of this boot knows it.
    steady_since: u64,
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
            steady_since: 0,
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
    /// Now, as a step is told it.
    pub fn present(&self) -> Now {
        Now {
            at: self.now(),
            clock_is_steady: Duration::from_millis(self.real - self.steady_since)
                >= CLOCK_PROVES_ITSELF,
        }
    }
    pub fn step_wall(&mut self, by_ms: i64) {
        self.has_stepped_back |= by_ms < 0;
        self.offset += by_ms;
        self.steady_since = self.real;
    }

    /// The host boots; whether the shutdown before it stops the units, or the power is lost.
    pub fn reboot(&mut self, down_ms: u64, back_ms: i64, is_failed: bool, is_orderly: bool) {
        let running = |index: &usize| is_orderly && !self.is_off(*index);
        for index in (0..UNITS.len()).filter(running).collect::<Vec<_>>() {
            self.job_record(index, "stop", JobResult::Done);
        }
        self.offset -= back_ms;
        self.real += down_ms;
        self.steady_since = self.real;
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
}
