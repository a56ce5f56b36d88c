//! The statements of the ledger.

use super::{Database, Error, Statement};
use crate::transaction::{Draft, Status, Transaction};

/// Rows that an empty ledger is filled with for a demo.
const SEED_ROWS: i32 = 200;

impl Database {
    /// Up to `limit` rows below the id `before`, newest first.
    pub(crate) async fn list(
        &self,
        before: Option<i64>,
        status: Option<Status>,
        limit: i64,
    ) -> Result<Vec<Transaction>, Error> {
        const SQL: &str = "SELECT id, amount, currency, description, status, created_at \
            FROM transactions WHERE id < $1 ORDER BY id DESC LIMIT $2";
        const BY_STATUS: &str = "SELECT id, amount, currency, description, status, created_at \
            FROM transactions WHERE id < $1 AND status = $3 ORDER BY id DESC LIMIT $2";
        let sql = if status.is_some() { BY_STATUS } else { SQL };
        let mut query = sqlx::query_as(sql)
            .bind(before.unwrap_or(i64::MAX))
            .bind(limit);
        if let Some(status) = status {
            query = query.bind(status.label());
        }
        self.run(select(sql), query.fetch_all(&self.pool)).await
    }

    /// One row, or none.
    pub(crate) async fn get(&self, id: i64) -> Result<Option<Transaction>, Error> {
        const SQL: &str = "SELECT id, amount, currency, description, status, created_at \
            FROM transactions WHERE id = $1";
        let query = sqlx::query_as(SQL).bind(id);
        self.run(select(SQL), query.fetch_optional(&self.pool))
            .await
    }

    /// The row that an earlier request with this key made.
    pub(crate) async fn by_key(&self, key: &str) -> Result<Option<Transaction>, Error> {
        const SQL: &str = "SELECT id, amount, currency, description, status, created_at \
            FROM transactions WHERE idempotency_key = $1";
        let query = sqlx::query_as(SQL).bind(key);
        self.run(select(SQL), query.fetch_optional(&self.pool))
            .await
    }

    /// Writes a row; none when the key is taken. A request that holds the same key at
    /// the same time is waited for, so two of them make one row.
    pub(crate) async fn insert(
        &self,
        draft: &Draft,
        status: Status,
        key: Option<&str>,
    ) -> Result<Option<Transaction>, Error> {
        const SQL: &str = "INSERT INTO transactions \
            (amount, currency, description, status, idempotency_key) \
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT (idempotency_key) DO NOTHING \
            RETURNING id, amount, currency, description, status, created_at";
        let query = sqlx::query_as(SQL)
            .bind(draft.amount)
            .bind(draft.currency)
            .bind(&draft.description)
            .bind(status.label())
            .bind(key);
        let statement = Statement {
            name: "INSERT transactions",
            operation: "INSERT",
            collection: "transactions",
            sql: SQL,
        };
        self.run(statement, query.fetch_optional(&self.pool)).await
    }

    /// Fills an empty ledger with sample rows, spread over the last day.
    pub(super) async fn seed(&self) -> Result<(), sqlx::Error> {
        const SQL: &str = "INSERT INTO transactions \
            (amount, currency, description, status, created_at) \
            SELECT (random() * 500 + 1)::numeric(12, 2), \
                (ARRAY['EUR', 'USD', 'GBP'])[1 + n % 3], 'sample ' || n, \
                CASE WHEN n % 20 = 0 THEN 'failed' WHEN n % 10 = 1 THEN 'pending' \
                    ELSE 'completed' END, \
                now() - make_interval(mins => 7 * ($1 - n)) \
            FROM generate_series(1, $1) AS n \
            WHERE NOT EXISTS (SELECT FROM transactions)";
        let written = sqlx::query(SQL).bind(SEED_ROWS).execute(&self.pool).await?;
        tracing::info!(count = written.rows_affected(), "sample rows written");
        Ok(())
    }
}

fn select(sql: &'static str) -> Statement {
    Statement {
        name: "SELECT transactions",
        operation: "SELECT",
        collection: "transactions",
        sql,
    }
}
