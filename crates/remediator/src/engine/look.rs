//! One reading of all that a decision about an incident needs.

use super::Engine;
use crate::journal;
use crate::sources::Answers;
use crate::switch;
use crate::systemd::UnitControl;
use homeostat_policy::machine::{Look, RecordsWanted};
use homeostat_policy::observation::{Fact, Observation, UnitRecord};
use homeostat_policy::unit::UnitState;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long the whole look may take. What has not answered by then is unknown.
const LIMIT: Duration = Duration::from_secs(5);

impl<C: UnitControl> Engine<C> {
    /// Looks at everything side by side.
    pub(super) async fn look(&self, look: &Look) -> Observation {
        let deadline = Instant::now() + LIMIT;
        let host = async {
            let unit = match &look.unit {
                Some(unit) => timeout_at(deadline, self.control.observe(unit))
                    .await
                    .map_or(Fact::Unknown, Fact::from),
                None => Fact::Unknown,
            };
            if let (Some(name), Some(state)) = (&look.unit, unit.known()) {
                self.sight.note(name, state, None);
            }
            let records = self.records(look, unit.known(), deadline).await;
            (unit, records)
        };
        let asked = timeout_at(deadline, self.witnesses.ask(look));
        let ((unit, (records, bound_records)), answers) = tokio::join!(host, asked);
        let Answers {
            alerts,
            of_unit,
            alertmanager_up_ms,
        } = answers.unwrap_or_default();
        Observation {
            unit,
            alerts,
            // Looked at last: systemd refuses a call that would clash with a job, but nobody refuses
            // one for a switch that began while the others were asked.
            switching: is_switching(&self.config.switch_lock),
            records,
            bound_records,
            alertmanager_up_ms,
            of_unit,
        }
    }

    /// What PID 1 recorded about the unit, and about those that it is bound to.
    async fn records(
        &self,
        look: &Look,
        unit: Option<&UnitState>,
        deadline: Instant,
    ) -> (
        Fact<Vec<UnitRecord>>,
        BTreeMap<String, Fact<Vec<UnitRecord>>>,
    ) {
        let Some(name) = &look.unit else {
            return (Fact::Unknown, BTreeMap::new());
        };
        let (boot_id, since) = match look.records {
            RecordsWanted::Since { boot_id, wall_ms } => (boot_id, Some(wall_ms)),
            RecordsWanted::WhileOff if unit.is_some_and(UnitState::is_off) => {
                (self.clock.now().boot_id, None)
            }
            RecordsWanted::WhileOff => return (Fact::Unknown, BTreeMap::new()),
        };
        let read = async |name: &str| {
            let records = timeout_at(deadline, journal::records(name, boot_id, since)).await;
            match records {
                Ok(Ok(records)) => Fact::Known(records),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "the journal cannot tell about {name}");
                    Fact::Unknown
                }
                Err(_) => Fact::Unknown,
            }
        };
        let records = read(name.as_str()).await;
        let mut of_bound = BTreeMap::new();
        for bound in unit.iter().flat_map(|unit| &unit.bound_to) {
            of_bound.insert(bound.id.clone(), read(&bound.id).await);
        }
        (records, of_bound)
    }
}

/// Whether a switch of the host to a new configuration is under way.
pub(super) fn is_switching(lock: &Path) -> Fact<bool> {
    let switching = switch::is_running(lock);
    if let Err(error) = &switching {
        tracing::debug!(%error, "it cannot be told whether a switch is under way");
    }
    switching.into()
}
