//! What those who ask are shown.

use super::Engine;
use crate::store::{Ended, Part, StoreError, Story};
use crate::systemd::UnitControl;
use crate::trace;
use homeostat_policy::log::{Incident, IncidentId, Moment};

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

    /// The newest open incidents with a number below `before`, newest first, and no more than `most` of them.
    pub fn newest_open(&self, before: IncidentId, most: usize) -> Vec<Incident> {
        let state = self.state();
        let open = state.open().rev().filter(|incident| incident.id < before);
        open.take(most).cloned().collect()
    }

    /// The stories of these incidents, oldest first, with all that memory shows already.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn stories(&self, incidents: &[IncidentId]) -> Result<Vec<Story>, StoreError> {
        // How the writes before went is told to those who queued them.
        let _ = self.store.settled().await;
        self.store.stories(incidents, true).await
    }

    /// One incident with a part of its events, with those that memory shows already.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn part(
        &self,
        incident: IncidentId,
        after: u32,
        most: u16,
        most_bytes: usize,
    ) -> Result<Option<Part>, StoreError> {
        let _ = self.store.settled().await;
        self.store.part(incident, after, most, most_bytes).await
    }

    /// The numbers of the newest `closed` incidents that were closed, and of the newest `refused` alerts that were
    /// refused, of those below `before`. Whoever lists the open ones too asks for those first: an incident that ends in
    /// between is then in both lists, and never in neither.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn ended(
        &self,
        before: IncidentId,
        closed: u16,
        refused: u16,
    ) -> Result<Vec<IncidentId>, StoreError> {
        let _ = self.store.settled().await;
        let mut numbers = self.store.ended(Ended::Closed, before, closed).await?;
        numbers.extend(self.store.ended(Ended::Refused, before, refused).await?);
        Ok(numbers)
    }

    /// These incidents as the log tells them, oldest first.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn folded(&self, incidents: &[IncidentId]) -> Result<Vec<Incident>, StoreError> {
        let stories = self.store.stories(incidents, false).await?;
        Ok(stories.into_iter().map(|(incident, _)| incident).collect())
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
        match self.store.stories(&[id], true).await {
            Ok(stories) => {
                for (trace_id, root, phases) in stories.iter().filter_map(|(_, e)| trace::of(e)) {
                    self.traces.send(trace_id, root, phases);
                }
            }
            Err(error) => tracing::warn!(incident_id = id, %error, "no trace of the incident"),
        }
    }
}
