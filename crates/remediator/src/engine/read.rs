//! What those who ask are shown.

use super::Engine;
use crate::store::StoreError;
use crate::systemd::UnitControl;
use crate::trace;
use homeostat_policy::log::{Entry, Incident, IncidentId, Moment};

impl<C: UnitControl> Engine<C> {
    /// What the person said who paused, while paused.
    pub fn paused(&self) -> Option<String> {
        self.state().history().paused().map(str::to_owned)
    }

    /// Since when remedies are paused, while they are.
    pub fn paused_since(&self) -> Option<Moment> {
        self.state().history().paused_since()
    }

    /// How many actions the host-wide budget still allows.
    pub fn budget_left(&self) -> u32 {
        self.state()
            .history()
            .budget_left(self.config.rules.budget(), &self.clock.present())
    }

    /// The open incidents for which a person is called or has answered, oldest first.
    pub fn pages(&self) -> Vec<Incident> {
        self.state().pages().cloned().collect()
    }

    /// The newest open incidents, newest first, and no more than `most` of them.
    pub fn newest_open(&self, most: usize) -> Vec<Incident> {
        self.state().open().rev().take(most).cloned().collect()
    }

    /// The events of one incident, with those that memory shows already.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn events(&self, id: IncidentId) -> Result<Vec<Entry>, StoreError> {
        // How the writes before went is told to those who queued them.
        let _ = self.store.settled().await;
        self.store.incident(id).await
    }

    /// The events of the newest `closed` incidents that were closed, and of the newest `refused`
    /// alerts that were refused. Whoever lists the open ones too asks for those first: an incident that
    /// ends in between is then in both lists, and never in neither.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn ended(&self, closed: u16, refused: u16) -> Result<Vec<Entry>, StoreError> {
        // How the writes before went is told to those who queued them.
        let _ = self.store.settled().await;
        let mut entries = self.store.closed(closed).await?;
        entries.extend(self.store.refused(refused).await?);
        Ok(entries)
    }

    /// Whether the event log takes events, and whether the bus answers.
    pub fn health(&self) -> (bool, bool) {
        (self.store.is_healthy(), self.control.is_connected())
    }

    /// Hands on what happened, now that it is over. A trace that is lost is still in the event log.
    pub(super) async fn send_trace(&self, id: IncidentId) {
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
