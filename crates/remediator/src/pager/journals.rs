//! What the units of pages wrote last. A page is posted without it first, and again when it is there.

use crate::engine::Engine;
use crate::journal;
use crate::systemd::UnitControl;
use homeostat_policy::log::IncidentId;
use homeostat_policy::unit::UnitName;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// The most bytes of the journal in one page.
const MOST_BYTES: usize = 8 * 1024;
/// How many pages' journals are read at once.
const AT_ONCE: usize = 4;

/// The lines for each page, as far as they were read.
pub(super) struct Journals {
    read: Arc<Mutex<HashMap<IncidentId, Lines>>>,
    turns: Arc<Semaphore>,
}

#[derive(Default)]
struct Lines {
    text: Option<String>,
    is_being_read: bool,
}

impl Journals {
    pub(super) fn new() -> Self {
        Self {
            read: Arc::default(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// The lines that were read last; and they are read anew for the next post, which is soon where there are none yet.
    pub(super) fn of<C: UnitControl>(
        &self,
        engine: &Arc<Engine<C>>,
        incident: IncidentId,
        unit: &UnitName,
    ) -> Option<String> {
        let count = engine.config.page_journal_lines;
        if count == 0 {
            return None;
        }
        let mut read = lock(&self.read);
        let lines = read.entry(incident).or_default();
        let text = lines.text.clone();
        if !std::mem::replace(&mut lines.is_being_read, true) {
            let (engine, unit) = (engine.clone(), unit.clone());
            let (read, turns) = (self.read.clone(), self.turns.clone());
            tokio::spawn(async move {
                // It is never closed.
                let _turn = turns.acquire().await;
                let lines = journal::last_lines(&unit, count, MOST_BYTES).await;
                let text = lines.map_or_else(|error| error.to_string(), |lines| lines.join("\n"));
                if let Some(lines) = lock(&read).get_mut(&incident) {
                    lines.is_being_read = false;
                    if lines.text.replace(text).is_none() {
                        engine.pages.notify_one();
                    }
                }
            });
        }
        text
    }

    /// Forgets the lines of all but these.
    pub(super) fn keep(&self, is_kept: impl Fn(IncidentId) -> bool) {
        lock(&self.read).retain(|incident, _| is_kept(*incident));
    }
}

type Read = HashMap<IncidentId, Lines>;

fn lock(read: &Mutex<Read>) -> MutexGuard<'_, Read> {
    read.lock().unwrap_or_else(PoisonError::into_inner)
}
