//! A systemd that does what a test tells it, and remembers what it was asked to do.

use homeostat_policy::machine::{Call, CallEnd};
use homeostat_policy::unit::{ActiveState, UnitName, UnitState};
use homeostat_policy::words::{JobResult, Reason, Verb};
use homeostat_remediator::systemd::{ControlError, Glance, UnitControl};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Where a call waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Nowhere.
    Open,
    /// Before its last look, as when the bus is slow.
    BeforeCall,
    /// With its job queued, as while a unit stops slowly.
    InJob,
}

/// The systemd.
#[derive(Clone)]
pub struct ScriptedSystemd(Arc<Inner>);

struct Inner {
    units: Mutex<BTreeMap<String, Unit>>,
    calls: Mutex<Vec<(String, Verb)>>,
    results: Mutex<VecDeque<JobResult>>,
    gate: watch::Sender<Gate>,
    connected: watch::Sender<bool>,
    answers: watch::Sender<bool>,
}

struct Unit {
    state: UnitState,
    active_since: Option<Instant>,
    invocations: u32,
}

impl Unit {
    /// The unit begins anew, as after a start or a restart.
    fn begin(&mut self) {
        self.invocations += 1;
        self.state.invocation_id = format!("{:032x}", self.invocations);
        self.state.job = None;
        self.state.active = ActiveState::Active;
        self.state.sub = "running".to_owned();
        self.state.changed_ms += 1;
        self.active_since = Some(Instant::now());
    }
}

impl ScriptedSystemd {
    /// Units of these names, all active for an hour.
    pub fn new(names: &[&str]) -> Self {
        let unit = |name: &&str| {
            let unit = Unit {
                state: UnitState {
                    id: (*name).to_owned(),
                    load_state: "loaded".to_owned(),
                    active: ActiveState::Active,
                    sub: "running".to_owned(),
                    result: "success".to_owned(),
                    job: None,
                    invocation_id: format!("{:032x}", 1),
                    n_restarts: 0,
                    active_enter_ms: 1,
                    active_for_ms: None,
                    inactive_for_ms: None,
                    start_limit_interval_ms: 10_000,
                    start_limit_burst: 100,
                    job_timeout_ms: 90_000,
                    service_type: "simple".to_owned(),
                    remains_after_exit: false,
                    is_triggered: false,
                    freezer: "running".to_owned(),
                    changed_ms: 1,
                    host_action: None,
                    bound_to: Vec::new(),
                },
                active_since: Instant::now().checked_sub(Duration::from_secs(3600)),
                invocations: 1,
            };
            ((*name).to_owned(), unit)
        };
        Self(Arc::new(Inner {
            units: Mutex::new(names.iter().map(unit).collect()),
            calls: Mutex::default(),
            results: Mutex::default(),
            gate: watch::Sender::new(Gate::Open),
            connected: watch::Sender::new(true),
            answers: watch::Sender::new(true),
        }))
    }

    fn units(&self) -> MutexGuard<'_, BTreeMap<String, Unit>> {
        self.0.units.lock().expect("no test panics with the lock")
    }

    fn unit<T>(&self, name: &str, edit: impl FnOnce(&mut Unit) -> T) -> T {
        edit(self.units().get_mut(name).expect("the unit exists"))
    }

    /// Changes a unit's properties.
    pub fn set(&self, name: &str, edit: impl FnOnce(&mut UnitState)) {
        self.unit(name, |unit| edit(&mut unit.state));
    }

    /// Ends the unit's job: it runs anew.
    pub fn finish_job(&self, name: &str) {
        self.unit(name, Unit::begin);
    }

    /// The `InvocationID`.
    pub fn invocation(&self, name: &str) -> String {
        self.unit(name, |unit| unit.state.invocation_id.clone())
    }

    /// What was asked for, oldest first.
    pub fn calls(&self) -> Vec<(String, Verb)> {
        self.0.calls.lock().expect("no test panics here").clone()
    }

    /// The results of the next jobs; `done` when there are none.
    pub fn results(&self, results: &[JobResult]) {
        let mut queue = self.0.results.lock().expect("no test panics here");
        queue.extend(results);
    }

    /// Where calls wait from now on; those that wait elsewhere go on.
    pub fn gate(&self, gate: Gate) {
        self.0.gate.send_replace(gate);
    }

    /// Whether the bus answers.
    pub fn connect(&self, connected: bool) {
        self.0.connected.send_replace(connected);
    }

    /// Whether questions are answered, or wait.
    pub fn answer(&self, answers: bool) {
        self.0.answers.send_replace(answers);
    }

    fn seen(&self, name: &str) -> UnitState {
        self.unit(name, |unit| {
            let mut state = unit.state.clone();
            state.active_for_ms = unit
                .active_since
                .filter(|_| state.active == ActiveState::Active)
                .and_then(|since| u64::try_from(since.elapsed().as_millis()).ok());
            state
        })
    }

    async fn pass(&self, gate: Gate) {
        let mut now = self.0.gate.subscribe();
        now.wait_for(|now| *now != gate)
            .await
            .expect("the sender lives in self");
    }
}

impl UnitControl for ScriptedSystemd {
    async fn observe(&self, unit: &UnitName) -> Result<UnitState, ControlError> {
        if !self.is_connected() {
            return Err(ControlError::BusLost {
                reason: "the test cut it".to_owned(),
            });
        }
        let mut answers = self.0.answers.subscribe();
        let answered = answers.wait_for(|answers| *answers).await;
        answered.expect("the sender lives in self");
        Ok(self.seen(unit.as_str()))
    }

    async fn list(&self, units: &[UnitName]) -> Result<Vec<Glance>, ControlError> {
        let glance = async |unit: &UnitName| {
            let state = self.observe(unit).await?;
            Ok(Glance {
                load: state.load_state,
                active: state.active.label().to_owned(),
                sub: state.sub,
                job: u32::from(state.job.is_some()),
            })
        };
        let mut all = Vec::new();
        for unit in units {
            all.push(glance(unit).await?);
        }
        Ok(all)
    }

    async fn call(
        &self,
        call: &Call,
        fits: impl FnOnce(&UnitState) -> Result<(), Reason> + Send,
        called: impl FnOnce() + Send,
    ) -> CallEnd {
        let (name, verb) = (call.permit.unit().as_str(), call.permit.verb());
        let asked = (name.to_owned(), verb);
        self.0
            .calls
            .lock()
            .expect("no test panics here")
            .push(asked);
        self.pass(Gate::BeforeCall).await;
        let before = self.seen(name);
        let mut end = CallEnd {
            result: JobResult::NotCalled,
            misfit: fits(&before).err(),
            before: Some(before),
            after: None,
            was_reset: false,
            detail: None,
        };
        if end.misfit.is_some() {
            return end;
        }
        called();
        let next = self.0.results.lock().expect("no panic").pop_front();
        end.result = next.unwrap_or(JobResult::Done);
        if call.resets_failed() && end.result != JobResult::Denied {
            end.was_reset = true;
            self.set(name, |state| state.active = ActiveState::Inactive);
        }
        if !end.result.made_a_job() {
            return end;
        }
        self.set(name, |state| state.job = Some(verb.label().to_owned()));
        self.pass(Gate::InJob).await;
        if end.result == JobResult::Done {
            self.finish_job(name);
        } else {
            self.set(name, |state| state.job = None);
        }
        end.after = Some(self.seen(name));
        end
    }

    fn is_connected(&self) -> bool {
        *self.0.connected.borrow()
    }
}
