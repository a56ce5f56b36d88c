//! The jobs of the virtual host: calls, time that passes, and what its systemd tells.

use super::{
    BOUND, DISK, EVALUATION_MS, Job, ONCE, START_INTERVAL_MS, STRANGER, UNITS, World, index_of,
};
use crate::fixture::unit as unit_in;
use homeostat_policy::machine::{Call, CallEnd, LastLook, RecordsWanted};
use homeostat_policy::observation::{Fact, Recorded, UnitRecord};
use homeostat_policy::unit::{ActiveState, BoundTo, UnitState};
use homeostat_policy::words::{JobResult, Verb};

impl World {
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

    pub(super) fn flap(&mut self, index: usize) {
        if self.units[index].active == ActiveState::Active {
            self.put_auto_restart(index);
        } else {
            self.put(index, ActiveState::Active);
            self.units[index].n_restarts += 1;
        }
        self.units[index].flaps = true;
    }

    pub(super) fn end_job(&mut self, index: usize, is_ours: bool, kind: &str, result: JobResult) {
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

    pub(super) fn records(&self, index: usize, wanted: RecordsWanted) -> Fact<Vec<UnitRecord>> {
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
}
