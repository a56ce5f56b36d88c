//! Now, as the policy needs it.

use homeostat_policy::log::{CLOCK_PROVES_ITSELF, Moment, Now};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A clock whose wall time moved by more than this against the boot clock, between two readings, has
/// stepped. NTP slews by at most 500 parts in a million (`adjtimex(2)`).
const STEP: Duration = Duration::from_secs(2);

/// The host's clocks, and whether the wall clock has stepped of late.
#[derive(Clone)]
pub struct Clock {
    read: Arc<dyn Fn() -> Moment + Send + Sync>,
    steady: Arc<Mutex<Option<Steady>>>,
}

/// How the wall clock stood against the boot clock when it was read last.
struct Steady {
    last: Moment,
    since: Moment,
}

impl Clock {
    /// The host's own.
    #[must_use]
    pub fn system() -> Self {
        Self::of(now)
    }

    /// A clock that is read by a function.
    pub fn of(read: impl Fn() -> Moment + Send + Sync + 'static) -> Self {
        Self {
            read: Arc::new(read),
            steady: Arc::default(),
        }
    }

    /// The current moment.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.present().at
    }

    /// The current moment, and whether its wall clock may be believed. A clock that nobody has looked at for an hour
    /// has not proven itself.
    #[must_use]
    pub fn present(&self) -> Now {
        let mut steady = self.steady.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock, so that no reading is older than the one before.
        let at = (self.read)();
        let since = match steady.as_ref() {
            Some(steady) if !has_stepped(&steady.last, &at) => steady.since,
            _ => at,
        };
        *steady = Some(Steady { last: at, since });
        Now {
            at,
            clock_is_steady: at.since(&since) >= CLOCK_PROVES_ITSELF,
        }
    }
}

fn has_stepped(earlier: &Moment, later: &Moment) -> bool {
    let by_boot = later.boot_ms.abs_diff(earlier.boot_ms);
    let by_wall = later.wall_ms.saturating_sub(earlier.wall_ms);
    let apart = by_wall.saturating_sub_unsigned(by_boot).unsigned_abs();
    Duration::from_millis(apart) > STEP
}

/// The host's current moment: wall clock, boot clock (it counts suspend) and boot id.
#[must_use]
pub fn now() -> Moment {
    let wall = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let boot = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = u64::try_from(boot.tv_sec).unwrap_or(0);
    let nanoseconds = u64::try_from(boot.tv_nsec).unwrap_or(0);
    Moment {
        wall_ms: i64::try_from(wall.as_millis()).unwrap_or(i64::MAX),
        boot_ms: seconds * 1_000 + nanoseconds / 1_000_000,
        boot_id: boot_id(),
    }
}

/// The kernel's boot id (`random(4)`). Where it cannot be read every start counts as a boot of
/// its own, so that waits fall back to the wall clock.
fn boot_id() -> u128 {
    static ID: OnceLock<u128> = OnceLock::new();
    *ID.get_or_init(|| {
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .ok()
            .and_then(|text| u128::from_str_radix(&text.trim().replace('-', ""), 16).ok())
            .unwrap_or_else(|| u128::from(std::process::id()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: u64 = 3_600_000;

    #[test]
    fn the_boot_clock_does_not_go_back() {
        let first = now();
        let second = now();
        assert!(second.boot_ms >= first.boot_ms && second.boot_id == first.boot_id);
    }

    #[test]
    fn a_clock_is_steady_an_hour_after_its_last_step() {
        let readings = Arc::new(Mutex::new(Vec::new()));
        let clock = Clock::of({
            let readings = Arc::clone(&readings);
            move || readings.lock().unwrap().pop().expect("a reading")
        });
        let steady_at = |boot_ms, wall_ms| {
            let at = Moment {
                wall_ms,
                boot_ms,
                boot_id: 1,
            };
            readings.lock().unwrap().push(at);
            clock.present().clock_is_steady
        };
        assert!(!steady_at(5 * HOUR_MS, 1_000), "just looked at");
        assert!(!steady_at(6 * HOUR_MS - 1, 3_600_999), "not for an hour");
        // Slewed by less than a step.
        assert!(steady_at(6 * HOUR_MS, 3_601_900));
        // A year back; and from there on.
        assert!(!steady_at(6 * HOUR_MS + 1_000, -31_536_000_000));
        assert!(!steady_at(7 * HOUR_MS, -31_532_401_000));
        assert!(steady_at(7 * HOUR_MS + 1_000, -31_532_400_000));
    }
}
