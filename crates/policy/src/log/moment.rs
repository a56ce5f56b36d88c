//! Moments that survive clock steps and reboots.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::time::Duration;

/// A point in time as the host knew it: the wall clock for people, the boot
/// clock for arithmetic, and the boot it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Milliseconds since the Unix epoch. May step in either direction.
    pub wall_ms: i64,
    /// Milliseconds of `CLOCK_BOOTTIME`, which never steps and counts suspend.
    pub boot_ms: u64,
    /// The kernel's random boot id as a number. Boot clocks of different boots
    /// cannot be compared.
    pub boot_id: u128,
}

/// For so long a boot's wall clock proves itself before what another boot left is aged by it: a clock
/// that was wrong at the start is set right by then, or nobody will.
pub const CLOCK_PROVES_ITSELF: Duration = Duration::from_secs(3_600);

/// The present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// As it is written down.
    pub at: Moment,
    /// Whether the wall clock has not stepped for [`CLOCK_PROVES_ITSELF`], as far as somebody looked.
    pub clock_is_steady: bool,
}

impl From<Moment> for Now {
    fn from(at: Moment) -> Self {
        Self {
            at,
            clock_is_steady: true,
        }
    }
}

impl Now {
    /// Whether the wall clock has proven itself in this boot.
    #[must_use]
    pub fn wall_is_proven(&self) -> bool {
        self.clock_is_steady && Duration::from_millis(self.at.boot_ms) >= CLOCK_PROVES_ITSELF
    }

    /// How old `earlier` is for whatever an age would free or delete: never more than is certain.
    ///
    /// Within one boot the boot clock decides. What another boot left is at least as old as this boot;
    /// a wall clock that has proven itself may say that it is older.
    #[must_use]
    pub fn since(&self, earlier: &Moment) -> Duration {
        if self.wall_is_proven() || self.at.boot_id == earlier.boot_id {
            self.at.since(earlier)
        } else {
            Duration::from_millis(self.at.boot_ms)
        }
    }
}

impl Moment {
    /// How much later `self` is than `earlier`, for people; zero when it is not later.
    ///
    /// Within one boot the boot clock decides. Across boots it is the wall clock,
    /// but at least the age of `self`'s boot: a clock that was set back makes a
    /// wait longer, and never one without an end.
    #[must_use]
    pub fn since(&self, earlier: &Moment) -> Duration {
        let ms = if self.boot_id == earlier.boot_id {
            self.boot_ms.saturating_sub(earlier.boot_ms)
        } else {
            let by_wall = self.wall_ms.saturating_sub(earlier.wall_ms);
            u64::try_from(by_wall).unwrap_or(0).max(self.boot_ms)
        };
        Duration::from_millis(ms)
    }

    /// The moment `by` later within the same boot.
    #[must_use]
    pub fn plus(&self, by: Duration) -> Moment {
        let ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        Moment {
            wall_ms: self
                .wall_ms
                .saturating_add(i64::try_from(ms).unwrap_or(i64::MAX)),
            boot_ms: self.boot_ms.saturating_add(ms),
            boot_id: self.boot_id,
        }
    }
}

/// Milliseconds since the Unix epoch as RFC 3339 text in UTC, for people.
#[must_use]
pub fn rfc3339(wall_ms: i64) -> String {
    time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(wall_ms) * 1_000_000)
        .ok()
        .and_then(|t| {
            t.format(&time::format_description::well_known::Rfc3339)
                .ok()
        })
        .unwrap_or_else(|| format!("{wall_ms} ms"))
}

/// RFC 3339 text as milliseconds since the Unix epoch. `None` for text that is
/// no time, and for Go's zero time, which Alertmanager sends for "not set".
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    if text.starts_with("0001-01-01T00:00:00") {
        return None;
    }
    // `date` and others write a zone without its colon, as ISO 8601 allows.
    let zone = text.len().checked_sub(4).filter(|at| {
        text.is_char_boundary(*at)
            && text[*at..].bytes().all(|b| b.is_ascii_digit())
            && text[..*at].ends_with(['+', '-'])
            && text.contains('T')
            && text[..*at].contains(':')
    });
    let text = match zone {
        Some(at) => Cow::from(format!("{}:{}", &text[..at + 2], &text[at + 2..])),
        None => Cow::from(text),
    };
    let time =
        time::OffsetDateTime::parse(&text, &time::format_description::well_known::Rfc3339).ok()?;
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall_ms: i64, boot_ms: u64, boot_id: u128) -> Moment {
        Moment {
            wall_ms,
            boot_ms,
            boot_id,
        }
    }

    #[test]
    fn a_wall_clock_step_does_not_shorten_a_wait() {
        let earlier = at(1_000_000, 5_000, 1);
        assert_eq!(at(9_000_000, 6_000, 1).since(&earlier).as_millis(), 1_000);
        assert_eq!(at(0, 6_000, 1).since(&earlier).as_millis(), 1_000);
    }

    #[test]
    fn across_boots_the_wall_clock_decides_but_no_wait_outlasts_it_in_the_new_boot() {
        let earlier = at(1_000_000, 500_000, 1);
        assert_eq!(at(1_060_000, 10, 2).since(&earlier).as_secs(), 60);
        assert_eq!(at(900_000, 10, 2).since(&earlier).as_millis(), 10);
        assert_eq!(at(900_000, 900_000, 2).since(&earlier).as_secs(), 900);
    }

    #[test]
    fn what_another_boot_left_is_aged_by_the_wall_clock_once_it_has_proven_itself() {
        let earlier = at(1_000_000, 500_000, 1);
        let hour = 3_600_000;
        let now = |wall_ms, boot_ms, boot_id, clock_is_steady| {
            let at = at(wall_ms, boot_ms, boot_id);
            let now = Now {
                at,
                clock_is_steady,
            };
            now.since(&earlier).as_millis()
        };
        let a_year_on = 31_536_000_000;
        assert_eq!(now(a_year_on, 510_000, 1, false), 10_000, "the same boot");
        assert_eq!(now(a_year_on, hour - 1, 2, true), 3_599_999, "young");
        assert_eq!(now(a_year_on, hour, 2, false), 3_600_000, "stepped");
        assert_eq!(now(a_year_on, hour, 2, true), 31_535_000_000);
        assert_eq!(now(0, 2 * hour, 2, true), 7_200_000, "at least this boot");
    }

    #[test]
    fn times_are_read_and_written_as_rfc3339() {
        assert_eq!(parse_rfc3339("1970-01-01T00:00:01.5Z"), Some(1_500));
        assert_eq!(parse_rfc3339("0001-01-01T00:00:00Z"), None);
        assert_eq!(parse_rfc3339("yesterday"), None);
        assert_eq!(parse_rfc3339("1970-01-01T01:00:01+0100"), Some(1_000));
        assert_eq!(parse_rfc3339("1970-01-01T00:00:01.500-0000"), Some(1_500));
        assert_eq!(parse_rfc3339("1970-01-01"), None);
        assert_eq!(rfc3339(1_500), "1970-01-01T00:00:01.5Z");
    }
}
