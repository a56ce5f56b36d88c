//! The worker: it owns the state, writes every event before its effect, and
//! drives each open incident in a task of its own.
//!
//! `intake` takes alerts and a person's words, `drive` takes an incident from
//! one step to the next. Everything that decides is in the policy crate.

mod drive;
mod intake;
mod judge;
mod record;

pub use intake::{Accepted, AcknowledgeError, IntakeError};

use crate::clock;
use crate::config::Config;
use crate::evidence::Witnesses;
use crate::metrics::Metrics;
use crate::state::{Loaded, MEMORY_OF_ALERTS, State};
use crate::store::{Store, StoreError, Ticket};
use crate::systemd::UnitControl;
use homeostat_policy::event::{Entry, Event, IncidentId};
use homeostat_policy::incident::Incident;
use homeostat_policy::moment::Moment;
use homeostat_policy::rules::Rules;
use homeostat_telemetry::PastTraces;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

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
    store: Store,
    control: C,
    witnesses: Witnesses,
    state: Mutex<State>,
    /// Locked before the state, where both are.
    drivers: Mutex<HashMap<IncidentId, Arc<Notify>>>,
    /// Incidents whose action this process is carrying out now.
    calls: Mutex<HashSet<IncidentId>>,
}

/// Why a step was given up: what it wanted to write is not on disk, or the state was rebuilt
/// meanwhile. The incident is driven anew from what the log says.
#[derive(Debug, thiserror::Error)]
pub enum Abandoned {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state was rebuilt from disk.
    #[error("the state was rebuilt")]
    Rebuilt,
}

