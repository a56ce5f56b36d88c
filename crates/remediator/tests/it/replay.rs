//! What a start reads of the log folds to the same state as the whole log does.

use homeostat_policy::alert::{Alert, AlertStatus, Fingerprint};
use homeostat_policy::log::{Entry, Event, Moment};
use homeostat_policy::machine::State;
use homeostat_policy::observation::Observation;
use homeostat_policy::unit::UnitName;
use homeostat_policy::words::{DecisionKind, End, JobResult, Reason, Verb, Verdict};
use homeostat_remediator::clock;
use homeostat_remediator::store::Store;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// How far back a log begins: most of it is older than what a start reads of what has ended.
const AGE_MS: i64 = 3600 * 1000;

/// What may happen next. Numbers choose among the units, the alerts and the incidents that there are.
#[derive(Debug, Clone)]
enum Step {
    Refuse(u8, i64),
    Report(u8, u8, i64),
    Clear(u8),
    Act(u8),
    Close(u8, End),
    Pause(bool),
    Acknowledge(u8),
    /// An event of a newer version.
    Unreadable(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ends = prop::sample::select(vec![
        End::Fixed,
        End::Paged,
        End::ResolvedByItself,
        End::TakenOver,
    ]);
    let step = prop_oneof![
        1 => (0..6u8, 0..3i64).prop_map(|(alert, starts)| Step::Refuse(alert, starts)),
        4 => (0..4u8, 0..6u8, 0..3i64).prop_map(|(unit, alert, starts)| Step::Report(unit, alert, starts)),
        2 => (0..6u8).prop_map(Step::Clear),
        2 => any::<u8>().prop_map(Step::Act),
        2 => (any::<u8>(), ends).prop_map(|(incident, end)| Step::Close(incident, end)),
        1 => any::<bool>().prop_map(Step::Pause),
        1 => any::<u8>().prop_map(Step::Acknowledge),
        1 => any::<u8>().prop_map(Step::Unreadable),
    ];
    prop::collection::vec(step, 1..60)
}

fn unit(number: u8) -> UnitName {
    UnitName::parse(&format!("unit-{number}.service")).expect("a good name")
}

fn alert(number: u8, starts_ms: i64) -> Alert {
    Alert {
        name: format!("Alert{number}"),
        status: AlertStatus::Firing,
        labels: BTreeMap::new(),
        summary: String::new(),
        starts_ms,
        fingerprint: Fingerprint(u64::from(number)),
    }
}

/// A log that grows as the daemon's does: events of open incidents, and, of one that has ended, only that an
/// alert of it is over.
#[derive(Default)]
struct Log {
    entries: Vec<Entry>,
    open: Vec<(i64, u8)>,
    last: i64,
}

impl Log {
    fn of(steps: &[Step]) -> Vec<Entry> {
        let mut log = Self::default();
        let began = clock::now().wall_ms - AGE_MS;
        let every = AGE_MS / i64::try_from(steps.len()).expect("a few");
        for (number, step) in (0..).zip(steps) {
            log.take(step, began + number * every);
        }
        log.entries
    }

    fn take(&mut self, step: &Step, wall_ms: i64) {
        let state = State::replay(&self.entries);
        let mut write = |incident, event| {
            let at = Moment {
                wall_ms,
                ..clock::now()
            };
            self.entries.push(Entry {
                incident,
                at,
                event,
            });
        };
        let choose = |number: &u8| {
            let count = self.open.len();
            (count > 0).then(|| usize::from(*number) % count)
        };
        match step {
            Step::Refuse(number, starts) => {
                self.last += 1;
                write(
                    self.last,
                    Event::Refused {
                        host: "h".to_owned(),
                        alert: alert(*number, *starts),
                        reason: Reason::NoRule,
                        rules: 7,
                    },
                );
            }
            Step::Report(about, number, starts) => {
                let found = self.open.iter().find(|(_, unit)| unit == about).copied();
                let incident = found.map_or_else(
                    || {
                        self.last += 1;
                        self.open.push((self.last, *about));
                        write(
                            self.last,
                            Event::Opened {
                                host: "h".to_owned(),
                                unit: unit(*about),
                            },
                        );
                        self.last
                    },
                    |(incident, _)| incident,
                );
                let alert = alert(*number, *starts);
                let fingerprint = alert.fingerprint;
                let settled = state.settled_by(&alert);
                let rule = "r".to_owned();
                write(
                    incident,
                    Event::Alert {
                        alert,
                        rule,
                        anew: false,
                        left_out: false,
                    },
                );
                // What stood of an earlier episode is over.
                if let Some(incident) = settled {
                    write(incident, Event::Cleared { fingerprint });
                }
            }
            Step::Clear(number) => {
                let alert = alert(*number, 0);
                let fingerprint = alert.fingerprint;
                // Where nobody holds it, nothing is written.
                let holder = state
                    .open()
                    .find(|incident| incident.evidence.contains_key(&fingerprint))
                    .map(|incident| incident.id)
                    .or_else(|| state.settled_by(&alert));
                if let Some(incident) = holder {
                    write(incident, Event::Cleared { fingerprint });
                }
            }
            Step::Act(number) => {
                if let Some(place) = choose(number) {
                    let (incident, about) = self.open[place];
                    let observation = Observation::default();
                    for event in [
                        Event::Decided {
                            decision: DecisionKind::Act,
                            reason: Reason::Firing,
                            verb: Some(Verb::Restart),
                            observation: observation.clone(),
                        },
                        Event::Intent {
                            action: 1,
                            unit: unit(about),
                            verb: Verb::Restart,
                            rule: "r".to_owned(),
                            invocation_before: String::new(),
                            changed_before_ms: None,
                            about: None,
                        },
                        Event::JobEnded {
                            action: 1,
                            result: JobResult::Done,
                            invocation_after: None,
                            examined: false,
                            misfit: None,
                            was_reset: false,
                        },
                        Event::Verdict {
                            action: 1,
                            verdict: Verdict::Unproven,
                            reason: Reason::NoData,
                            observation,
                        },
                    ] {
                        write(incident, event);
                    }
                }
            }
            Step::Close(number, end) => {
                if let Some(place) = choose(number) {
                    let note = None;
                    write(self.open[place].0, Event::Closed { end: *end, note });
                    self.open.remove(place);
                }
            }
            Step::Pause(pause) => {
                let reason = "why".to_owned();
                let event = if *pause {
                    Event::Paused { reason }
                } else {
                    Event::Resumed { reason }
                };
                write(0, event);
            }
            Step::Acknowledge(number) => {
                if let Some(place) = choose(number) {
                    let reason = "on it".to_owned();
                    write(self.open[place].0, Event::Acknowledged { reason });
                }
            }
            Step::Unreadable(number) => {
                if let Some(place) = choose(number) {
                    write(self.open[place].0, Event::Unknown);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_start_knows_what_the_whole_log_says(steps in steps()) {
        let entries = Log::of(&steps);
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let read = runtime.block_on(async {
            let folder = tempfile::tempdir().expect("a folder");
            let store = Store::open(&folder.path().join("events.db")).await.expect("it opens");
            store.append(entries.clone()).durable().await.expect("written");
            store.state().await.expect("read")
        });
        prop_assert_eq!(read, State::replay(&entries));
    }
}
