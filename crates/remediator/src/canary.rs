//! A log line now and then that has to arrive: journal, Collector and log store are one road, and a part of it that
//! hangs says nothing of itself.

use crate::SERVICE;
use crate::sources::LogStore;
use prometheus::{IntGauge, Registry};
use std::collections::VecDeque;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How many lines on their way are remembered. Older ones cannot bring news.
const REMEMBERED: usize = 60;

/// Writes the lines and looks for them.
pub struct Canary {
    store: LogStore,
    every: Duration,
    age: IntGauge,
    flight: Flight,
}

impl Canary {
    /// A canary that writes a line each `every`. Its metric is the age of the newest line that has arrived.
    ///
    /// # Errors
    /// When its metric is there already.
    pub fn new(
        store: LogStore,
        every: Duration,
        registry: &Registry,
    ) -> Result<Self, prometheus::Error> {
        let age = IntGauge::new(
            "homeostat_remediator_log_canary_age_seconds",
            "How long ago the newest of our log lines that has arrived in the log store was written; before the first, \
             since the start.",
        )?;
        registry.register(Box::new(age.clone()))?;
        // Tells this process's lines from those of another start.
        let began = SystemTime::now().duration_since(UNIX_EPOCH);
        let run = format!("{:x}", began.unwrap_or_default().as_millis());
        let flight = Flight::new(run, Instant::now());
        Ok(Self {
            store,
            every,
            age,
            flight,
        })
    }

    /// Goes on for ever. What the store does not answer is as good as not there.
    pub async fn run(mut self) {
        let mut written = None::<Instant>;
        loop {
            if written.is_none_or(|at| at.elapsed() >= self.every) {
                written = Some(Instant::now());
                let canary = self.flight.send(Instant::now());
                tracing::info!(%canary, "log lines arrive");
            }
            match self
                .store
                .newest(SERVICE, "canary", &self.flight.prefix())
                .await
            {
                Ok(found) => self.flight.arrived(found.as_deref()),
                Err(error) => tracing::debug!(%error, "the log store does not answer"),
            }
            let age = self.flight.since.elapsed().as_secs();
            self.age.set(i64::try_from(age).unwrap_or(i64::MAX));
            tokio::time::sleep(self.every / 4).await;
        }
    }
}

/// The lines on their way.
struct Flight {
    run: String,
    sent: u64,
    on_their_way: VecDeque<(String, Instant)>,
    /// When the newest that has arrived was written.
    since: Instant,
}

impl Flight {
    fn new(run: String, now: Instant) -> Self {
        Self {
            run,
            sent: 0,
            on_their_way: VecDeque::new(),
            since: now,
        }
    }

    fn prefix(&self) -> String {
        format!("{}-", self.run)
    }

    fn send(&mut self, now: Instant) -> String {
        self.sent += 1;
        let name = format!("{}-{}", self.run, self.sent);
        self.on_their_way.push_back((name.clone(), now));
        if self.on_their_way.len() > REMEMBERED {
            self.on_their_way.pop_front();
        }
        name
    }

    fn arrived(&mut self, newest: Option<&str>) {
        let place = newest.and_then(|n| self.on_their_way.iter().position(|(name, _)| name == n));
        if let Some((_, written)) =
            place.and_then(|place| self.on_their_way.drain(..=place).next_back())
        {
            self.since = written;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, second: u64) -> Instant {
        start + Duration::from_secs(second)
    }

    #[test]
    fn the_age_is_that_of_the_newest_line_that_has_arrived() {
        let start = Instant::now();
        let mut flight = Flight::new("run".to_owned(), start);
        let names: Vec<String> = (1..=3).map(|n| flight.send(at(start, 60 * n))).collect();
        assert_eq!(names, ["run-1", "run-2", "run-3"]);
        flight.arrived(None);
        assert_eq!(flight.since, start);
        flight.arrived(Some("run-2"));
        assert_eq!(flight.since, at(start, 120));
        // The same again is no news, nor is a line of another start.
        flight.arrived(Some("run-2"));
        flight.arrived(Some("other-9"));
        assert_eq!(flight.since, at(start, 120));
        flight.arrived(Some("run-3"));
        assert_eq!(flight.since, at(start, 180));
    }

    #[test]
    fn lines_that_never_arrive_are_forgotten_one_by_one() {
        let start = Instant::now();
        let mut flight = Flight::new("run".to_owned(), start);
        for second in 0..1000 {
            flight.send(at(start, second));
        }
        assert_eq!(flight.on_their_way.len(), REMEMBERED);
        flight.arrived(Some("run-1"));
        assert_eq!(flight.since, start);
        flight.arrived(Some("run-1000"));
        assert_eq!(flight.since, at(start, 999));
    }
}
