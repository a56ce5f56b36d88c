//! The event log in SQLite: this file and those in `store/` alone know SQL.
//!
//! One task writes. It takes whatever is waiting, writes it as one statement
//! and so with one flush, and only then tells the waiting that their events
//! are on disk. After a failed write nothing is taken until [`Store::resume`].

mod replay;
mod retention;
mod stories;
mod writer;

pub use stories::{Ended, Part, Story};
pub use writer::Ticket;
use writer::{Batch, write};

use homeostat_policy::log::{Entry, Event, Moment};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// What the store could not do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file could not be opened.
    #[error("cannot open the event log {path}: {source}")]
    Open {
        /// The file.
        path: String,
        /// The cause.
        source: sqlx::Error,
    },
    /// The schema could not be brought up to date.
    #[error("cannot bring the event log up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A read failed.
    #[error("cannot read the event log: {0}")]
    Read(#[source] sqlx::Error),
    /// A write failed; what was to be written is not on disk.
    #[error("cannot write the event log")]
    Write,
    /// The writer does not answer, as on a disk that hangs; what waits for it may still be written.
    #[error("the event log does not answer")]
    Stalled,
    /// The write that was tried to see whether the store is well again failed.
    #[error("the event log is still not writable: {0}")]
    Probe(#[source] sqlx::Error),
}

/// The event log.
pub struct Store {
    read: SqlitePool,
    options: SqliteConnectOptions,
    queue: mpsc::UnboundedSender<Batch>,
    queued: Arc<AtomicUsize>,
    /// Whether the last write went well.
    healthy: Arc<AtomicBool>,
    /// Whether the writer has not answered for too long.
    stalled: watch::Sender<bool>,
}

impl Store {
    /// Opens or makes the file, brings it up to date and starts the writer.
    ///
    /// A file that a newer version wrote opens too: its additional migrations are let be.
    ///
    /// # Errors
    /// When the file cannot be opened or is not an event log.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5))
            .disable_statement_logging();
        let open = |source| StoreError::Open {
            path: path.display().to_string(),
            source,
        };
        let mut writer = SqliteConnection::connect_with(&options)
            .await
            .map_err(open)?;
        sqlx::migrate!()
            .set_ignore_missing(true)
            .run(&mut writer)
            .await?;
        // A listing goes through much of the file, which the kernel caches anyway; in KiB.
        let reader = options.clone().pragma("cache_size", "-256");
        let read = SqlitePoolOptions::new()
            .max_connections(2)
            .connect_with(reader)
            .await
            .map_err(open)?;
        let (queue, batches) = mpsc::unbounded_channel();
        let store = Self {
            read,
            options,
            queue,
            queued: Arc::new(AtomicUsize::new(0)),
            healthy: Arc::new(AtomicBool::new(true)),
            stalled: watch::Sender::new(false),
        };
        let (queued, healthy) = (store.queued.clone(), store.healthy.clone());
        let writer = tokio::spawn(write(writer, batches, queued, healthy));
        tokio::spawn(async move {
            // It ends with the store, or by a panic. Then nothing would be written any more.
            if let Err(error) = writer.await
                && error.is_panic()
            {
                tracing::error!(%error, "the writer of the event log failed; starting anew");
                std::process::exit(1);
            }
        });
        Ok(store)
    }

    /// Queues events. Their order on disk is the order of the calls.
    pub fn append(&self, entries: Vec<Entry>) -> Ticket {
        let ticket = Ticket::new();
        self.queued.fetch_add(entries.len(), Ordering::Relaxed);
        let batch = Batch {
            entries,
            ticket: ticket.clone(),
        };
        if let Err(batch) = self.queue.send(batch) {
            batch.0.ticket.settle(false);
        }
        ticket
    }

    /// Waits until all that was queued before is on disk, or could not be written.
    ///
    /// # Errors
    /// When the last write could not be made, or the writer does not answer.
    pub async fn settled(&self) -> Result<(), StoreError> {
        let ping = self.ping();
        self.unless_stalled(ping.durable()).await
    }

    /// Asks the writer for an answer: a batch without events, which has its turn behind all others.
    pub fn ping(&self) -> Ticket {
        self.append(Vec::new())
    }

    /// Says whether the writer answers in time.
    pub fn set_stalled(&self, stalled: bool) {
        self.stalled.send_replace(stalled);
    }

    /// Waits, but not for a writer that does not answer.
    ///
    /// # Errors
    /// Those of what is waited for, and [`StoreError::Stalled`].
    pub async fn unless_stalled<T>(
        &self,
        wait: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let mut stalled = self.stalled.subscribe();
        tokio::select! {
            biased;
            done = wait => done,
            _ = stalled.wait_for(|stalled| *stalled) => Err(StoreError::Stalled),
        }
    }

    /// How many events wait to be written.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    /// Whether the last write went well, and the writer answers.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        !self.has_failed() && !*self.stalled.borrow()
    }

    /// Whether the last write failed, and nothing is taken until [`Store::resume`].
    #[must_use]
    pub fn has_failed(&self) -> bool {
        !self.healthy.load(Ordering::Acquire)
    }

    /// Tries a durable write, to see whether [`Store::resume`] would go well.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let mut connection = self.options.connect().await.map_err(StoreError::Probe)?;
        // Rewriting the version number is a real, flushed write that changes nothing.
        let probe = "PRAGMA user_version = 1";
        sqlx::query(probe)
            .execute(&mut connection)
            .await
            .map_err(StoreError::Probe)?;
        Ok(())
    }

    /// Takes events again. Nothing may be queued: it would be written though those who queued it
    /// were told otherwise.
    pub fn resume(&self) {
        self.healthy.store(true, Ordering::Release);
    }
}

fn entry(row: &SqliteRow) -> Result<Entry, StoreError> {
    let boot_id: String = row.try_get("boot_id").map_err(StoreError::Read)?;
    let body: String = row.try_get("body").map_err(StoreError::Read)?;
    let boot_ms: i64 = row.try_get("boot_ms").map_err(StoreError::Read)?;
    Ok(Entry {
        incident: row.try_get("incident").map_err(StoreError::Read)?,
        at: Moment {
            wall_ms: row.try_get("wall_ms").map_err(StoreError::Read)?,
            boot_ms: u64::try_from(boot_ms).unwrap_or(0),
            boot_id: u128::from_str_radix(&boot_id, 16).unwrap_or(0),
        },
        // A body that this version cannot read is an event of a newer one.
        event: serde_json::from_str(&body).unwrap_or(Event::Unknown),
    })
}
