//! Alerts and a person's words come in.

use super::Engine;
use crate::store::StoreError;
use crate::systemd::UnitControl;
use homeostat_policy::alert::Alert;
use homeostat_policy::alert::wire::Webhook;
use homeostat_policy::machine::{Answer, Command, Input, Refusal};
use serde::Serialize;
use std::sync::Arc;

/// The most events that may wait for the disk before posts are turned away.
const MOST_QUEUED: usize = 50_000;

/// What became of a post's alerts.
#[derive(Debug, Default, Serialize)]
pub struct Accepted {
    /// News, on disk.
    pub accepted: u64,
    /// Seen before, on disk.
    pub duplicates: u64,
    /// Not taken, each with its place and reason.
    pub rejected: Vec<Rejected>,
}

/// An alert that was not taken.
#[derive(Debug, Serialize)]
pub struct Rejected {
    /// Its place in the post, from 0.
    pub index: usize,
    /// Why.
    pub reason: String,
}

/// Why a post was not taken.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// It is not a payload.
    #[error("not an Alertmanager payload: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Too much waits for the disk.
    #[error("too many events wait for the disk; send again")]
    Full,
    /// The disk did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a person's word was not taken.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It does not fit what is.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The disk did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<C: UnitControl> Engine<C> {
    /// Takes a post of Alertmanager. When it returns, every alert in it is on disk.
    ///
    /// # Errors
    /// When the post is no payload, or could not be written. Nothing of it is acted on then.
    pub async fn accept(self: &Arc<Self>, body: &[u8]) -> Result<Accepted, IntakeError> {
        let at = self.clock.now();
        let webhook: Webhook<'_> = serde_json::from_slice(body)?;
        let mut rejected = Vec::new();
        let mut alerts = Vec::with_capacity(webhook.alerts.len());
        for (index, json) in webhook.alerts.iter().enumerate() {
            match Alert::parse(json.get(), &at) {
                Ok(alert) => alerts.push(Input::Alert(Box::new(alert))),
                Err(error) => rejected.push(Rejected {
                    index,
                    reason: error.to_string(),
                }),
            }
        }
        if let Some(first) = rejected.first() {
            tracing::warn!(
                alerts = rejected.len(),
                "alerts of a post were not taken; the first, number {}: {}",
                first.index,
                first.reason
            );
        }
        let count = u64::try_from(rejected.len()).unwrap_or(u64::MAX);
        let accepted = self.take(alerts).await?;
        self.metrics.alerts_rejected.inc_by(count);
        if webhook.truncated_alerts.is_some_and(|count| count > 0) {
            self.catch_up();
        }
        Ok(Accepted {
            rejected,
            ..accepted
        })
    }

    /// Takes alerts. When it returns, they are on disk.
    ///
    /// # Errors
    /// When they could not be written. None of them is acted on then.
    pub(super) async fn take(
        self: &Arc<Self>,
        alerts: Vec<Input>,
    ) -> Result<Accepted, IntakeError> {
        if !self.store.is_healthy() {
            return Err(IntakeError::Store(match self.store.has_failed() {
                true => StoreError::Write,
                false => StoreError::Stalled,
            }));
        }
        if self.store.queued() > MOST_QUEUED {
            return Err(IntakeError::Full);
        }
        let mut accepted = Accepted::default();
        for answer in self.answers(alerts).await? {
            match answer {
                Answer::Accepted => accepted.accepted += 1,
                _ => accepted.duplicates += 1,
            }
        }
        self.metrics.alerts_new.inc_by(accepted.accepted);
        self.metrics.alerts_duplicate.inc_by(accepted.duplicates);
        Ok(accepted)
    }

    /// Takes inputs all the way, and gives their answers when they are true.
    ///
    /// It goes on when whoever asks hangs up: what is on disk must be carried out all the same.
    async fn answers(self: &Arc<Self>, inputs: Vec<Input>) -> Result<Vec<Answer>, StoreError> {
        let planned = self.plan(inputs);
        let answers = planned.answers();
        if planned.ticket.is_some() {
            let carried = tokio::spawn(self.clone().carry_out(planned));
            let written = async { carried.await.unwrap_or(Err(StoreError::Write)) };
            self.store.unless_stalled(written).await?;
        } else if self.store.queued() > 0 {
            // What is known may still be on its way to the disk.
            self.store.settled().await?;
        }
        Ok(answers)
    }

    /// Takes a person's word. When it returns, it is on disk.
    ///
    /// # Errors
    /// When it does not fit what is, or cannot be written.
    pub async fn command(self: &Arc<Self>, command: Command) -> Result<(), CommandError> {
        let answers = self.answers(vec![Input::Command(command)]).await?;
        self.update_gauges();
        match answers.first() {
            Some(Answer::Refused(refusal)) => Err((*refusal).into()),
            _ => Ok(()),
        }
    }
}
