//! What the daemon holds in memory: the open incidents, the recent actions and
//! the alerts it has seen. All of it can be rebuilt from the event log.

use crate::store::Ticket;
use homeostat_policy::alert::{Alert, AlertStatus};
use homeostat_policy::event::{Entry, Event, IncidentId};
use homeostat_policy::history::History;
use homeostat_policy::incident::Incident;
use homeostat_policy::moment::Moment;
use homeostat_policy::rules::Rules;
use homeostat_policy::unit::UnitName;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// How many alerts are remembered so that their re-sends need no write.
pub const MEMORY_OF_ALERTS: usize = 100_000;

/// The state of the daemon.
pub struct State {
    /// Counts the times it was rebuilt from disk. Work begun before a rebuild is void.
    pub generation: u64,
    /// Actions and pause.
    pub history: History,
    open: BTreeMap<IncidentId, Incident>,
    by_unit: HashMap<UnitName, IncidentId>,
    /// Pages of incidents that closed, which Alertmanager must still be told about.
    pub ended_pages: Vec<Incident>,
    known: HashMap<i64, Option<Ticket>>,
    known_order: VecDeque<i64>,
    next_id: IncidentId,
}

/// What the log says.
pub struct Loaded {
    /// Events of the open incidents.
    pub open: Vec<Entry>,
    /// Intents, pauses and resumes.
    pub history: Vec<Entry>,
    /// Numbers of the newest alerts, oldest first.
    pub episodes: Vec<i64>,
    /// The highest incident number.
    pub last_incident: IncidentId,
}

/// What one alert of a post means.
pub enum Taken {
    /// It is news, and these are the events that record it.
    News(Vec<Entry>),
    /// It was seen before; the ticket is there while it is not yet on disk.
    Again(Option<Ticket>),
}

impl State {
    /// Rebuilds the state from what the log says.
    #[must_use]
    pub fn rebuild(loaded: Loaded, generation: u64) -> Self {
        let mut state = Self {
            generation,
            history: History::default(),
            open: BTreeMap::new(),
            by_unit: HashMap::new(),
            ended_pages: Vec::new(),
            known: HashMap::new(),
            known_order: VecDeque::new(),
            next_id: loaded.last_incident + 1,
        };
        for entry in &loaded.history {
            state.history.apply(entry);
        }
        state.open = Incident::fold(&loaded.open);
        state.open.retain(|_, incident| !incident.is_closed());
        for incident in state.open.values() {
            if let Some(unit) = &incident.unit {
                state.by_unit.insert(unit.clone(), incident.id);
            }
        }
        for episode in loaded.episodes {
            state.remember(episode, None);
        }
        state
    }

    /// The open incidents, oldest first.
    pub fn open(&self) -> impl DoubleEndedIterator<Item = &Incident> {
        self.open.values()
    }

    /// An open incident.
    #[must_use]
    pub fn incident(&self, id: IncidentId) -> Option<&Incident> {
        self.open.get(&id)
    }

    /// Takes note of an event.
    pub fn apply(&mut self, entry: &Entry) {
        self.history.apply(entry);
        if let Some(incident) = self.open.get_mut(&entry.incident) {
            incident.apply(entry);
        } else if let Some(incident) = Incident::begin(entry) {
            self.next_id = self.next_id.max(incident.id + 1);
            if !incident.is_closed() {
                if let Some(unit) = &incident.unit {
                    self.by_unit.insert(unit.clone(), incident.id);
                }
                self.open.insert(incident.id, incident);
            }
        }
        if entry.event.closes()
            && let Some(incident) = self.open.remove(&entry.incident)
        {
            if let Some(unit) = &incident.unit {
                self.by_unit.remove(unit);
            }
            if incident.paged.is_some() {
                self.ended_pages.push(incident);
            }
        }
    }

    /// Finds out what an alert means, and takes note of it.
    pub fn take(&mut self, alert: Alert, rules: &Rules, at: Moment) -> Taken {
        let episode = alert.episode();
        if let Some(ticket) = self.known.get(&episode) {
            return Taken::Again(ticket.clone());
        }
        let rule = match rules.lookup(&alert) {
            Ok(rule) => rule,
            // The end of an alert that is not ours is no news.
            Err(_) if alert.status == AlertStatus::Resolved => return Taken::Again(None),
            Err(reason) => {
                let host = alert
                    .labels
                    .get("host")
                    .map_or(rules.host(), String::as_str);
                let entry = Entry {
                    incident: self.next_id,
                    at,
                    event: Event::Refused {
                        host: host.to_owned(),
                        alert,
                        reason,
                    },
                };
                self.apply(&entry);
                return Taken::News(vec![entry]);
            }
        };
        let mut entries = Vec::with_capacity(2);
        let incident = match (self.by_unit.get(&rule.unit), alert.status) {
            (Some(id), AlertStatus::Firing) => *id,
            (Some(id), AlertStatus::Resolved)
                if self.open[id].evidence.contains_key(&alert.fingerprint) =>
            {
                *id
            }
            (_, AlertStatus::Resolved) => return Taken::Again(None),
            (None, AlertStatus::Firing) => {
                entries.push(Entry {
                    incident: self.next_id,
                    at,
                    event: Event::Opened {
                        host: rules.host().to_owned(),
                        unit: rule.unit.clone(),
                    },
                });
                self.next_id
            }
        };
        entries.push(Entry {
            incident,
            at,
            event: Event::Alert {
                alert,
                rule: rule.name.clone(),
            },
        });
        for entry in &entries {
            self.apply(entry);
        }
        Taken::News(entries)
    }

    /// Remembers an alert, so that its re-send is known; `ticket` until it is on disk.
    pub fn remember(&mut self, episode: i64, ticket: Option<Ticket>) {
        if self.known.insert(episode, ticket).is_none() {
            self.known_order.push_back(episode);
        }
        while self.known_order.len() > MEMORY_OF_ALERTS {
            if let Some(oldest) = self.known_order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }
}
