//! The alerts of the virtual host, and what is seen when somebody looks.

use super::{
    ALERTS, DISK, Firing, REPEAT_MS, RESOLVE_TIMEOUT_MS, STRANGER, World, index_of, unit_of,
};
use homeostat_policy::alert::{Alert, Fingerprint};
use homeostat_policy::log::rfc3339;
use homeostat_policy::machine::{Look, Question, RecordsWanted};
use homeostat_policy::observation::{AlertState, Fact, HeldAlert, Observation};
use homeostat_policy::unit::UnitState;
use std::collections::BTreeMap;
use std::sync::LazyLock;

impl World {
    pub fn labels(index: usize, is_posted: bool) -> BTreeMap<String, String> {
        let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut labels = BTreeMap::from([label("alertname", ALERTS[index])]);
        if index == STRANGER {
            labels.extend([label("from", "a stranger")]);
        } else if !is_posted {
            labels.extend([label("ours", "yes")]);
        }
        labels
    }

    /// The notice of an alert as Alertmanager would send it, or as posted by hand.
    pub fn notice(&self, index: usize, status: &str, is_posted: bool) -> Alert {
        let labels = Self::labels(index, is_posted);
        let fingerprint = Fingerprint::of_labels(&labels).to_string();
        let mut json = serde_json::json!({ "status": status, "labels": labels });
        if !is_posted {
            json["fingerprint"] = fingerprint.into();
            json["startsAt"] = rfc3339(self.alerts[index].since_wall_ms).into();
        }
        Alert::parse(&json.to_string(), &self.now()).expect("a well-formed notice")
    }

    /// An alert fires; whether as a new episode, or as the one that was there before, as after a
    /// silence of its sender.
    pub fn fire(&mut self, index: usize, has_data: bool, is_new: bool) {
        let since_wall_ms = self.now().wall_ms;
        let is_up = self.alertmanager;
        let firing = &mut self.alerts[index];
        firing.has_data = has_data;
        if !firing.in_prometheus && (is_new || firing.since_wall_ms == 0) {
            firing.since_wall_ms = since_wall_ms;
        }
        firing.in_prometheus = true;
        firing.in_alertmanager |= is_up;
        firing.was_sent |= is_up;
        if is_up {
            firing.sent = self.real;
        }
    }

    /// The alerts that Alertmanager sends again now, because they still fire.
    pub fn repeats(&mut self) -> Vec<usize> {
        let (real, is_up) = (self.real, self.alertmanager);
        let is_due = |alert: &Firing| {
            is_up && alert.in_alertmanager && alert.was_sent && real - alert.sent >= REPEAT_MS
        };
        let due: Vec<_> = (0..ALERTS.len())
            .filter(|i| is_due(&self.alerts[*i]))
            .collect();
        for index in &due {
            self.alerts[*index].sent = real;
        }
        due
    }

    pub fn resolve(&mut self, index: usize) -> bool {
        let firing = &mut self.alerts[index];
        firing.in_alertmanager = false;
        firing.was_sent = false;
        std::mem::take(&mut firing.in_prometheus)
    }

    /// The world's alert behind a fingerprint; `None` for a post by hand.
    pub fn alert_of(fingerprint: Fingerprint) -> Option<usize> {
        // The law asks after each tick about all that is open: half a history's time, if each answer hashed labels.
        static KNOWN: LazyLock<Vec<Fingerprint>> = LazyLock::new(|| {
            let of = |index| Fingerprint::of_labels(&World::labels(index, false));
            (0..ALERTS.len()).map(of).collect()
        });
        KNOWN.iter().position(|known| *known == fingerprint)
    }

    pub fn is_alertmanager_old(&self) -> bool {
        self.alertmanager && self.real - self.alertmanager_began >= RESOLVE_TIMEOUT_MS
    }

    pub fn observe(&self, look: &Look) -> Observation {
        let index = look.unit.as_ref().map(|unit| index_of(unit.as_str()));
        let unit = index
            .filter(|_| self.bus)
            .map_or(Fact::Unknown, |index| Fact::Known(self.unit_state(index)));
        let wants =
            unit.known().is_some_and(UnitState::is_off) || look.records != RecordsWanted::WhileOff;
        let records = index
            .filter(|_| wants)
            .map_or(Fact::Unknown, |index| self.records(index, look.records));
        let bound_records = unit
            .known()
            .into_iter()
            .flat_map(|unit| &unit.bound_to)
            .map(|bound| {
                (
                    bound.id.clone(),
                    self.records(DISK, RecordsWanted::WhileOff),
                )
            })
            .collect();
        let ask = |question: &Question| {
            let index = Self::alert_of(question.fingerprint);
            let firing = index.map(|index| &self.alerts[index]);
            let mut state = AlertState::default();
            if self.alertmanager {
                state.in_alertmanager = Fact::Known(firing.is_some_and(|f| f.in_alertmanager));
            }
            if self.prometheus {
                // Of the rules with this name ours alone writes our labels; another comes first.
                let is_ours = index.is_some_and(|index| index != STRANGER);
                let is_told_apart = !question.own.is_empty();
                let fires = is_ours && is_told_apart && firing.is_some_and(|f| f.in_prometheus);
                state.in_prometheus = Fact::Known(Some(fires));
                state.fires = fires;
                state.evaluated_ms = Some(self.evaluated.1);
                state.proof = Fact::Known(firing.is_none_or(|f| f.has_data));
            }
            state
        };
        let of_unit = (0..ALERTS.len())
            .filter(|i| self.alerts[*i].in_alertmanager)
            .filter(|i| index == Some(unit_of(*i)))
            .map(|i| HeldAlert {
                name: ALERTS[i].to_owned(),
                severity: String::new(),
            });
        let alertmanager_up_ms = if self.alertmanager {
            Fact::Known(self.real - self.alertmanager_began)
        } else {
            Fact::Unknown
        };
        Observation {
            unit,
            alerts: look
                .questions
                .iter()
                .map(|q| (q.fingerprint, ask(q)))
                .collect(),
            switching: self.switching,
            records,
            bound_records,
            alertmanager_up_ms,
            of_unit: if self.alertmanager {
                Fact::Known(of_unit.collect())
            } else {
                Fact::Unknown
            },
        }
    }
}
