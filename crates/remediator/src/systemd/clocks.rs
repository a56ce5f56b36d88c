//! How long ago something was that systemd dates.

use rustix::time::{ClockId, clock_gettime};

/// The two clocks of unit timestamps, in microseconds.
pub(super) struct Now {
    monotonic_us: u64,
    realtime_us: u64,
}

impl Now {
    pub(super) fn read() -> Self {
        let us = |clock| {
            let time = clock_gettime(clock);
            let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
            seconds * 1_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0) / 1000
        };
        Self {
            monotonic_us: us(ClockId::Monotonic),
            realtime_us: us(ClockId::Realtime),
        }
    }

    /// The time since a moment that systemd gives on both clocks. The wall clock may jump, so
    /// it is used only where the other gives no sense.
    pub(super) fn since(&self, monotonic_us: u64, realtime_us: u64) -> Option<u64> {
        let steady = Some(monotonic_us).filter(|at| *at != 0);
        let wall = Some(realtime_us).filter(|at| *at != 0);
        steady
            .and_then(|at| self.monotonic_us.checked_sub(at))
            .or_else(|| wall.map(|at| self.realtime_us.saturating_sub(at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn active_time_is_measured_on_the_steady_clock() {
        let now = Now {
            monotonic_us: 5_000_000,
            realtime_us: 900_000_000,
        };
        assert_eq!(now.since(2_000_000, 1), Some(3_000_000));
        assert_eq!(now.since(0, 899_000_000), Some(1_000_000));
        // A moment after now belongs to another clock.
        assert_eq!(now.since(6_000_000, 899_000_000), Some(1_000_000));
        assert_eq!(now.since(0, 0), None);
    }

    #[test]
    fn both_clocks_run() {
        let now = Now::read();
        assert!(now.monotonic_us > 0 && now.realtime_us > now.monotonic_us);
    }
}
