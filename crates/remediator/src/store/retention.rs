//! What the event log forgets.

use super::{Store, StoreError};
use crate::config::Retention;
use homeostat_policy::log::Moment;

/// Cool-downs, attempt limits and the budget look back for a week at most, so the actions of a
/// week outlive any retention.
const ACTIONS_COUNT_FOR_MS: i64 = 7 * 24 * 3600 * 1000;

/// The oldest closed incidents that ended before `?1` and hold no action from `?2` on. Few at a
/// time: the writer waits while they are deleted.
const DELETE: &str = "DELETE FROM events WHERE incident IN (SELECT incident FROM events \
     WHERE kind IN ('closed', 'refused') AND wall_ms < ?1 AND incident NOT IN \
     (SELECT incident FROM events WHERE kind = 'intent' AND wall_ms >= ?2) \
     ORDER BY incident LIMIT 500)";

impl Store {
    /// Deletes what retention does not keep: closed incidents that are too old, and the oldest
    /// closed ones while the file is too large. Open incidents are never touched, nor those whose
    /// actions still count. Returns how many events were deleted.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn compact(&self, retention: Retention, now: &Moment) -> Result<u64, StoreError> {
        let oldest = now.wall_ms - i64::from(retention.days) * 24 * 3600 * 1000;
        let limit = i64::from(retention.megabytes) * 1024 * 1024;
        let mut deleted = 0;
        loop {
            let ended_before = if self.used_bytes().await? > limit {
                i64::MAX
            } else {
                oldest
            };
            let events = sqlx::query(DELETE)
                .bind(ended_before)
                .bind(now.wall_ms - ACTIONS_COUNT_FOR_MS)
                .execute(&self.read)
                .await
                .map_err(StoreError::Read)?
                .rows_affected();
            if events == 0 {
                return Ok(deleted);
            }
            deleted += events;
        }
    }

    async fn used_bytes(&self) -> Result<i64, StoreError> {
        sqlx::query_scalar(
            "SELECT (p.page_count - f.freelist_count) * s.page_size FROM pragma_page_count() p, \
             pragma_freelist_count() f, pragma_page_size() s",
        )
        .fetch_one(&self.read)
        .await
        .map_err(StoreError::Read)
    }
}
