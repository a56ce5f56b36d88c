//! Whether the event log's writer answers.

use super::Engine;
use crate::store::Ticket;
use crate::systemd::UnitControl;
use std::time::{Duration, Instant};

/// The writer's answers to pings.
#[derive(Default)]
pub(super) struct Pulse {
    /// The newest ping, and when it was sent.
    asked: Option<(Ticket, Instant)>,
    stalled: bool,
}

impl Pulse {
    /// A writer that has not answered for so long hangs.
    const LONGEST: Duration = Duration::from_secs(5);

    fn feel(&mut self, ping: impl FnOnce() -> Ticket) {
        match &self.asked {
            Some((ticket, since)) if !ticket.is_settled() => {
                self.stalled = since.elapsed() >= Self::LONGEST;
            }
            _ => {
                self.stalled = false;
                self.asked = Some((ping(), Instant::now()));
            }
        }
    }
}

impl<C: UnitControl> Engine<C> {
    /// Finds out whether the writer answers. While it does not, posts are turned away and nothing is
    /// done, for whatever is done is written first.
    pub(super) fn feel(&self, pulse: &mut Pulse) {
        let was_stalled = pulse.stalled;
        pulse.feel(|| self.store.ping());
        self.store.set_stalled(pulse.stalled);
        if pulse.stalled {
            self.metrics.store_errors.inc();
        }
        match (was_stalled, pulse.stalled) {
            (false, true) => tracing::error!("the event log does not answer; no action is taken"),
            (true, false) => tracing::info!("the event log answers again"),
            _ => {}
        }
    }
}
