//! What became of the requests, and how long each took.

use std::collections::BTreeMap;
use std::time::Duration;

/// The end of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// With this HTTP status.
    Answered(u16),
    /// No answer within ten seconds.
    Timeout,
    /// No connection, or it broke off.
    Broken,
    /// It was due, but every connection was still busy when the run ended.
    Unsent,
}

impl Outcome {
    /// The key in the report.
    pub(super) fn label(self) -> String {
        match self {
            Self::Answered(status) => status.to_string(),
            Self::Timeout => "timeout".to_owned(),
            Self::Broken => "broken".to_owned(),
            Self::Unsent => "unsent".to_owned(),
        }
    }

    fn is_accepted(self) -> bool {
        match self {
            Self::Answered(status) => (200..300).contains(&status),
            Self::Timeout | Self::Broken | Self::Unsent => false,
        }
    }
}

/// The results of one worker, or of all.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// From the start to the last answer.
    pub(super) elapsed: Duration,
    /// How many requests ended in which way.
    pub(super) outcomes: BTreeMap<Outcome, u64>,
    /// In microseconds, of every request. A failed one counts with the time that was waited for it, so that a service
    /// does not look faster by failing.
    latencies: Vec<u32>,
}

/// Latency in milliseconds, to the microsecond.
#[derive(Debug, PartialEq)]
pub(super) struct Latency {
    pub(super) p50: f64,
    pub(super) p95: f64,
    pub(super) p99: f64,
    pub(super) max: f64,
}

impl Tally {
    pub(super) fn note(&mut self, outcome: Outcome, latency: Duration) {
        *self.outcomes.entry(outcome).or_default() += 1;
        // A run is far shorter than the 71 minutes that fit.
        self.latencies
            .push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (outcome, count) in other.outcomes {
            *self.outcomes.entry(outcome).or_default() += count;
        }
        self.latencies.extend(other.latencies);
    }

    /// How many were answered with 2xx.
    pub(super) fn accepted(&self) -> u64 {
        self.outcomes
            .iter()
            .filter(|(outcome, _)| outcome.is_accepted())
            .map(|(_, count)| count)
            .sum()
    }

    pub(super) fn latency(&mut self) -> Latency {
        Latency::of(&mut self.latencies)
    }
}

impl Latency {
    /// Of times in microseconds, which it sorts. Percentiles are by nearest rank, so each is a time that was really seen.
    pub(super) fn of(micros: &mut [u32]) -> Self {
        micros.sort_unstable();
        let ms = |percent| f64::from(percentile(micros, percent)) / 1_000.0;
        Self {
            p50: ms(50),
            p95: ms(95),
            p99: ms(99),
            max: ms(100),
        }
    }
}

/// The smallest value that at least `percent` of all values do not exceed; 0 when there is none.
fn percentile(sorted: &[u32], percent: usize) -> u32 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Latency, Outcome, Tally, percentile};
    use std::time::Duration;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let hundred: Vec<u32> = (1..=100).collect();
        assert_eq!(
            [50, 95, 99, 100].map(|p| percentile(&hundred, p)),
            [50, 95, 99, 100]
        );
        let few = [10, 20, 30];
        assert_eq!(
            [1, 33, 34, 50, 67, 99, 100].map(|p| percentile(&few, p)),
            [10, 10, 20, 20, 30, 30, 30]
        );
        assert_eq!(percentile(&[7], 50), 7);
        assert_eq!(percentile(&[], 99), 0);
    }

    #[test]
    fn failures_count_in_the_latency_but_not_as_accepted() {
        let mut tally = Tally::default();
        tally.note(Outcome::Answered(200), Duration::from_micros(1500));
        let mut other = Tally::default();
        other.note(Outcome::Timeout, Duration::from_secs(10));
        other.note(Outcome::Answered(401), Duration::from_micros(500));
        other.note(Outcome::Answered(204), Duration::from_micros(2500));
        tally.merge(other);
        assert_eq!(tally.accepted(), 2);
        let expected = Latency {
            p50: 1.5,
            p95: 10_000.0,
            p99: 10_000.0,
            max: 10_000.0,
        };
        assert_eq!(tally.latency(), expected);
    }
}
