//! What the event log forgets.

use super::{Store, StoreError};
use crate::config::Retention;
use homeostat_policy::moment::Moment;

/// Cool-downs, attempt limits and the budget look back for a week at most, so the actions of a
/// week outlive any retention.
const ACTIONS_COUNT_FOR_MS: i64 = 7 * 24 * 3600 * 1000;

/// Closed incidents that hold no action from `?2` on; `?1` is free for the rest of the condition.
macro_rules! deletable {
    ($rest:literal) => {
        concat!(
            "SELECT incident FROM events WHERE kind IN ('closed', 'refused') AND incident NOT IN \
             (SELECT incident FROM events WHERE kind = 'intent' AND wall_ms >= ?2) ",
            $rest
        )
    };
}

impl Store {
    /// Deletes what retention does not keep: closed incidents that are too old, and the oldest
    /// closed ones while the file is too large. Open incidents are never touched, nor those whose
    /// actions still count. Returns how many incidents were deleted.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn compact(&self, retention: Retention, now: &Moment) -> Result<u64, StoreError> {
        let oldest = now.wall_ms - i64::from(retention.days) * 24 * 3600 * 1000;
        let mut deleted = self
            .delete(deletable!("AND wall_ms < ?1"), oldest, now)
            .await?;
        let limit = i64::from(retention.megabytes) * 1024 * 1024;
        loop {
            let used: i64 = sqlx::query_scalar(
                "SELECT (p.page_count - f.freelist_count) * s.page_size FROM pragma_page_count() p, \
                 pragma_freelist_count() f, pragma_page_size() s",
            )
            .fetch_one(&self.read)
            .await
            .map_err(StoreError::Read)?;
            if used <= limit {
                return Ok(deleted);
            }
            let oldest = deletable!("ORDER BY incident LIMIT ?1");
            match self.delete(oldest, 1_000, now).await? {
                0 => return Ok(deleted),
                more => deleted += more,
            }
        }
    }

    async fn delete(&self, chosen: &str, argument: i64, now: &Moment) -> Result<u64, StoreError> {
        let counts_since = now.wall_ms - ACTIONS_COUNT_FOR_MS;
        let count = format!("SELECT count(DISTINCT incident) FROM ({chosen})");
        let incidents: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(count))
            .bind(argument)
            .bind(counts_since)
            .fetch_one(&self.read)
            .await
            .map_err(StoreError::Read)?;
        if incidents > 0 {
            let delete = format!("DELETE FROM events WHERE incident IN ({chosen})");
            sqlx::query(sqlx::AssertSqlSafe(delete))
                .bind(argument)
                .bind(counts_since)
                .execute(&self.read)
                .await
                .map_err(StoreError::Read)?;
        }
        Ok(u64::try_from(incidents).unwrap_or(0))
    }
}
