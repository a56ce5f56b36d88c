//! The task that writes: one flush for whatever waits, and then the word that it is on disk.

use super::StoreError;
use homeostat_policy::log::Entry;
use sqlx::SqliteConnection;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::{SetOnce, mpsc};

/// A promise of durability, shared by all events of one batch.
#[derive(Clone)]
pub struct Ticket(Arc<SetOnce<bool>>);

impl Ticket {
    pub(super) fn new() -> Self {
        Self(Arc::new(SetOnce::new()))
    }

    /// Waits until the batch is on disk.
    ///
    /// # Errors
    /// When it could not be written.
    pub async fn durable(&self) -> Result<(), StoreError> {
        if *self.0.wait().await {
            Ok(())
        } else {
            Err(StoreError::Write)
        }
    }

    /// Whether the batch is on disk already.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        self.0.get() == Some(&true)
    }

    /// Whether it is known what became of the batch.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.0.initialized()
    }

    pub(super) fn settle(&self, written: bool) {
        // Settled once, by the writer alone; a second time cannot matter.
        let _ = self.0.set(written);
    }
}

pub(super) struct Batch {
    pub(super) entries: Vec<Entry>,
    pub(super) ticket: Ticket,
}

/// The most events of one statement: bounds the memory of a flush.
const BATCH_EVENTS: usize = 20_000;

/// Writes what comes, until the queue is closed. After a failed write all is refused until `healthy` is set
/// again.
pub(super) async fn write(
    mut connection: SqliteConnection,
    mut batches: mpsc::UnboundedReceiver<Batch>,
    queued: Arc<AtomicUsize>,
    healthy: Arc<AtomicBool>,
) {
    let mut waiting = Vec::new();
    while let Some(first) = batches.recv().await {
        let mut events = first.entries.len();
        waiting.push(first);
        while events < BATCH_EVENTS {
            match batches.try_recv() {
                Ok(batch) => {
                    events += batch.entries.len();
                    waiting.push(batch);
                }
                Err(_) => break,
            }
        }
        let written = healthy.load(Ordering::Acquire)
            && (events == 0 || insert(&mut connection, &waiting).await);
        if !written {
            healthy.store(false, Ordering::Release);
        }
        queued.fetch_sub(events, Ordering::Relaxed);
        for batch in waiting.drain(..) {
            batch.ticket.settle(written);
        }
    }
}

/// Writes the batches as one statement and so with one flush.
async fn insert(connection: &mut SqliteConnection, batches: &[Batch]) -> bool {
    type RowJson<'a> = (i64, i64, u64, String, &'a str, Option<i64>, String);
    let rows: Result<Vec<RowJson<'_>>, serde_json::Error> = batches
        .iter()
        .flat_map(|batch| &batch.entries)
        .map(|entry| {
            Ok((
                entry.incident,
                entry.at.wall_ms,
                entry.at.boot_ms,
                format!("{:032x}", entry.at.boot_id),
                entry.event.kind(),
                entry.event.episode().map(|episode| episode.0),
                serde_json::to_string(&entry.event)?,
            ))
        })
        .collect();
    let json = match rows.and_then(|rows| serde_json::to_string(&rows)) {
        Ok(json) => json,
        Err(error) => {
            tracing::error!(%error, "an event cannot be written as JSON");
            return false;
        }
    };
    let inserted = sqlx::query(
        "INSERT INTO events (incident, wall_ms, boot_ms, boot_id, kind, episode, body) \
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, \
         value ->> 6 FROM json_each(?1)",
    )
    .bind(json)
    .execute(connection)
    .await;
    if let Err(error) = &inserted {
        tracing::error!(%error, "the event log cannot be written");
    }
    inserted.is_ok()
}