async fn load(store: &Store, rules: &Rules) -> Result<Loaded, StoreError> {
    let longest = rules
        .all()
        .iter()
        .map(|r| r.attempts_window.max(r.cooldown).as_secs())
        .chain([rules.budget().window_seconds])
        .max()
        .unwrap_or(0);
    let since = clock::now().wall_ms - i64::try_from(longest).unwrap_or(i64::MAX / 2_000) * 1_000;
    Ok(Loaded {
        open: store.open_incidents().await?,
        history: store.history(since).await?,
        episodes: store
            .episodes(i64::try_from(MEMORY_OF_ALERTS).unwrap_or(i64::MAX))
            .await?,
        last_incident: store.last_incident().await?,
    })
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
    ) -> Result<Arc<Self>, StoreError> {
        let state = State::rebuild(load(&store, &config.rules).await?, 0);
        let engine = Self {
            config,
            metrics,
            pages: Notify::new(),
            traces,
            store,
            control,
            witnesses,
            state: Mutex::new(state),
            drivers: Mutex::new(HashMap::new()),
            calls: Mutex::default(),
        };
        engine.update_gauges();
        Ok(Arc::new(engine))
    }

    /// Drives the open incidents and watches over the store until the process ends. `alive` is
    /// called on every round, and a round does not end before the store has answered: it feeds
    /// systemd's watchdog.
    pub async fn run(self: Arc<Self>, alive: impl Fn() + Send) {
        self.drive_all();
        let mut compacted = None;
        loop {
            if self.store.is_healthy() {
                let hour = clock::now().boot_ms / 3_600_000;
                if compacted != Some(hour) {
                    compacted = Some(hour);
                    self.compact().await;
                }
            } else {
                self.recover().await;
            }
            self.update_gauges();
            alive();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn compact(&self) {
        let now = clock::now();
        match self.store.compact(self.config.retention, &now).await {
            Ok(0) => {}
            Ok(events) => tracing::info!(events, "old incidents deleted"),
            Err(error) => tracing::warn!(%error, "old incidents could not be deleted"),
        }
        let keep = Duration::from_secs(14 * 24 * 3600);
        self.state().history.forget(keep, &now);
    }

    /// After a failed write the disk alone is believed: the state is rebuilt from it, and all
    /// incidents are driven anew.
    async fn recover(self: &Arc<Self>) {
        if let Err(error) = self.store.probe().await {
            self.metrics.store_errors.inc();
            tracing::error!(%error, "no action is taken");
            return;
        }
        match load(&self.store, &self.config.rules).await {
            Ok(loaded) => {
                let mut drivers = self.drivers();
                let mut state = self.state();
                if self.store.queued() > 0 {
                    // Work of before the rebuild, to be refused first; the next round goes on.
                    return;
                }
                *state = State::rebuild(loaded, state.generation + 1);
                drivers.clear();
                // Only now, for an alert that joined the state of before would be lost with it.
                self.store.resume();
                drop(state);
                drop(drivers);
                self.drive_all();
                tracing::info!("the event log is well again");
            }
            Err(error) => {
                self.metrics.store_errors.inc();
                tracing::error!(%error, "the event log cannot be read");
            }
        }
    }

    fn drive_all(self: &Arc<Self>) {
        let ids: Vec<IncidentId> = self.state().open().map(|i| i.id).collect();
        for id in ids {
            self.wake(id);
        }
    }

    /// Wakes the incident's driver, or starts one.
    fn wake(self: &Arc<Self>, id: IncidentId) {
        let mut drivers = self.drivers();
        // Read under the lock of the drivers, as a rebuild changes both.
        let generation = self.state().generation;
        if let Some(driver) = drivers.get(&id) {
            driver.notify_one();
            return;
        }
        let notify = Arc::new(Notify::new());
        drivers.insert(id, notify.clone());
        let driver = tokio::spawn(drive::drive(self.clone(), id, generation, notify));
        tokio::spawn(async move {
            if let Err(error) = driver.await {
                // An incident without a driver would wait for ever. The log holds all that is
                // needed for systemd's restart of this process to go on from here.
                tracing::error!(incident_id = id, %error, "a driver failed; starting anew");
                std::process::exit(1);
            }
        });
    }

    fn wake_all(self: &Arc<Self>) {
        for driver in self.drivers().values() {
            driver.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held leaves at worst an event in the queue that memory
        // lacks; the log is right, and serving goes on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drivers(&self) -> MutexGuard<'_, HashMap<IncidentId, Arc<Notify>>> {
        self.drivers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn calls(&self) -> MutexGuard<'_, HashSet<IncidentId>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, unless it was rebuilt since `generation`.
    fn state_of(&self, generation: u64) -> Result<MutexGuard<'_, State>, Abandoned> {
        let state = self.state();
        if state.generation == generation {
            Ok(state)
        } else {
            Err(Abandoned::Rebuilt)
        }
    }

    /// Applies events to the state and queues them for the disk, in one order.
    fn append(&self, state: &mut State, entries: Vec<Entry>) -> Ticket {
        for entry in &entries {
            state.apply(entry);
        }
        self.store.append(entries)
    }

    /// Records events about one incident and waits until they are on disk.
    async fn record(
        &self,
        id: IncidentId,
        generation: u64,
        events: Vec<Event>,
    ) -> Result<(), Abandoned> {
        let entries = entries(id, clock::now(), events);
        let ticket = self.append(&mut *self.state_of(generation)?, entries);
        self.durable(&ticket).await?;
        Ok(())
    }

    async fn durable(&self, ticket: &Ticket) -> Result<(), StoreError> {
        let written = ticket.durable().await;
        if written.is_err() {
            self.metrics.store_errors.inc();
        }
        written
    }

    /// Brings the gauges up to date.
    pub fn update_gauges(&self) {
        let now = clock::now();
        let (open, pages, paused, left) = {
            let state = self.state();
            let pages = state.open().filter(|i| is_paged(i)).count();
            let left = state.history.budget_left(self.config.rules.budget(), &now);
            let paused = state.history.paused().is_some();
            (state.open().count(), pages, paused, left)
        };
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
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

/// Events about one incident in their place in the log.
fn entries(incident: IncidentId, at: Moment, events: Vec<Event>) -> Vec<Entry> {
    let entry = |event| Entry {
        incident,
        at,
        event,
    };
    events.into_iter().map(entry).collect()
}

/// Whether a person is called and has not answered.
fn is_paged(incident: &Incident) -> bool {
    matches!(incident.phase, homeostat_policy::incident::Phase::Paged)
}
