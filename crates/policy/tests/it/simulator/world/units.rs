//! The units of the virtual host: what they do by themselves, and what people do to them.

use super::{BOUND, DISK, Job, ONCE, World};
use homeostat_policy::observation::{Recorded, UnitRecord};
use homeostat_policy::unit::ActiveState;
use homeostat_policy::words::JobResult;

impl World {
    pub(super) fn record(&mut self, index: usize, what: Recorded) {
        let record = UnitRecord {
            wall_ms: self.now().wall_ms,
            what,
        };
        self.units[index].records.push((self.boot_id, record));
    }

    pub(super) fn job_record(&mut self, index: usize, job_type: &str, result: JobResult) {
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

    pub(super) fn start(&mut self, index: usize, is_ours: bool) {
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
    pub(super) fn take_along(&mut self, index: usize) {
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
}
