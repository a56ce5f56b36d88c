//! Alerts and a person's words come in.

use super::Engine;
use crate::clock;
use crate::state::Taken;
use crate::store::{StoreError, Ticket};
use crate::systemd::{ControlError, UnitControl};
use crate::trace;
use homeostat_policy::alert::Alert;
use homeostat_policy::event::{DecisionKind, Entry, Event, IncidentId};
use homeostat_policy::incident::{Incident, Phase};
use homeostat_policy::moment::Moment;
use homeostat_policy::observation::UnitState;
use homeostat_policy::unit::UnitName;
use homeostat_policy::wire::Webhook;
use serde::Serialize;
use std::collections::BTreeSet;
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

/// Why an acknowledgement was not taken.
#[derive(Debug, thiserror::Error)]
pub enum AcknowledgeError {
    /// No such open incident.
    #[error("no open incident has this number")]
    NotOpen,
    /// Nobody is called for it, or a person has answered already.
    #[error("no unanswered page stands for this incident; there is nothing to acknowledge")]
    NotPaged,
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
        let at = clock::now();
        let webhook: Webhook<'_> = serde_json::from_slice(body)?;
        if webhook.truncated_alerts > 0 {
            tracing::warn!(
                alerts = webhook.truncated_alerts,
                "Alertmanager left alerts out; remove max_alerts from the receiver"
            );
        }
        let mut result = Accepted::default();
        let mut alerts = Vec::with_capacity(webhook.alerts.len());
        for (index, json) in webhook.alerts.iter().enumerate() {
            match Alert::parse(json.get(), &at) {
                Ok(alert) => alerts.push(alert),
                Err(error) => result.rejected.push(Rejected {
                    index,
                    reason: error.to_string(),
                }),
            }
        }
        if !self.store.is_healthy() {
            return Err(IntakeError::Store(StoreError::Write));
        }
        if self.store.queued() > MOST_QUEUED {
            return Err(IntakeError::Full);
        }
        let (tickets, news) = self.take(alerts, &mut result);
        // Woken before the wait: whoever sent this may hang up meanwhile, and what is on disk must
        // be driven all the same. A driver's own events queue behind these.
        for id in news {
            self.wake(id);
        }
        for ticket in &tickets {
            self.durable(ticket).await?;
        }
        self.metrics.alerts_new.inc_by(result.accepted);
        self.metrics.alerts_duplicate.inc_by(result.duplicates);
        self.metrics
            .alerts_rejected
            .inc_by(u64::try_from(result.rejected.len()).unwrap_or(u64::MAX));
        Ok(result)
    }

    /// Takes note of the alerts, queues their events in one batch, and gives the tickets to wait
    /// for and the open incidents that have news.
    fn take(
        &self,
        alerts: Vec<Alert>,
        result: &mut Accepted,
    ) -> (Vec<Ticket>, BTreeSet<IncidentId>) {
        let at = clock::now();
        let mut tickets = Vec::new();
        let mut entries = Vec::new();
        let mut episodes = Vec::new();
        let mut state = self.state();
        for alert in alerts {
            let episode = alert.episode();
            // The same alert twice in one post: the second is a re-send of the first.
            if episodes.contains(&episode) {
                result.duplicates += 1;
                continue;
            }
            match state.take(alert, &self.config.rules, at) {
                Taken::Again(ticket) => {
                    result.duplicates += 1;
                    tickets.extend(ticket.filter(|t| !t.is_durable()));
                }
                Taken::News(news) => {
                    result.accepted += 1;
                    episodes.push(episode);
                    entries.extend(news);
                }
            }
        }
        let mut news = BTreeSet::new();
        if !entries.is_empty() {
            for entry in &entries {
                match &entry.event {
                    Event::Refused { reason, .. } => {
                        self.metrics.decision(DecisionKind::Refuse, *reason);
                    }
                    _ => {
                        news.insert(entry.incident);
                    }
                }
            }
            let ticket = self.store.append(entries);
            for episode in episodes {
                state.remember(episode, Some(ticket.clone()));
            }
            tickets.push(ticket);
        }
        (tickets, news)
    }

    /// Stops all remedies until [`Engine::resume`]. What is in flight runs to its end.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn pause(self: &Arc<Self>, reason: String) -> Result<(), StoreError> {
        tracing::warn!(reason, "remedies paused");
        self.record_for_host(Event::Paused { reason }).await
    }

    /// Lets remedies go on.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn resume(self: &Arc<Self>, reason: String) -> Result<(), StoreError> {
        tracing::info!(reason, "remedies resumed");
        self.record_for_host(Event::Resumed { reason }).await
    }

    async fn record_for_host(self: &Arc<Self>, event: Event) -> Result<(), StoreError> {
        let entry = Entry {
            incident: 0,
            at: clock::now(),
            event,
        };
        let ticket = self.append(&mut self.state(), vec![entry]);
        self.durable(&ticket).await?;
        self.update_gauges();
        self.wake_all();
        Ok(())
    }

    /// Notes that a person answers for an incident: its page ends, and its alerts stay muted for
    /// people until it closes.
    ///
    /// # Errors
    /// When the incident is not open, nobody was called, or it cannot be written.
    pub async fn acknowledge(
        self: &Arc<Self>,
        id: IncidentId,
        reason: String,
    ) -> Result<(), AcknowledgeError> {
        let ticket = {
            let mut state = self.state();
            let incident = state.incident(id).ok_or(AcknowledgeError::NotOpen)?;
            if incident.phase != Phase::Paged {
                return Err(AcknowledgeError::NotPaged);
            }
            let trace_id = trace::id(incident);
            tracing::info!(incident_id = id, trace_id, reason, "page acknowledged");
            let entry = Entry {
                incident: id,
                at: clock::now(),
                event: Event::Acknowledged { reason },
            };
            self.append(&mut state, vec![entry])
        };
        self.durable(&ticket).await?;
        self.pages.notify_one();
        self.wake(id);
        Ok(())
    }

    /// What the person said who paused, while paused.
    pub fn paused(&self) -> Option<String> {
        self.state().history.paused().map(str::to_owned)
    }

    /// Since when remedies are paused, while they are.
    pub fn paused_since(&self) -> Option<Moment> {
        self.state().history.paused_since()
    }

    /// How many actions the host-wide budget still allows.
    pub fn budget_left(&self) -> u32 {
        self.state()
            .history
            .budget_left(self.config.rules.budget(), &clock::now())
    }

    /// The open incidents, oldest first.
    pub fn open_incidents(&self) -> Vec<Incident> {
        self.state().open().cloned().collect()
    }

    /// The newest open incidents, newest first, and no more than `most` of them.
    pub fn newest_open(&self, most: usize) -> Vec<Incident> {
        self.state().open().rev().take(most).cloned().collect()
    }

    /// Incidents that closed and whose page Alertmanager must still be told is over.
    pub fn take_ended_pages(&self) -> Vec<Incident> {
        std::mem::take(&mut self.state().ended_pages)
    }

    /// Puts such incidents back, for Alertmanager did not answer.
    pub fn return_ended_pages(&self, incidents: Vec<Incident>) {
        self.state().ended_pages.extend(incidents);
    }

    /// The events of one incident, with those that memory shows already.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn events(&self, id: IncidentId) -> Result<Vec<Entry>, StoreError> {
        self.store.settled().await;
        self.store.incident(id).await
    }

    /// The events of the newest `closed` incidents that were closed, and of the newest `refused`
    /// alerts that were refused. Whoever lists the open ones too asks for those first: an incident that
    /// ends in between is then in both lists, and never in neither.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn ended(&self, closed: u16, refused: u16) -> Result<Vec<Entry>, StoreError> {
        self.store.settled().await;
        let mut entries = self.store.closed(closed).await?;
        entries.extend(self.store.refused(refused).await?);
        Ok(entries)
    }

    /// A unit's state, for the page.
    ///
    /// # Errors
    /// When systemd cannot be asked.
    pub async fn unit(&self, unit: &UnitName) -> Result<UnitState, ControlError> {
        self.control.observe(unit).await
    }

    /// Whether the event log takes events, and whether the bus answers.
    pub fn health(&self) -> (bool, bool) {
        (self.store.is_healthy(), self.control.is_connected())
    }
}
