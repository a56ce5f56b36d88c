//! One incident, from step to step: look, decide, write, act, write, judge.

use super::record::{patience, record_of, subject};
use super::{Abandoned, Engine, entries};
use crate::clock;
use crate::switch;
use crate::systemd::UnitControl;
use crate::trace;
use homeostat_policy::decide::{Decision, clearances, decide};
use homeostat_policy::event::{Event, IncidentId};
use homeostat_policy::incident::Incident;
use homeostat_policy::observation::{Fact, Observation};
use homeostat_policy::rules::Permit;
use homeostat_policy::unit::JobResult;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// What comes after a step.
pub(super) enum Next {
    /// Another step at once.
    Again,
    /// Another step after this time, or when there is news.
    Wait(Duration),
    /// This step ended the incident.
    Ended,
    /// The incident is over.
    Over,
}

pub(super) const SOON: Duration = Duration::from_secs(1);
pub(super) const LATER: Duration = Duration::from_secs(5);

/// Takes the incident from step to step until it is over or its state was rebuilt.
pub(super) async fn drive<C: UnitControl>(
    engine: Arc<Engine<C>>,
    id: IncidentId,
    generation: u64,
    news: Arc<Notify>,
) {
    loop {
        match engine.step(id, generation).await {
            Ok(Next::Again) => {}
            Ok(Next::Wait(time)) => {
                // A time-out and news both lead to the next step.
                let _ = tokio::time::timeout(time, news.notified()).await;
            }
            Ok(next @ (Next::Ended | Next::Over)) => {
                if engine.state().generation == generation {
                    engine.drivers().remove(&id);
                }
                engine.pages.notify_one();
                if matches!(next, Next::Ended) {
                    engine.send_trace(id).await;
                }
                return;
            }
            Err(reason) => {
                // The recovery of the store drives the incident anew.
                let trace_id = engine.state().incident(id).map(trace::id);
                tracing::warn!(incident_id = id, trace_id, %reason, "step given up");
                return;
            }
        }
    }
}

impl<C: UnitControl> Engine<C> {
    async fn step(self: &Arc<Self>, id: IncidentId, generation: u64) -> Result<Next, Abandoned> {
        let Some(incident) = self.state().incident(id).cloned() else {
            return Ok(Next::Over);
        };
        let open_action = incident.last_action().filter(|a| a.verdict.is_none());
        match open_action {
            // Its end is not unknown: a call that began before the state was rebuilt still runs.
            Some(action) if action.ended.is_none() && self.calls().contains(&id) => {
                Ok(Next::Wait(SOON))
            }
            Some(action) if action.ended.is_none() => {
                self.examine(&incident, action, generation).await
            }
            Some(action) => self.judge(&incident, action, generation).await,
            None => self.decide(&incident, generation).await,
        }
    }

    pub(super) async fn observe(&self, incident: &Incident, also_cleared: bool) -> Observation {
        let unit = async {
            match &incident.unit {
                Some(unit) => self.control.observe(unit).await.into(),
                None => Fact::Unknown,
            }
        };
        let alerts = self
            .witnesses
            .ask(incident, &self.config.rules, also_cleared);
        let (unit, alerts) = tokio::join!(unit, alerts);
        // Looked at last: systemd refuses a call that would clash with a job, but nobody refuses one
        // for a switch that began while the others were asked.
        let switching = switch::is_running(&self.config.switch_lock);
        if let Err(error) = &switching {
            tracing::debug!(%error, "it cannot be told whether a switch is under way");
        }
        Observation {
            unit,
            alerts,
            switching: switching.into(),
        }
    }

