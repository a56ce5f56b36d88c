//! What the state is folded from when the process begins.

use super::{Store, StoreError};
use homeostat_policy::alert::Episode;
use homeostat_policy::log::{Entry, Event, IncidentId};
use homeostat_policy::machine::{MEMORY_OF_ALERTS, MEMORY_OF_REFUSALS, State};
use std::collections::BTreeSet;

/// The open incidents. One whose beginning this version cannot read is open too: it has a kind that
/// is not among ours, or no beginning of ours.
const OPEN: &str = "SELECT incident FROM (SELECT incident FROM events WHERE kind = 'opened' \
     UNION SELECT incident FROM events WHERE kind NOT IN ('opened', 'refused', 'alert', 'witnessed', \
     'cleared', 'decided', 'intent', 'job_ended', 'verdict', 'acknowledged', 'closed')) \
     WHERE incident <> 0 AND incident NOT IN \
     (SELECT incident FROM events WHERE kind IN ('closed', 'refused'))";

/// Of the newest so many incidents the end is loaded, for it may be of use for a minute.
const NEWEST: i64 = 1_000;

/// The incidents whose end may still be of use: the newest refusals, closings by a person, and the
/// newest of all.
const STANDING: &str = "SELECT incident FROM (SELECT incident FROM events WHERE kind = 'refused' \
     ORDER BY incident DESC LIMIT ?1) UNION SELECT incident FROM events WHERE kind = 'closed' \
     AND (incident > (SELECT max(incident) FROM events) - ?2 OR body LIKE '%\"taken_over\"%')";

impl Store {
    /// The state that the log folds to. Of what is over it loads more than counts: how old it is, is for
    /// the policy to say, which knows when a clock may be believed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn state(&self) -> Result<State, StoreError> {
        let open: BTreeSet<IncidentId> = self.numbers(OPEN, &[]).await?.into_iter().collect();
        let most = i64::try_from(MEMORY_OF_REFUSALS).unwrap_or(i64::MAX);
        let standing = self.numbers(STANDING, &[most, NEWEST]).await?;
        let whole: BTreeSet<IncidentId> = open.iter().copied().chain(standing).collect();
        let mut entries = self
            .rows(
                "SELECT * FROM events WHERE incident IN (SELECT value FROM json_each(?1)) \
                 OR kind IN ('intent', 'job_ended', 'paused', 'resumed') ORDER BY id",
                &whole,
            )
            .await?;
        // Of an incident that is over only its actions are here; one that cannot be read is no
        // beginning of another.
        entries.retain(|entry| entry.event != Event::Unknown || open.contains(&entry.incident));
        let mut state = State::default();
        for episode in self.episodes().await? {
            state.remember(Episode(episode));
        }
        entries.iter().for_each(|entry: &Entry| state.apply(entry));
        state.number_from(self.last_incident().await?);
        Ok(state)
    }

    pub(super) async fn numbers(
        &self,
        sql: &'static str,
        arguments: &[i64],
    ) -> Result<Vec<i64>, StoreError> {
        let query = arguments
            .iter()
            .fold(sqlx::query_scalar(sql), |query, number| query.bind(*number));
        query.fetch_all(&self.read).await.map_err(StoreError::Read)
    }

    async fn rows(
        &self,
        sql: &'static str,
        incidents: &BTreeSet<IncidentId>,
    ) -> Result<Vec<Entry>, StoreError> {
        let incidents = serde_json::to_string(incidents)
            .map_err(|error| StoreError::Read(sqlx::Error::Encode(error.into())))?;
        let rows = sqlx::query(sql)
            .bind(incidents)
            .fetch_all(&self.read)
            .await
            .map_err(StoreError::Read)?;
        rows.iter().map(super::entry).collect()
    }

    /// The numbers of the newest episodes, oldest first.
    async fn episodes(&self) -> Result<Vec<i64>, StoreError> {
        // One row that holds them all: a hundred thousand rows take ten times as long to fetch.
        let newest: String = sqlx::query_scalar(
            "SELECT json_group_array(episode) FROM (SELECT episode FROM events \
             WHERE episode IS NOT NULL ORDER BY id DESC LIMIT ?1)",
        )
        .bind(i64::try_from(MEMORY_OF_ALERTS).unwrap_or(i64::MAX))
        .fetch_one(&self.read)
        .await
        .map_err(StoreError::Read)?;
        let mut newest: Vec<i64> = serde_json::from_str(&newest)
            .map_err(|error| StoreError::Read(sqlx::Error::Decode(error.into())))?;
        newest.reverse();
        Ok(newest)
    }

    /// The highest incident number in use; 0 in an empty log.
    async fn last_incident(&self) -> Result<IncidentId, StoreError> {
        sqlx::query_scalar("SELECT coalesce(max(incident), 0) FROM events")
            .fetch_one(&self.read)
            .await
            .map_err(StoreError::Read)
    }
}
