//! What holds the law's structure: the order of the obstacles, and that a word of the record which
//! this version does not know leads to a person, whichever word of whichever event it is.

use crate::fixture::{Log, active, at, gone, one, seen};
use homeostat_policy::alert::Fingerprint;
use homeostat_policy::decide::obstacles::{AFTER, BEFORE};
use homeostat_policy::log::{Entry, Event, Source};
use homeostat_policy::machine::{Input, State, step};
use homeostat_policy::observation::Observation;
use homeostat_policy::words::{DecisionKind, JobResult, Reason, Verb};
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn the_obstacles_keep_their_order() {
    let before: Vec<_> = BEFORE.iter().map(|obstacle| obstacle.name).collect();
    let expected = [
        "unreadable record",
        "last call denied or its outcome unknown",
        "paused by a person",
        "switch running",
        "bus lost",
        "unit unknown",
        "alias",
        "labels taken away",
        "host at risk",
        "frozen",
        "job queued",
        "changing",
        "off",
        "unconfirmed",
        "somebody's remedy",
        "back-off",
    ];
    assert_eq!(before, expected);
    let after: Vec<_> = AFTER.iter().map(|obstacle| obstacle.name).collect();
    let expected = [
        "dry-run",
        "cool-down",
        "attempts",
        "budget",
        "start limit",
        "in flight",
        "switch unknown",
    ];
    assert_eq!(after, expected);
}

/// Looks at the open incident until it rests, with all witnesses saying that the alert is over and the
/// unit active: what would end it, could its record be read.
fn rests(mut state: State) -> String {
    let rules = one(&[Verb::Restart, Verb::Rescue]);
    let observation = Observation {
        alerts: [(Fingerprint(1), gone(at(2_000)))].into(),
        ..seen(active())
    };
    for seconds in 2_000..2_006 {
        let Some(incident) = state.open().next() else {
            return "closed".to_owned();
        };
        let looked = Input::Looked {
            incident: incident.id,
            turn: incident.turn,
            events: incident.events,
            observation: Box::new(observation.clone()),
        };
        let step = step(&state, looked, &rules, &at(seconds).into());
        step.events.iter().for_each(|entry| state.apply(entry));
    }
    let phase = state.open().next().map(|incident| incident.phase.label());
    phase.unwrap_or("closed").to_owned()
}

/// The words of an event: where they are in its JSON.
fn words(event: &Value) -> Vec<&'static str> {
    let all = [
        "kind", "decision", "reason", "verb", "verdict", "result", "misfit", "source",
    ];
    let is_there = |word: &&str| event[*word].is_string();
    all.into_iter().filter(is_there).collect()
}

#[test]
fn a_word_from_the_future_leads_to_a_person_whichever_it_is() {
    let log = Log::open()
        .witnessed(1, 1, Source::Alertmanager)
        .held(2, Reason::Paused)
        .decided(3, DecisionKind::Act, Reason::Firing)
        .intent(1, 3, Verb::Restart)
        .then(
            4,
            Event::JobEnded {
                action: 1,
                result: JobResult::NotCalled,
                invocation_after: None,
                examined: false,
                misfit: Some(Reason::Changing),
                was_reset: false,
            },
        )
        .tried(2, 10, Verb::Restart, JobResult::Failed)
        .cleared(20, 1);
    assert_eq!(rests(log.state()), "closed", "all of it can be read");
    let mut tried = BTreeSet::new();
    for at in 0..log.entries.len() {
        let entry = serde_json::to_value(&log.entries[at]).expect("an event is JSON");
        for word in words(&entry["event"]) {
            let mut strange = entry.clone();
            strange["event"][word] = "from_the_future".into();
            // As the store reads it.
            let event = serde_json::from_value(strange["event"].take()).unwrap_or(Event::Unknown);
            let strange = Entry {
                event,
                ..log.entries[at].clone()
            };
            // At every end of the log after it: in every phase.
            for end in at..log.entries.len() {
                let mut entries = log.entries[..=end].to_vec();
                entries[at] = strange.clone();
                let what = format!("{word} of event {at}, before event {}", end + 1);
                assert_eq!(
                    rests(State::replay(&entries)),
                    "paged",
                    "{what}: {strange:?}"
                );
            }
            tried.insert(word);
        }
    }
    assert_eq!(tried.len(), 8, "every word: {tried:?}");
}