    async fn decide(
        self: &Arc<Self>,
        incident: &Incident,
        generation: u64,
    ) -> Result<Next, Abandoned> {
        let id = incident.id;
        let observation = self.observe(incident, false).await;
        let now = clock::now();
        let gone = clearances(incident, &observation, &self.config.rules, &now);
        if !gone.is_empty() {
            let ticket = {
                let mut state = self.state_of(generation)?;
                let Some(current) = state.incident(id) else {
                    return Ok(Next::Over);
                };
                // An alert that fired again during the look was not looked at.
                let cleared = gone
                    .into_iter()
                    .filter(|f| current.evidence.get(f) == incident.evidence.get(f))
                    .map(|fingerprint| Event::Cleared { fingerprint })
                    .collect();
                self.append(&mut state, entries(id, now, cleared))
            };
            self.durable(&ticket).await?;
            return Ok(Next::Again);
        }
        // The decision and its record are one step under the lock, so that two incidents cannot
        // both spend the last of the budget.
        let (decision, ticket) = {
            let mut state = self.state_of(generation)?;
            let Some(incident) = state.incident(id).cloned() else {
                return Ok(Next::Over);
            };
            // One action in flight: an action without a verdict is judged first.
            if incident.last_action().is_some_and(|a| a.verdict.is_none()) {
                return Ok(Next::Again);
            }
            let decision = decide(
                &incident,
                &observation,
                &state.history,
                &self.config.rules,
                &now,
            );
            let events = record_of(&incident, &decision, &observation);
            if events.is_empty() {
                return Ok(Next::Wait(patience(&decision)));
            }
            (decision, self.append(&mut state, entries(id, now, events)))
        };
        self.durable(&ticket).await?;
        let committed = Instant::now();
        self.metrics.decision(decision.kind(), decision.reason());
        tracing::info!(
            incident_id = id,
            trace_id = trace::id(incident),
            unit_name = incident.unit.as_ref().map(|u| u.as_str()),
            decision = decision.kind().label(),
            reason = decision.reason().label(),
            verb = decision.verb().map(|v| v.label()),
            "{}: decided to {}: {}",
            subject(incident),
            decision
                .verb()
                .map_or(decision.kind().label(), |v| v.label()),
            decision.reason().sentence()
        );
        match decision {
            Decision::Act { permit, number, .. } => {
                self.calls().insert(id);
                let next = self.act(incident, &permit, number, committed).await;
                self.calls().remove(&id);
                next
            }
            Decision::Escalate { .. } => {
                self.pages.notify_one();
                Ok(Next::Wait(SOON))
            }
            Decision::End { .. } => Ok(Next::Ended),
            Decision::Hold { .. } => Ok(Next::Wait(patience(&decision))),
        }
    }

    async fn act(
        self: &Arc<Self>,
        incident: &Incident,
        permit: &Permit,
        number: u32,
        committed: Instant,
    ) -> Result<Next, Abandoned> {
        let end = self
            .control
            .run(permit, || {
                self.metrics
                    .commit_to_call
                    .observe(committed.elapsed().as_secs_f64());
            })
            .await;
        tracing::info!(
            incident_id = incident.id,
            trace_id = trace::id(incident),
            unit_name = permit.unit().as_str(),
            verb = permit.verb().label(),
            result = end.result.label(),
            detail = end.detail,
            duration_ms = u64::try_from(committed.elapsed().as_millis()).unwrap_or(u64::MAX),
            "{}: {} job {}",
            permit.unit(),
            permit.verb().label(),
            end.result.label()
        );
        if end.result == JobResult::Unknown {
            // The intent stays unfinished, and the next step examines it.
            return Ok(Next::Wait(SOON));
        }
        self.metrics.action(permit.verb(), end.result);
        let ended = Event::JobEnded {
            action: number,
            result: end.result,
            invocation_after: end.invocation_after,
            examined: false,
        };
        // The intent is on disk, so this is true of the state whether it was rebuilt or not.
        let generation = self.state().generation;
        self.record(incident.id, generation, vec![ended]).await?;
        // What kept the call from arriving needs a moment to pass.
        Ok(match end.result {
            JobResult::NotCalled | JobResult::Refused => Next::Wait(SOON),
            _ => Next::Again,
        })
    }

    /// Hands on what happened, now that it is over. A trace that is lost is still in the event log.
    async fn send_trace(&self, id: IncidentId) {
        if !self.traces.is_on() {
            return;
        }
        match self.store.incident(id).await {
            Ok(entries) => {
                if let Some((trace_id, root, phases)) = trace::of(&entries) {
                    self.traces.send(trace_id, root, phases);
                }
            }
            Err(error) => tracing::warn!(incident_id = id, %error, "no trace of the incident"),
        }
    }
}
