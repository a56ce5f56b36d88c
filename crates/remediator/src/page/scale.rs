//! From time to a place on the axis.

use std::time::Duration;

/// A time in which nothing happened is drawn no longer than this; otherwise hours of waiting would
/// squeeze the minutes before them into a line.
const LONGEST_GAP_MS: u64 = 300_000;

/// The same while a person is waited for.
const LONGEST_WAIT_MS: u64 = 60_000;

/// Shorter stories are drawn as if they took this long.
const SHORTEST_MS: u64 = 1_000;

/// The axis: times in milliseconds since the opening, places in percent of its width.
pub(super) struct Scale {
    /// Time and place, rising; the axis is straight between two of them.
    points: Vec<(u64, f64)>,
    /// The gaps that are drawn shorter than they were.
    cuts: Vec<(u64, u64)>,
}

/// A time that the axis names.
pub(super) struct Tick {
    /// Its place, percent.
    pub(super) x: f64,
    /// The time since the opening.
    pub(super) time: Duration,
}

fn float(ms: u64) -> f64 {
    // Exact below 2^53 ms, which is far beyond any story.
    ms as f64
}

impl Scale {
    /// An axis from the opening to `end` on which something happened at each of `times`; at each
    /// of `waits` a wait for a person began.
    pub(super) fn new(times: &[u64], waits: &[u64], end: u64) -> Self {
        let end = end.max(SHORTEST_MS);
        let mut stops: Vec<u64> = times.iter().copied().filter(|t| *t < end).collect();
        stops.extend([0, end]);
        stops.sort_unstable();
        stops.dedup();
        let mut lengths = Vec::with_capacity(stops.len());
        let mut cuts = Vec::new();
        let mut total = 0;
        lengths.push((0, 0));
        for pair in stops.windows(2) {
            let [from, to] = [pair[0], pair[1]];
            let longest = match waits.contains(&from) {
                true => LONGEST_WAIT_MS,
                false => LONGEST_GAP_MS,
            };
            if to - from > longest {
                cuts.push((from, to));
            }
            total += (to - from).min(longest);
            lengths.push((to, total));
        }
        let points = lengths
            .into_iter()
            .map(|(time, length)| (time, 100.0 * float(length) / float(total)))
            .collect();
        Self { points, cuts }
    }

    /// The place of a time, percent.
    pub(super) fn x(&self, ms: u64) -> f64 {
        let after = self.points.partition_point(|(time, _)| *time <= ms);
        match (
            after.checked_sub(1).map(|i| self.points[i]),
            self.points.get(after),
        ) {
            (Some((t0, x0)), Some((t1, x1))) => x0 + (x1 - x0) * float(ms - t0) / float(t1 - t0),
            (Some((_, x)), None) => x,
            (None, _) => 0.0,
        }
    }

    /// The middles of the gaps that are drawn shorter than they were, percent.
    pub(super) fn cuts(&self) -> impl Iterator<Item = f64> {
        self.cuts
            .iter()
            .map(|(from, to)| f64::midpoint(self.x(*from), self.x(*to)))
    }

    /// The last time.
    pub(super) fn end(&self) -> Duration {
        Duration::from_millis(self.points.last().map_or(0, |(time, _)| *time))
    }

    /// Times to name between the two ends: round ones on a straight axis, else the ends of the cuts.
    pub(super) fn ticks(&self) -> Vec<Tick> {
        const STEPS: [u64; 12] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800];
        let end = self.end();
        let times: Vec<Duration> = if self.cuts.is_empty() {
            let step = STEPS
                .into_iter()
                .find(|step| end.as_secs() / step <= 6)
                .unwrap_or(3_600);
            (1..=end.as_secs() / step)
                .map(|n| Duration::from_secs(n * step))
                .collect()
        } else {
            self.cuts
                .iter()
                .flat_map(|(from, to)| [*from, *to])
                .map(Duration::from_millis)
                .collect()
        };
        times
            .into_iter()
            .map(|time| Tick {
                x: self.x(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
                time,
            })
            .filter(|tick| tick.x > 0.0 && tick.x < 100.0)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_story_is_drawn_to_scale() {
        let scale = Scale::new(&[0, 2_000, 100_000], &[], 200_000);
        assert!((scale.x(50_000) - 25.0).abs() < 1e-9);
        assert!((scale.x(200_000) - 100.0).abs() < 1e-9);
        assert!(
            (scale.x(900_000) - 100.0).abs() < 1e-9,
            "later is at the edge"
        );
        assert_eq!(scale.cuts().count(), 0);
        assert!(scale.ticks().iter().all(|t| t.x > 0.0 && t.x < 100.0));
    }

    #[test]
    fn a_long_wait_leaves_room_for_what_came_before() {
        let scale = Scale::new(&[0, 100_000], &[], 36_000_000);
        assert!((scale.x(100_000) - 25.0).abs() < 1e-9);
        assert_eq!(scale.cuts().count(), 1);
        assert_eq!(scale.end(), Duration::from_secs(36_000));
        let scale = Scale::new(&[0, 20_000], &[20_000], 36_000_000);
        assert!((scale.x(20_000) - 25.0).abs() < 1e-9, "less for a person");
    }

    #[test]
    fn a_story_that_has_just_begun_has_an_axis() {
        let scale = Scale::new(&[], &[], 0);
        assert!(scale.x(0).abs() < 1e-9);
        assert_eq!(scale.end(), Duration::from_secs(1));
    }
}
