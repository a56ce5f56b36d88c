//! What is seen of the units under care, for all who show it: one listing feeds pages, the status page and the metrics,
//! and none of them waits for the bus.

use super::Engine;
use crate::systemd::{Glance, UnitControl};
use futures_util::StreamExt;
use homeostat_policy::unit::{UnitName, UnitState};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// How often the units are listed.
pub(super) const EVERY: Duration = Duration::from_secs(2);
/// How old what was seen may be; after that it is not known.
const TRUSTED_FOR: Duration = Duration::from_secs(15);
/// After this time all of a unit's properties are read again, for a listing does not show a restart between two of them.
const READ_AGAIN: Duration = Duration::from_secs(10);
/// How long systemd may take to answer.
const LIMIT: Duration = Duration::from_secs(5);
/// How many units are read side by side; the bus allows 128 calls without an answer (`dbus-daemon(1)`,
/// `max_replies_per_connection`).
const AT_ONCE: usize = 16;

/// One unit as it was seen.
struct Seen {
    state: UnitState,
    glance: Option<Glance>,
    /// When its properties were read.
    read: Instant,
    /// When a listing or a reading last agreed with them.
    confirmed: Instant,
}

/// What was seen of the units.
#[derive(Default)]
pub(super) struct Sight {
    units: Mutex<BTreeMap<UnitName, Seen>>,
    listed: Mutex<Option<Instant>>,
}

impl Sight {
    fn units(&self) -> MutexGuard<'_, BTreeMap<UnitName, Seen>> {
        self.units.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listed(&self) -> MutexGuard<'_, Option<Instant>> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of a reading, and of the listing that led to it.
    pub(super) fn note(&self, unit: &UnitName, state: &UnitState, glance: Option<Glance>) {
        let now = Instant::now();
        let seen = Seen {
            state: state.clone(),
            glance,
            read: now,
            confirmed: now,
        };
        self.units().insert(unit.clone(), seen);
    }

    /// The unit as it was seen last, its times carried on to now.
    fn unit(&self, unit: &UnitName) -> Option<UnitState> {
        let units = self.units();
        let seen = units
            .get(unit)
            .filter(|seen| seen.confirmed.elapsed() < TRUSTED_FOR)?;
        let since = u64::try_from(seen.read.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut state = seen.state.clone();
        for time in [&mut state.active_for_ms, &mut state.inactive_for_ms] {
            *time = time.map(|ms| ms.saturating_add(since));
        }
        Some(state)
    }

    /// Which of the units that were listed must be read: those that have changed, and those last read long ago.
    fn to_read(&self, listed: Vec<(UnitName, Glance)>) -> Vec<(UnitName, Glance)> {
        let now = Instant::now();
        let mut units = self.units();
        let is_known = |(unit, glance): &(UnitName, Glance)| {
            let seen = units.get_mut(unit);
            let seen = seen.filter(|seen| seen.glance.as_ref() == Some(glance));
            seen.is_some_and(|seen| {
                seen.confirmed = now;
                now.duration_since(seen.read) < READ_AGAIN
            })
        };
        let (_, to_read): (Vec<_>, Vec<_>) = listed.into_iter().partition(is_known);
        to_read
    }
}

/// The units under care, as they are shown.
pub struct UnitsSeen {
    /// Each with its state; `None` where that is not known.
    pub units: Vec<(UnitName, Option<UnitState>)>,
    /// How old the newest listing is.
    pub age: Option<Duration>,
}

impl<C: UnitControl> Engine<C> {
    /// Lists the units and reads what the listing leaves open.
    pub(super) async fn see_units(&self) {
        let mut names: BTreeSet<UnitName> = self.config.rules.units().cloned().collect();
        names.extend(self.state().open().filter_map(|i| i.unit.clone()));
        let names: Vec<UnitName> = names.into_iter().collect();
        let Ok(Ok(listed)) = timeout(LIMIT, self.control.list(&names)).await else {
            return;
        };
        *self.sight.listed() = Some(Instant::now());
        self.sight.units().retain(|unit, _| names.contains(unit));
        let to_read = self
            .sight
            .to_read(names.iter().cloned().zip(listed).collect());
        let read = async |(unit, glance): (UnitName, Glance)| {
            if let Ok(Ok(state)) = timeout(LIMIT, self.control.observe(&unit)).await {
                self.sight.note(&unit, &state, Some(glance));
            }
        };
        futures_util::stream::iter(to_read)
            .for_each_concurrent(AT_ONCE, read)
            .await;
    }

    /// The units under care as they were seen last.
    pub fn units(&self) -> UnitsSeen {
        let units = self.config.rules.units();
        UnitsSeen {
            units: units.map(|unit| (unit.clone(), self.unit(unit))).collect(),
            age: self.sight.listed().map(|at| at.elapsed()),
        }
    }

    /// A unit as it was seen last; `None` where that is not known.
    pub fn unit(&self, unit: &UnitName) -> Option<UnitState> {
        self.sight.unit(unit)
    }
}
