//! Incidents as people read them: each folded from all its events, of which so many are kept as can be shown.

use super::{Store, StoreError, entry};
use futures_util::TryStreamExt;
use homeostat_policy::log::{Entry, Incident, IncidentId};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use std::collections::VecDeque;

/// The most events that are kept of a story's beginning, and of its end.
const FIRST: usize = 50;
const LAST: usize = 200;
/// The most bytes that are kept of each.
const MOST_BYTES: usize = 256 * 1024;

/// An incident with its events, oldest first; of a long story those of its beginning and of its end.
pub type Story = (Incident, Vec<Entry>);

/// How the incidents ended that are asked for.
#[derive(Debug, Clone, Copy)]
pub enum Ended {
    /// They were closed.
    Closed,
    /// They are alerts that were refused.
    Refused,
}

/// An incident with a part of its events.
#[derive(Debug)]
pub struct Part {
    /// The incident.
    pub incident: Incident,
    /// The events, oldest first.
    pub entries: Vec<Entry>,
    /// Whether more follow.
    pub more: bool,
}

/// A story while it is read.
struct Reading {
    incident: Incident,
    first: Vec<Entry>,
    first_bytes: usize,
    last: VecDeque<(usize, Entry)>,
    last_bytes: usize,
}

impl Reading {
    fn begin(entry: &Entry) -> Option<Self> {
        Some(Self {
            incident: Incident::begin(entry)?,
            first: Vec::new(),
            first_bytes: 0,
            last: VecDeque::new(),
            last_bytes: 0,
        })
    }

    fn keep(&mut self, entry: Entry, bytes: usize) {
        let has_room = self.first.len() < FIRST && self.first_bytes + bytes <= MOST_BYTES;
        if self.last.is_empty() && has_room {
            self.first_bytes += bytes;
            self.first.push(entry);
            return;
        }
        self.last.push_back((bytes, entry));
        self.last_bytes += bytes;
        // The newest is kept in any case.
        while self.last.len() > LAST || (self.last_bytes > MOST_BYTES && self.last.len() > 1) {
            if let Some((bytes, _)) = self.last.pop_front() {
                self.last_bytes -= bytes;
            }
        }
    }

    fn end(mut self) -> Story {
        self.first
            .extend(self.last.into_iter().map(|(_, entry)| entry));
        (self.incident, self.first)
    }
}

impl Store {
    /// The stories of these incidents, oldest first; without their events unless those are wanted.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn stories(
        &self,
        incidents: &[IncidentId],
        with_events: bool,
    ) -> Result<Vec<Story>, StoreError> {
        let numbers = serde_json::to_string(incidents)
            .map_err(|error| StoreError::Read(sqlx::Error::Encode(error.into())))?;
        let mut rows = sqlx::query(
            "SELECT * FROM events WHERE incident IN (SELECT value FROM json_each(?1)) \
             ORDER BY incident, id",
        )
        .bind(numbers)
        .fetch(&self.read);
        let mut stories = Vec::new();
        let mut reading: Option<Reading> = None;
        while let Some(row) = rows.try_next().await.map_err(StoreError::Read)? {
            let entry = entry(&row)?;
            match &mut reading {
                Some(now) if now.incident.id == entry.incident => now.incident.apply(&entry),
                _ => {
                    stories.extend(reading.take().map(Reading::end));
                    reading = Reading::begin(&entry);
                }
            }
            if let Some(now) = &mut reading
                && with_events
            {
                now.keep(entry, bytes(&row)?);
            }
        }
        stories.extend(reading.map(Reading::end));
        Ok(stories)
    }

    /// The numbers of the newest `most` incidents below `before` that ended so, newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn ended(
        &self,
        how: Ended,
        before: IncidentId,
        most: u16,
    ) -> Result<Vec<IncidentId>, StoreError> {
        let sql = match how {
            Ended::Closed => {
                "SELECT incident FROM events WHERE kind = 'closed' AND incident < ?1 \
                 ORDER BY incident DESC LIMIT ?2"
            }
            Ended::Refused => {
                "SELECT incident FROM events WHERE kind = 'refused' AND incident < ?1 \
                 ORDER BY incident DESC LIMIT ?2"
            }
        };
        self.numbers(sql, &[before, i64::from(most)]).await
    }

    /// One incident with the events behind the first `after`, at most so many and so many bytes, but at least one; all
    /// of one moment. `None` where there is no such incident.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn part(
        &self,
        incident: IncidentId,
        after: u32,
        most: u16,
        most_bytes: usize,
    ) -> Result<Option<Part>, StoreError> {
        let mut rows = sqlx::query("SELECT * FROM events WHERE incident = ?1 ORDER BY id")
            .bind(incident)
            .fetch(&self.read);
        let mut folded: Option<Incident> = None;
        let (mut entries, mut more) = (Vec::new(), false);
        let (mut place, mut size) = (0, 0);
        while let Some(row) = rows.try_next().await.map_err(StoreError::Read)? {
            let entry = entry(&row)?;
            match &mut folded {
                Some(incident) => incident.apply(&entry),
                None => folded = Incident::begin(&entry),
            }
            place += 1;
            if place <= after || more {
                continue;
            }
            size += bytes(&row)?;
            let is_full = entries.len() == usize::from(most) || size > most_bytes;
            more = is_full && !entries.is_empty();
            if !more {
                entries.push(entry);
            }
        }
        Ok(folded.map(|incident| Part {
            incident,
            entries,
            more,
        }))
    }
}

fn bytes(row: &SqliteRow) -> Result<usize, StoreError> {
    let body: &str = row.try_get("body").map_err(StoreError::Read)?;
    Ok(body.len())
}
