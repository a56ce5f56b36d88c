//! PostgreSQL: the pool, its keeper, and one wrapper that every statement goes through.
//!
//! The process starts and stays up without the server. A lost server costs a request
//! at most [`STATEMENT_LIMIT`], and the pool reconnects by itself.

mod transactions;

use std::future::Future;
use std::str::FromStr as _;
use std::time::{Duration, Instant};

use homeostat_telemetry::spans;
use opentelemetry::KeyValue;
use opentelemetry::trace::{Status as SpanStatus, TraceContextExt as _};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, PgPool};
use tokio::sync::watch;
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use crate::chain;
use crate::config::Config;
use crate::metrics::Metrics;

/// How long a request waits for a connection.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(1);

/// How long one statement may take, the wait for a connection included. A server
/// that hangs must not hold a client beyond two seconds.
const STATEMENT_LIMIT: Duration = Duration::from_millis(1500);

/// How often the keeper asks whether the server answers.
const KEEPER_INTERVAL: Duration = Duration::from_secs(2);

/// Longest time for all migrations together.
const MIGRATION_LIMIT: Duration = Duration::from_secs(60);

/// Why a statement gave no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server is away, starting, full, or not migrated yet: try again later.
    #[error("PostgreSQL is unavailable")]
    Unavailable(#[source] sqlx::Error),
    /// The server did not answer in time.
    #[error("PostgreSQL did not answer within {} ms", STATEMENT_LIMIT.as_millis())]
    Timeout,
    /// The server refused the statement: our mistake.
    #[error("PostgreSQL refused a statement")]
    Refused(#[source] sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let unavailable = match &error {
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_) => true,
            sqlx::Error::Database(refusal) => refusal.code().is_some_and(|code| passes(&code)),
            _ => false,
        };
        if unavailable {
            Self::Unavailable(error)
        } else {
            Self::Refused(error)
        }
    }
}

/// SQLSTATE classes that time or an administrator cures (PostgreSQL manual, appendix A):
/// connection, resources, shutdown, authorization, rollback, read-only standby; also a
/// database or table that is not there yet.
fn passes(code: &str) -> bool {
    ["08", "53", "57", "28", "40", "25006", "3D000", "42P01"]
        .iter()
        .any(|class| code.starts_with(class))
}

/// What a statement is, for its span and its metric.
struct Statement {
    /// Operation and collection.
    name: &'static str,
    operation: &'static str,
    collection: &'static str,
    sql: &'static str,
}

/// The ledger's database.
#[derive(Debug, Clone)]
pub struct Database {
    pool: PgPool,
    name: String,
    metrics: Metrics,
    migrated: watch::Sender<bool>,
}

impl Database {
    /// Makes the pool; connects to nothing yet.
    ///
    /// # Errors
    /// When the URL cannot be parsed; `Config` has checked that.
    pub fn new(config: &Config, metrics: Metrics) -> Result<Self, sqlx::Error> {
        let options = PgConnectOptions::from_str(&config.database_url)?
            .application_name("homeostat-api")
            .disable_statement_logging();
        let name = options.get_database().unwrap_or_default().to_owned();
        let pool = PgPoolOptions::new()
            .max_connections(config.database_max_connections)
            .acquire_timeout(ACQUIRE_LIMIT)
            .connect_lazy_with(options);
        Ok(Self {
            pool,
            name,
            metrics,
            migrated: watch::Sender::new(false),
        })
    }

    /// The pool, for its gauges.
    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Whether the tables are there.
    pub(crate) fn migrated(&self) -> bool {
        *self.migrated.borrow()
    }

