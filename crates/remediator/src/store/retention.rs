//! What the event log forgets.

use super::{Store, StoreError};
use crate::config::Retention;
use homeostat_policy::log::Now;

/// Cool-downs, attempt limits and the budget look back for a week at most, so the actions of a
/// week outlive any retention.
const ACTIONS_COUNT_FOR_MS: i64 = 7 * 24 * 3600 * 1000;

/// The oldest incidents that ended before the first limit and hold no action from the second on. Few
/// at a time: the writer waits while they are deleted.
const DELETE: &str = "DELETE FROM events WHERE incident IN (SELECT incident FROM events \
     WHERE kind IN ('closed', 'refused') \
     AND CASE WHEN boot_id = ?1 THEN boot_ms < ?2 ELSE wall_ms < ?3 END AND incident NOT IN \
     (SELECT incident FROM events WHERE kind = 'intent' \
     AND CASE WHEN boot_id = ?1 THEN boot_ms >= ?4 ELSE wall_ms >= ?5 END) \
     ORDER BY incident LIMIT 500)";

/// What is older than a time, by the clock that can tell: this boot's for what this boot wrote, and
/// the wall clock for all else.
struct OlderThan {
    boot_ms: i64,
    wall_ms: i64,
}

impl OlderThan {
    const ANY: Self = Self {
        boot_ms: i64::MAX,
        wall_ms: i64::MAX,
    };

    fn ms(keep_ms: i64, now: &Now) -> Self {
        let boot_ms = i64::try_from(now.at.boot_ms).unwrap_or(i64::MAX);
        Self {
            boot_ms: boot_ms.saturating_sub(keep_ms),
            wall_ms: if boot_ms >= keep_ms {
                i64::MAX
            } else if now.wall_is_proven() {
                now.at.wall_ms.saturating_sub(keep_ms)
            } else {
                i64::MIN
            },
        }
    }
}

impl Store {
    /// Deletes what retention does not keep: closed incidents that are too old, and the oldest
    /// closed ones while the file is too large. Open incidents are never touched, nor those whose
    /// actions still count. Returns how many events were deleted.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn compact(&self, retention: Retention, now: &Now) -> Result<u64, StoreError> {
        let keep_ms = i64::from(retention.days) * 24 * 3600 * 1000;
        let limit = i64::from(retention.megabytes) * 1024 * 1024;
        let counts = OlderThan::ms(ACTIONS_COUNT_FOR_MS, now);
        let mut deleted = 0;
        loop {
            let over = if self.used_bytes().await? > limit {
                OlderThan::ANY
            } else {
                OlderThan::ms(keep_ms, now)
            };
            let events = sqlx::query(DELETE)
                .bind(format!("{:032x}", now.at.boot_id))
                .bind(over.boot_ms)
                .bind(over.wall_ms)
                .bind(counts.boot_ms)
                .bind(counts.wall_ms)
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
