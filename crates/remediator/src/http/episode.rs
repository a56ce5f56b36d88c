//! What goes wrong again and again is told once, and then counted: whoever causes it must not be able to push all else
//! out of the journal.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::sleep;

/// How often a count is told while it grows. An episode is over when nothing came for so long.
const EVERY: Duration = Duration::from_secs(60);

/// One kind of failure.
#[derive(Debug, Clone)]
pub(super) struct Episode {
    what: &'static str,
    /// How many came since the last line; `None` between two episodes.
    count: Arc<Mutex<Option<u64>>>,
}

impl Episode {
    pub(super) fn new(what: &'static str) -> Self {
        Self {
            what,
            count: Arc::default(),
        }
    }

    /// It happened: the first time is told at once, with what is known of it.
    pub(super) fn happened(&self, detail: &dyn Display) {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = &mut *count {
            *count += 1;
            return;
        }
        *count = Some(0);
        drop(count);
        tracing::warn!("{}: {detail}", self.what);
        tokio::spawn(self.clone().go_on());
    }

    async fn go_on(self) {
        loop {
            sleep(EVERY).await;
            let more = {
                let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
                let more = count.unwrap_or(0);
                *count = (more > 0).then_some(0);
                more
            };
            if more == 0 {
                return;
            }
            tracing::warn!(
                count = more,
                "{}: {more} more in {} s",
                self.what,
                EVERY.as_secs()
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_episode_ends_when_nothing_came_for_a_while() {
        let episode = Episode::new("it failed");
        let count = || *episode.count.lock().unwrap();
        assert_eq!(count(), None);
        for _ in 0..1_000 {
            episode.happened(&"again");
        }
        assert_eq!(count(), Some(999));
        sleep(EVERY + Duration::from_secs(1)).await;
        assert_eq!(count(), Some(0), "told, and it goes on");
        sleep(EVERY).await;
        assert_eq!(count(), None);
    }
}