    /// Asks the server for an answer. Not traced: the keeper asks for ever.
    ///
    /// # Errors
    /// When none comes in time.
    pub(crate) async fn ping(&self) -> Result<(), Error> {
        let asked = sqlx::query("SELECT 1").execute(&self.pool);
        let answer = match tokio::time::timeout(STATEMENT_LIMIT, asked).await {
            Ok(answer) => answer.map(drop).map_err(Error::from),
            Err(_) => Err(Error::Timeout),
        };
        self.metrics
            .dependency_up
            .with_label_values(&["postgresql"])
            .set(i64::from(answer.is_ok()));
        answer
    }

    /// Watches the server for as long as the process lives, applies the migrations
    /// when it first answers, and logs each change once.
    pub(crate) async fn keep(self, seed: bool) {
        let mut last = None;
        loop {
            let problem = match self.prepare(seed).await {
                Ok(()) => None,
                Err(error) => Some(chain(&*error)),
            };
            if last.as_ref() != Some(&problem) {
                match &problem {
                    None => tracing::info!("PostgreSQL answers"),
                    Some(error) => tracing::warn!(error, "PostgreSQL cannot be used"),
                }
                last = Some(problem);
            }
            tokio::time::sleep(KEEPER_INTERVAL).await;
        }
    }

    async fn prepare(&self, seed: bool) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.ping().await?;
        if self.migrated() {
            return Ok(());
        }
        tokio::time::timeout(MIGRATION_LIMIT, async {
            // After a rollback an older binary meets a newer schema, and must start.
            let mut migrator = sqlx::migrate!();
            migrator.set_ignore_missing(true);
            migrator.run(&self.pool).await?;
            if seed {
                self.seed().await?;
            }
            Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
        })
        .await??;
        self.migrated.send_replace(true);
        tracing::info!("migrations applied");
        Ok(())
    }

    /// Runs one statement: a client span, a duration, a limit.
    async fn run<T>(
        &self,
        statement: Statement,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, Error> {
        let started = Instant::now();
        let context = spans::client(statement.name, || {
            vec![
                KeyValue::new("peer.service", "postgresql"),
                KeyValue::new("db.system.name", "postgresql"),
                KeyValue::new("db.namespace", self.name.clone()),
                KeyValue::new("db.operation.name", statement.operation),
                KeyValue::new("db.collection.name", statement.collection),
                KeyValue::new("db.query.text", statement.sql),
            ]
        });
        // sqlx enters a span of its own for every row and message, which took twice the instructions of the statement
        // itself. Its log lines go with it; our span, the histogram and the answer tell what they would.
        let quiet = work.with_subscriber(NoSubscriber::default());
        let result = match tokio::time::timeout(STATEMENT_LIMIT, quiet).await {
            Ok(result) => result.map_err(Error::from),
            Err(_) => Err(Error::Timeout),
        };
        if homeostat_telemetry::instrumentation_enabled() {
            self.metrics
                .database_seconds
                .with_label_values(&[statement.operation])
                .observe(started.elapsed().as_secs_f64());
        }
        if let Err(error) = &result {
            let span = context.span();
            span.set_attribute(KeyValue::new("error.type", error_type(error)));
            span.set_status(SpanStatus::error(error.to_string()));
        }
        result
    }
}

/// The SQLSTATE where the server gave one, as the conventions ask.
fn error_type(error: &Error) -> String {
    let (Error::Unavailable(source) | Error::Refused(source)) = error else {
        return "timeout".to_owned();
    };
    source
        .as_database_error()
        .and_then(|refusal| refusal.code())
        .map_or_else(|| "connection".to_owned(), |code| code.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_server_is_told_from_a_bad_statement() {
        for code in [
            "57P01", "57P03", "53300", "08006", "42P01", "3D000", "40001",
        ] {
            assert!(passes(code), "{code}");
        }
        for code in ["23505", "22003", "42601", "42501"] {
            assert!(!passes(code), "{code}");
        }
        assert!(matches!(
            Error::from(sqlx::Error::PoolTimedOut),
            Error::Unavailable(_)
        ));
        assert!(matches!(
            Error::from(sqlx::Error::RowNotFound),
            Error::Refused(_)
        ));
    }
}
