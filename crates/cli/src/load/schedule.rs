//! When each request is due.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::client::TIMEOUT;

/// How the load is paced.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pace {
    /// Open loop: one slot each 1/`per_second`, however slow the answers are.
    Fixed {
        /// Slots per second, more than 0.
        per_second: f64,
        /// How long slots are given out.
        length: Duration,
    },
    /// Closed loop: a connection sends again once it is answered.
    Closed {
        /// Requests in all.
        limit: u64,
        /// When it ends, whatever was sent.
        length: Duration,
    },
}

/// Hands out slots to the workers.
#[derive(Debug)]
pub(super) struct Schedule {
    pace: Pace,
    started: Instant,
    next: AtomicU64,
    /// One permit per slot that is due (open loop only).
    due: Arc<Semaphore>,
}

impl Schedule {
    /// Starts the clock. In the open loop a thread of its own wakes the workers: the timer of the async runtime counts
    /// in whole milliseconds, which is as long as the answers that are to be measured.
    pub(super) fn start(pace: Pace, workers: u16) -> Self {
        let schedule = Self {
            pace,
            started: Instant::now(),
            next: AtomicU64::new(0),
            due: Arc::new(Semaphore::new(0)),
        };
        if let Pace::Fixed { per_second, .. } = pace {
            let (started, total, due) = (
                schedule.started,
                schedule.total(),
                Arc::clone(&schedule.due),
            );
            tokio::task::spawn_blocking(move || {
                for index in 0..total {
                    let at = started + offset(index, per_second);
                    std::thread::sleep(at.saturating_duration_since(Instant::now()));
                    due.add_permits(1);
                }
                // One more for each worker, with which it finds that nothing is left.
                due.add_permits(usize::from(workers));
            });
        }
        schedule
    }

    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// After this, slots that are still waiting are counted as unsent: a service that stands still must not hold the run.
    pub(super) fn give_up(&self) -> Instant {
        match self.pace {
            Pace::Fixed { length, .. } | Pace::Closed { length, .. } => {
                self.started + length + TIMEOUT
            }
        }
    }

    /// Waits for the next slot. The answer is the intended time of sending, from which latency counts: a late send is
    /// the fault of the answers before it, and must not be hidden.
    pub(super) async fn next_slot(&self) -> Option<Instant> {
        match self.pace {
            Pace::Fixed { per_second, .. } => {
                self.due
                    .acquire()
                    .await
                    .expect("invariant: the semaphore is never closed")
                    .forget();
                let index = self.next.fetch_add(1, Ordering::Relaxed);
                (index < self.total()).then(|| self.started + offset(index, per_second))
            }
            Pace::Closed { limit, length } => {
                let now = Instant::now();
                let open = now < self.started + length;
                (open && self.next.fetch_add(1, Ordering::Relaxed) < limit).then_some(now)
            }
        }
    }

    /// The slots of the open loop: those whose time lies within the length.
    fn total(&self) -> u64 {
        match self.pace {
            Pace::Fixed { per_second, length } => (per_second * length.as_secs_f64()).ceil() as u64,
            Pace::Closed { limit, .. } => limit,
        }
    }
}

/// When slot `index` is due, counted from the start.
fn offset(index: u64, per_second: f64) -> Duration {
    Duration::from_secs_f64(index as f64 / per_second)
}

#[cfg(test)]
mod tests {
    use super::{Pace, Schedule};
    use std::time::Duration;

    #[tokio::test]
    async fn the_open_loop_gives_evenly_spaced_slots_and_then_ends() {
        let pace = Pace::Fixed {
            per_second: 1000.0,
            length: Duration::from_millis(20),
        };
        let schedule = Schedule::start(pace, 2);
        for index in 0..20 {
            let slot = schedule.next_slot().await.unwrap();
            assert_eq!(
                slot.duration_since(schedule.started()),
                Duration::from_millis(index)
            );
        }
        // Both workers get their end.
        assert!(schedule.next_slot().await.is_none());
        assert!(schedule.next_slot().await.is_none());
    }

    #[tokio::test]
    async fn a_late_worker_gets_the_time_that_was_intended() {
        let pace = Pace::Fixed {
            per_second: 100.0,
            length: Duration::from_millis(30),
        };
        let schedule = Schedule::start(pace, 1);
        // All slots and the end are due now.
        let all = schedule.due.acquire_many(4).await.unwrap();
        drop(all);
        for index in 0..3 {
            let slot = schedule.next_slot().await.unwrap();
            assert_eq!(
                slot.duration_since(schedule.started()),
                Duration::from_millis(10 * index)
            );
        }
    }

    #[tokio::test]
    async fn the_closed_loop_ends_at_its_limit_or_its_time() {
        let schedule = Schedule::start(
            Pace::Closed {
                limit: 2,
                length: Duration::from_secs(60),
            },
            1,
        );
        assert!(schedule.next_slot().await.is_some());
        assert!(schedule.next_slot().await.is_some());
        assert!(schedule.next_slot().await.is_none());

        let schedule = Schedule::start(
            Pace::Closed {
                limit: 2,
                length: Duration::ZERO,
            },
            1,
        );
        assert!(schedule.next_slot().await.is_none());
    }
}
