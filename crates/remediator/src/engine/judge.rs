//! What became of an action: an unfinished one is examined, a finished one judged.

use super::drive::{Next, SOON};
use super::record::subject;
use super::{Abandoned, Engine, entries};
use crate::clock;
use crate::journal;
use crate::systemd::UnitControl;
use crate::trace;
use homeostat_policy::alert::Source;
use homeostat_policy::event::{End, Event};
use homeostat_policy::incident::{Action, Incident};
use homeostat_policy::outcome::{Assessment, Verdict, assess, examine};
use homeostat_policy::unit::JobResult;
use std::time::Duration;

/// A call that did not arrive is told from one that still waits for polkit, or whose job systemd is
/// about to log, only after this time: systemd gives polkit 25 seconds to answer.
const CALL_DELAY: Duration = Duration::from_secs(30);

/// After this time an unfinished intent is not examined any more: nobody will know.
const EXAMINE_FOR: Duration = Duration::from_secs(900);

impl<C: UnitControl> Engine<C> {
    /// Finds out what became of an intent whose end was not recorded.
    pub(super) async fn examine(
        &self,
        incident: &Incident,
        action: &Action,
        generation: u64,
    ) -> Result<Next, Abandoned> {
        let Some(unit) = &incident.unit else {
            return Ok(Next::Over);
        };
        let state = self.control.observe(unit).await;
        let since = clock::now().since(&action.intent);
        let found = match &state {
            Ok(state) => {
                let jobs = journal::job_records(unit, action.intent.wall_ms).await;
                if let Err(error) = &jobs {
                    tracing::warn!(%error, "the journal cannot tell how a job ended");
                }
                examine(action, state, &jobs.into())
            }
            Err(_) => None,
        };
        let result = match found {
            Some(JobResult::NotCalled) if since < CALL_DELAY => return Ok(Next::Wait(SOON)),
            Some(result) => result,
            None if since < EXAMINE_FOR => return Ok(Next::Wait(SOON)),
            None => JobResult::Unknown,
        };
        tracing::info!(
            incident_id = incident.id,
            trace_id = trace::id(incident),
            unit_name = unit.as_str(),
            result = result.label(),
            "{unit}: the unfinished {} was examined: {}",
            action.verb.label(),
            result.label()
        );
        self.metrics.action(action.verb, result);
        let ended = Event::JobEnded {
            action: action.number,
            result,
            invocation_after: state.ok().map(|s| s.invocation_id),
            examined: true,
        };
        self.record(incident.id, generation, vec![ended]).await?;
        Ok(Next::Again)
    }

    /// Watches the effect of the newest action and gives the verdict.
    pub(super) async fn judge(
        &self,
        incident: &Incident,
        action: &Action,
        generation: u64,
    ) -> Result<Next, Abandoned> {
        let observation = self.observe(incident, true).await;
        let now = clock::now();
        let rules = &self.config.rules;
        let (verdict, reason) = match assess(incident, action, rules, &observation, &now) {
            Assessment::Wait => return Ok(Next::Wait(SOON)),
            Assessment::Settled(verdict, reason) => (verdict, reason),
        };
        let mut events = vec![Event::Verdict {
            action: action.number,
            verdict,
            reason,
            observation,
        }];
        let is_over = verdict == Verdict::Fixed;
        let ticket = {
            let mut state = self.state_of(generation)?;
            let Some(current) = state.incident(incident.id) else {
                return Ok(Next::Over);
            };
            if is_over {
                if !was_seen_whole(incident, current) {
                    return Ok(Next::Again);
                }
                let clear = |(fingerprint, _)| Event::Cleared { fingerprint };
                events.extend(current.live().into_iter().map(clear));
                events.push(Event::Closed { end: End::Fixed });
            }
            self.append(&mut state, entries(incident.id, now, events))
        };
        self.durable(&ticket).await?;
        self.metrics.verdict(verdict);
        self.metrics
            .time_to_verdict
            .observe(now.since(&action.intent).as_secs_f64());
        tracing::info!(
            incident_id = incident.id,
            trace_id = trace::id(incident),
            unit_name = incident.unit.as_ref().map(|u| u.as_str()),
            verdict = verdict.label(),
            reason = reason.label(),
            "{}: {} is {}: {}",
            subject(incident),
            action.verb.label(),
            verdict.label(),
            reason.sentence()
        );
        Ok(if is_over { Next::Ended } else { Next::Again })
    }
}

/// Whether every alert of Alertmanager that is part of the incident now was part of it at the look.
fn was_seen_whole(looked_at: &Incident, current: &Incident) -> bool {
    current
        .evidence
        .iter()
        .filter(|(_, e)| e.source == Source::Alertmanager)
        .all(|(f, e)| looked_at.evidence.get(f) == Some(e))
}
