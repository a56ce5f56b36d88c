//! One incident's effects, one after the other, in a task of its own.

use super::Engine;
use super::look::is_switching;
use crate::systemd::UnitControl;
use homeostat_policy::log::IncidentId;
use homeostat_policy::machine::{Call, Effect, Input, LastLook, Look};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// What an incident's task does next.
enum Next {
    Look(Look),
    Call(Call, Instant),
    Wait(u64, Duration),
}

/// The task of one incident, as others see it: a place for what it does next.
#[derive(Default)]
pub(super) struct Driver {
    next: Mutex<Option<Next>>,
    news: Notify,
}

impl Driver {
    /// Puts an effect in its place. A newer look or wait replaces an older one, and a call is replaced
    /// by nothing. A wait that finds a look there means that there was news while the incident was
    /// looked at: then it is over at once.
    fn put(&self, effect: Effect) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let new = match (effect, next.as_ref()) {
            (_, Some(Next::Call(..))) => return,
            (Effect::Call(call), _) => Next::Call(call, Instant::now()),
            (Effect::Look(look), _) => Next::Look(look),
            (Effect::Wait { turn, .. }, Some(Next::Look(_))) => Next::Wait(turn, Duration::ZERO),
            (Effect::Wait { turn, time, .. }, _) => Next::Wait(turn, time),
            (Effect::Page | Effect::Answer(_), _) => return,
        };
        *next = Some(new);
        self.news.notify_one();
    }

    /// Waits for what comes next, and takes it. A wait that is replaced is not taken.
    async fn take(&self) -> Next {
        loop {
            let due = {
                let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
                match next.take() {
                    Some(Next::Wait(turn, time)) => Some((turn, time)),
                    Some(other) => return other,
                    None => None,
                }
            };
            match due {
                None => self.news.notified().await,
                Some((turn, time)) => {
                    if tokio::time::timeout(time, self.news.notified())
                        .await
                        .is_err()
                    {
                        return Next::Wait(turn, Duration::ZERO);
                    }
                    // A ring without an effect was for one that was taken already.
                    let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
                    next.get_or_insert(Next::Wait(turn, time));
                }
            }
        }
    }
}

impl<C: UnitControl> Engine<C> {
    /// Begins effects: an incident's in its task, which is made where there is none.
    pub(super) fn dispatch(self: &Arc<Self>, effects: Vec<Effect>) {
        for effect in effects {
            let incident = match &effect {
                Effect::Look(look) => look.incident,
                Effect::Call(call) => call.incident,
                Effect::Wait { incident, .. } => *incident,
                Effect::Page => {
                    self.pages.notify_one();
                    continue;
                }
                Effect::Answer(_) => continue,
            };
            // A call that began before the state was folded anew still runs; its end leads on.
            if matches!(effect, Effect::Look(_)) && self.calls().contains(&incident) {
                continue;
            }
            self.driver(incident).put(effect);
        }
    }

    fn driver(self: &Arc<Self>, id: IncidentId) -> Arc<Driver> {
        let mut drivers = self.drivers();
        if let Some(driver) = drivers.get(&id) {
            return driver.clone();
        }
        let driver = Arc::new(Driver::default());
        drivers.insert(id, driver.clone());
        let task = tokio::spawn(drive(self.clone(), id, driver.clone()));
        tokio::spawn(async move {
            if let Err(error) = task.await {
                // An incident without a driver would wait for ever. The log holds all that is
                // needed for systemd's restart of this process to go on from here.
                tracing::error!(incident_id = id, %error, "a driver failed; starting anew");
                std::process::exit(1);
            }
        });
        driver
    }

    async fn make(self: &Arc<Self>, call: Call, committed: Instant) -> Input {
        self.calls().insert(call.incident);
        let fits = |unit: &_| {
            call.fits(&LastLook {
                unit: Clone::clone(unit),
                switching: is_switching(&self.config.switch_lock),
                is_paused: self.state().history().paused().is_some(),
            })
        };
        let called = || {
            let waited = committed.elapsed().as_secs_f64();
            self.metrics.commit_to_call.observe(waited);
        };
        let end = self.control.call(&call, fits, called).await;
        tracing::info!(
            incident_id = call.incident,
            unit_name = call.permit.unit().as_str(),
            verb = call.permit.verb().label(),
            result = end.result.label(),
            reason = end.misfit.map(|reason| reason.label()),
            detail = end.detail,
            duration_ms = u64::try_from(committed.elapsed().as_millis()).unwrap_or(u64::MAX),
            "{}: {} gave {}",
            call.permit.unit(),
            call.method().name(),
            end.result.label()
        );
        self.calls().remove(&call.incident);
        Input::Called {
            incident: call.incident,
            action: call.action,
            end: Box::new(end),
        }
    }
}

/// Carries out an incident's effects until it is over, or its task was replaced by another.
async fn drive<C: UnitControl>(engine: Arc<Engine<C>>, id: IncidentId, driver: Arc<Driver>) {
    loop {
        let input = match driver.take().await {
            Next::Look(look) => {
                let observation = Box::new(engine.look(&look).await);
                Input::Looked {
                    incident: id,
                    turn: look.turn,
                    events: look.events,
                    observation,
                }
            }
            Next::Call(call, committed) => engine.make(call, committed).await,
            Next::Wait(turn, _) => Input::Due { incident: id, turn },
        };
        if let Err(error) = engine.feed(input).await {
            // When the store is well again the incident gets a task anew.
            tracing::warn!(incident_id = id, %error, "a step was given up");
            return;
        }
        match engine.leave(id, &driver) {
            Leave::Stay => {}
            Leave::Replaced => return,
            Leave::Over => {
                engine.send_trace(id).await;
                return;
            }
        }
    }
}

/// Whether an incident's task goes on.
enum Leave {
    Stay,
    /// The state was folded anew, and another task drives the incident.
    Replaced,
    /// The incident is over.
    Over,
}

impl<C: UnitControl> Engine<C> {
    fn leave(&self, id: IncidentId, driver: &Arc<Driver>) -> Leave {
        let mut drivers = self.drivers();
        let is_ours = drivers.get(&id).is_some_and(|now| Arc::ptr_eq(now, driver));
        if !is_ours {
            return Leave::Replaced;
        }
        if self.state().incident(id).is_some() {
            return Leave::Stay;
        }
        drivers.remove(&id);
        Leave::Over
    }
}
