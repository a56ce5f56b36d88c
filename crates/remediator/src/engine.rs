//! The worker: it carries out what the policy's state machine asks for, and decides nothing.
//!
//! `feed` takes an input through one step and writes its events before any effect; `driver` carries
//! out the effects of one incident, one after the other; `look` reads all that a decision needs;
//! `intake` takes alerts and a person's words, `catch_up` the alerts that a post could not hold; `told`
//! tells what was written; `read` and `sight` answer those who ask; `pulse` feels whether the disk does.

mod catch_up;
mod driver;
mod feed;
mod intake;
mod look;
mod pulse;
mod read;
mod sight;
mod told;

pub use intake::{Accepted, CommandError, IntakeError};
pub use sight::UnitsSeen;

use crate::clock::Clock;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::sources::Witnesses;
use crate::store::{Store, StoreError};
use crate::systemd::UnitControl;
use driver::Driver;
use homeostat_policy::log::{IncidentId, Phase};
use homeostat_policy::machine::{Input, State};
use homeostat_telemetry::PastTraces;
use pulse::Pulse;
use sight::Sight;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// The worker.
pub struct Engine<C> {
    /// The configuration.
    pub config: Config,
    /// The metrics.
    pub metrics: Metrics,
    /// Rung when a page begins or ends.
    pub pages: Notify,
    /// Where the traces of incidents that are over go.
    pub traces: PastTraces,
    /// The host's clocks.
    pub clock: Clock,
    store: Store,
    control: C,
    witnesses: Witnesses,
    sight: Sight,
    /// Whether alerts were left out of a post, and have to be read from Alertmanager.
    missed: AtomicBool,
    state: Mutex<State>,
    drivers: Mutex<HashMap<IncidentId, Arc<Driver>>>,
    /// Incidents whose call this process makes now; it outlives a state that is folded anew.
    calls: Mutex<HashSet<IncidentId>>,
}

impl<C: UnitControl> Engine<C> {
    /// Reads the log and makes the worker. Nothing runs before [`Engine::run`].
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn new(
        config: Config,
        store: Store,
        control: C,
        witnesses: Witnesses,
        metrics: Metrics,
        traces: PastTraces,
        clock: Clock,
    ) -> Result<Arc<Self>, StoreError> {
        let mut state = store.state().await?;
        state.forget_old_actions(&clock.present());
        let engine = Self {
            config,
            metrics,
            pages: Notify::new(),
            traces,
            clock,
            store,
            control,
            witnesses,
            sight: Sight::default(),
            missed: AtomicBool::new(false),
            state: Mutex::new(state),
            drivers: Mutex::default(),
            calls: Mutex::default(),
        };
        engine.update_gauges();
        Ok(Arc::new(engine))
    }

    /// Begins what the log left to do and watches over the store until the process ends. `alive` is
    /// called on every round: it feeds systemd's watchdog. A round waits for no disk.
    pub async fn run(self: Arc<Self>, alive: impl Fn() + Send) {
        self.begin();
        let mut pulse = Pulse::default();
        let (mut upkeep, mut sight, mut missed) = (JoinSet::new(), JoinSet::new(), JoinSet::new());
        let (mut compacted, mut seen) = (None, None::<Instant>);
        loop {
            self.feel(&mut pulse);
            for tasks in [&mut upkeep, &mut sight, &mut missed] {
                if let Some(Err(error)) = tasks.try_join_next() {
                    // A panic there is one here, and ends the process.
                    std::panic::resume_unwind(error.into_panic());
                }
            }
            if sight.is_empty() && seen.is_none_or(|at| at.elapsed() >= sight::EVERY) {
                seen = Some(Instant::now());
                let engine = self.clone();
                sight.spawn(async move { engine.see_units().await });
            }
            if missed.is_empty() && self.is_behind() {
                missed.spawn(self.clone().read_missed());
            }
            if upkeep.is_empty() {
                let hour = self.clock.now().boot_ms / 3_600_000;
                if self.store.has_failed() {
                    upkeep.spawn(self.clone().recover());
                } else if self.store.is_healthy() && compacted != Some(hour) {
                    compacted = Some(hour);
                    upkeep.spawn(self.clone().compact());
                }
            }
            self.update_gauges();
            alive();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Carries out every effect that is due by the state.
    fn begin(self: &Arc<Self>) {
        let planned = self.plan([Input::Start]);
        self.dispatch(planned.effects);
    }

    async fn compact(self: Arc<Self>) {
        let now = self.clock.present();
        match self.store.compact(self.config.retention, &now).await {
            Ok(0) => {}
            Ok(events) => tracing::info!(events, "old incidents deleted"),
            Err(error) => tracing::warn!(%error, "old incidents could not be deleted"),
        }
        self.state().forget_old_actions(&now);
    }

    /// After a failed write the disk alone is believed: the state is folded anew from it, and what
    /// is due begins anew.
    async fn recover(self: Arc<Self>) {
        if let Err(error) = self.store.probe().await {
            self.metrics.store_errors.inc();
            tracing::error!(%error, "no action is taken");
            return;
        }
        match self.store.state().await {
            Ok(mut folded) => {
                folded.forget_old_actions(&self.clock.present());
                {
                    let mut drivers = self.drivers();
                    let mut state = self.state();
                    if self.store.queued() > 0 {
                        // Work of before, to be refused first; the next round goes on.
                        return;
                    }
                    *state = folded;
                    drivers.clear();
                    // Only now, for an alert that joined the state of before would be lost with it.
                    self.store.resume();
                }
                self.begin();
                tracing::info!("the event log is well again");
            }
            Err(error) => {
                self.metrics.store_errors.inc();
                tracing::error!(%error, "the event log cannot be read");
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held leaves at worst an event in the queue that memory
        // lacks; the log is right, and serving goes on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drivers(&self) -> MutexGuard<'_, HashMap<IncidentId, Arc<Driver>>> {
        self.drivers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn calls(&self) -> MutexGuard<'_, HashSet<IncidentId>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings the gauges up to date.
    pub fn update_gauges(&self) {
        let now = self.clock.present();
        let (open, pages, paused, left) = {
            let state = self.state();
            let history = state.history();
            (
                state.open().count(),
                state.open().filter(|i| i.phase == Phase::Paged).count(),
                history.paused().is_some(),
                history.budget_left(self.config.rules.budget(), &now),
            )
        };
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let units = self.units().units;
        let unknown = units.iter().filter(|(_, state)| state.is_none()).count();
        self.metrics.units_unknown.set(number(unknown));
        self.metrics.incidents_open.set(number(open));
        self.metrics.pages_active.set(number(pages));
        self.metrics.paused.set(i64::from(paused));
        self.metrics.budget_remaining.set(i64::from(left));
        self.metrics
            .store_healthy
            .set(i64::from(self.store.is_healthy()));
        self.metrics
            .bus_connected
            .set(i64::from(self.control.is_connected()));
    }
}
