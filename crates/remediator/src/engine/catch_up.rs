//! Alerts that a post could not hold are read from Alertmanager.
//!
//! Alertmanager leaves alerts out of a post beyond its receiver's `max_alerts`, and does not repeat a post that was
//! answered with 413 (read at 0.34, `notify/webhook` and `notify/util`: only 5xx is tried again).

use super::{Engine, IntakeError};
use crate::sources::NoAnswer;
use crate::systemd::UnitControl;
use homeostat_policy::alert::Alert;
use homeostat_policy::machine::Input;
use homeostat_policy::unit::UnitName;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Why the alerts of a unit could not be read.
#[derive(Debug, thiserror::Error)]
enum NotRead {
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    #[error(transparent)]
    NotTaken(#[from] IntakeError),
}

impl<C: UnitControl> Engine<C> {
    /// Asks for all alerts of our receiver, soon.
    pub fn catch_up(&self) {
        if !self.missed.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "alerts were left out of a post; all of ours are read from Alertmanager"
            );
        }
    }

    /// Whether alerts have to be read.
    pub(super) fn is_behind(&self) -> bool {
        self.missed.load(Ordering::Relaxed)
    }

    /// Reads them, unit by unit. What could not be read or kept is read again on the next round.
    pub(super) async fn read_missed(self: Arc<Self>) {
        // What is left out from now on has to be read again.
        self.missed.store(false, Ordering::Relaxed);
        let (mut units, mut news) = (0, 0);
        for unit in self.config.rules.units() {
            match self.read_alerts_of(unit).await {
                Ok(accepted) => {
                    units += 1;
                    news += accepted;
                }
                Err(error) => {
                    tracing::debug!(%error, unit_name = unit.as_str(), "its alerts cannot be read");
                    self.missed.store(true, Ordering::Relaxed);
                }
            }
        }
        tracing::info!(units, news, "alerts were read from Alertmanager");
    }

    /// Reads a unit's alerts as if they were posted, and gives how many were news.
    async fn read_alerts_of(self: &Arc<Self>, unit: &UnitName) -> Result<u64, NotRead> {
        let receiver = &self.config.alertmanager_receiver;
        let host = self.config.rules.host();
        let told = self.witnesses.told(receiver, host, unit).await?;
        let at = self.clock.now();
        let mut inputs = Vec::with_capacity(told.len());
        for wire in told {
            match Alert::check(wire, &at) {
                Ok(alert) => inputs.push(Input::Alert(Box::new(alert))),
                Err(error) => {
                    tracing::warn!(%error, unit_name = unit.as_str(), "an alert was not taken");
                    self.metrics.alerts_rejected.inc();
                }
            }
        }
        Ok(self.take(inputs).await?.accepted)
    }
}
