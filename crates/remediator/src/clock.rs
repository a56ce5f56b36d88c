//! Now, as the policy needs it.

use homeostat_policy::log::Moment;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

/// The current moment: wall clock, boot clock (it counts suspend) and boot id.
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
    #[test]
    fn the_boot_clock_does_not_go_back() {
        let first = super::now();
        let second = super::now();
        assert!(second.boot_ms >= first.boot_ms && second.boot_id == first.boot_id);
    }
}
