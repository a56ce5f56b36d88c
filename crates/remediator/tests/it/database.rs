//! The event log as a second connection sees it, and faults that it makes.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection};
use std::path::Path;

/// A second connection.
pub struct Database(SqliteConnection);

impl Database {
    pub async fn open(path: &Path) -> Self {
        let options = SqliteConnectOptions::new().filename(path);
        Self(options.connect().await.expect("the file opens"))
    }

    pub async fn run(&mut self, sql: &str) {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        sql.execute(&mut self.0).await.expect("good SQL");
    }

    pub async fn number(&mut self, sql: &str) -> i64 {
        let sql = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
        sql.fetch_one(&mut self.0).await.expect("a number")
    }

    /// How many events of this kind are in the file.
    pub async fn count(&mut self, kind: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM events WHERE kind = '{kind}'");
        self.number(&sql).await
    }

    /// Makes every write of an event fail.
    pub async fn break_writes(&mut self) {
        self.run(
            "CREATE TRIGGER broken BEFORE INSERT ON events \
             BEGIN SELECT RAISE(FAIL, 'the disk is full'); END",
        )
        .await;
    }

    pub async fn mend_writes(&mut self) {
        self.run("DROP TRIGGER broken").await;
    }

    /// Makes the next write of an event take many seconds, as on a disk that hangs. The writes after it go on, so that
    /// the end does not depend on how fast this machine computes.
    pub async fn hang_next_write(&mut self) {
        self.run(
            "CREATE TABLE hung (events INTEGER); INSERT INTO hung SELECT count(*) FROM events; \
             CREATE TRIGGER hanging BEFORE INSERT ON events \
             WHEN (SELECT count(*) FROM events) = (SELECT events FROM hung) BEGIN SELECT count(*) FROM \
             (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 20000000) SELECT n FROM c); END",
        )
        .await;
    }

    /// Makes writes wait. The daemon gives up after five seconds.
    pub async fn hold_writes(&mut self) {
        self.run("BEGIN IMMEDIATE").await;
    }

    pub async fn release_writes(&mut self) {
        self.run("COMMIT").await;
    }

    /// Adds an event that a newer version wrote.
    pub async fn add(&mut self, incident: i64, kind: &str, body: &str) {
        self.run(&format!(
            "INSERT INTO events (incident, wall_ms, boot_ms, boot_id, kind, body) \
             VALUES ({incident}, 1, 1, '00', '{kind}', '{body}')"
        ))
        .await;
    }
}
