//! An incident is bounded in alerts, bytes and events; what is left out is counted, and keeps it open.

use crate::faults::{Fed, restart};
use crate::fixture::{ALERT, UNIT, active, at, auto_restart, checked, gone, rule, seen, shown};
use homeostat_policy::alert::Alert;
use homeostat_policy::log::room::{MAX_EVENTS, MAX_EVIDENCE, MAX_EVIDENCE_BYTES, MAX_LEFT_OUT};
use homeostat_policy::log::{Event, Incident};
use homeostat_policy::machine::{Answer, Command, Effect, Input, Look};
use homeostat_policy::observation::{AlertState, Fact, Observation};
use homeostat_policy::rules::Rules;
use homeostat_policy::unit::UnitState;
use homeostat_policy::words::{Mode, Verb};

/// Feeds an alert with a label of so many bytes, and gives the answer.
fn posted(fed: &mut Fed, seconds: u64, number: u64, bytes: usize) -> Answer {
    let text = "x".repeat(bytes);
    let json = format!(
        r#"{{"status":"firing","labels":{{"alertname":"{ALERT}","unit":"{UNIT}","n":"{number}","x":"{text}"}},"startsAt":"2026-01-01T00:00:00Z"}}"#
    );
    let alert = Alert::parse(&json, &at(seconds)).expect("a well-formed alert");
    let step = fed.feed_unchecked(seconds, Input::Alert(Box::new(alert)));
    let answer = step.effects.iter().find_map(|effect| match effect {
        Effect::Answer(answer) => Some(*answer),
        _ => None,
    });
    answer.expect("a sender is answered")
}

fn incident(fed: &Fed) -> &Incident {
    fed.state.open().next().expect("an open incident")
}

fn followed(fed: &Fed) -> usize {
    let evidence = incident(fed).evidence.values();
    evidence.filter(|e| e.stands_for == 0).count()
}

/// What is seen when each alert that is followed is so, and those that were left out are so.
fn all(fed: &Fed, alone: AlertState, left_out: AlertState, unit: UnitState) -> Observation {
    let look = Look::at(incident(fed), &fed.rules);
    let state = |is_any| if is_any { left_out } else { alone };
    let alerts = look
        .questions
        .iter()
        .map(|q| (q.fingerprint, state(q.is_any)));
    Observation {
        alerts: alerts.collect(),
        ..seen(unit)
    }
}

#[test]
fn the_alerts_beyond_the_bound_are_counted_and_keep_the_incident_open() {
    let mut fed = Fed::new(restart());
    let most = u64::try_from(MAX_EVIDENCE).unwrap();
    for number in 0..most + 3 {
        assert_eq!(posted(&mut fed, 1, number, 1), Answer::Accepted);
    }
    assert_eq!(followed(&fed), MAX_EVIDENCE);
    assert_eq!(incident(&fed).left_out(), 3);
    assert_eq!(posted(&mut fed, 2, most, 1), Answer::Duplicate);
    assert_eq!(incident(&fed).left_out(), 3, "a re-send is not counted");

    // Of those that are followed nobody shows one, but one that was left out fires.
    let over = gone(at(9));
    let look = fed.look(10, all(&fed, over, shown(), active()));
    assert_eq!(look, "acting firing");
    let number = fed.log.len();
    assert!(followed(&fed) > 0 && number > 0);
    let is_live = |fed: &Fed| incident(fed).live().len();
    assert_eq!(is_live(&fed), 1, "the one that stands for the others");
}

#[test]
fn they_are_gone_when_every_witness_says_so_and_the_unit_is_well() {
    let mut fed = Fed::new(restart());
    let reason = "a person looks into it".to_owned();
    fed.feed(1, Input::Command(Command::Pause { reason }));
    let most = u64::try_from(MAX_EVIDENCE).unwrap();
    for number in 0..most + 3 {
        posted(&mut fed, 1, number, 1);
    }
    let over = gone(at(9));
    let mut silent = over;
    silent.in_prometheus = Fact::Unknown;
    for (left_out, unit) in [(silent, active()), (over, auto_restart())] {
        fed.look(10, all(&fed, over, left_out, unit));
        assert_eq!(incident(&fed).left_out(), 3);
    }
    assert_eq!(
        fed.look(11, all(&fed, over, over, active())),
        "closed alert_cleared"
    );
}

#[test]
fn there_is_room_again_when_alerts_are_gone() {
    let mut fed = Fed::new(restart());
    let most = u64::try_from(MAX_EVIDENCE).unwrap();
    for number in 0..most + 1 {
        posted(&mut fed, 1, number, 1);
    }
    let mut waiting = auto_restart();
    waiting.n_restarts = 1;
    fed.look(10, all(&fed, gone(at(9)), shown(), waiting));
    assert_eq!(incident(&fed).live().len(), 1);
    // Alertmanager sends the one that was left out again, and others come.
    for number in most..most + 20 {
        assert_eq!(posted(&mut fed, 11, number, 1), Answer::Accepted);
    }
    assert_eq!(incident(&fed).live().len(), 21);
    assert_eq!(followed(&fed), MAX_EVIDENCE, "what is gone made room");
}

#[test]
fn the_bytes_of_the_alerts_are_bounded_and_what_is_left_out_takes_none() {
    let mut fed = Fed::new(restart());
    for number in 0..40 {
        assert_eq!(posted(&mut fed, 1, number, 60_000), Answer::Accepted);
    }
    let bytes = |e: &homeostat_policy::log::Evidence| -> usize {
        e.labels.iter().map(|(k, v)| k.len() + v.len()).sum()
    };
    let held: usize = incident(&fed).evidence.values().map(bytes).sum();
    assert!(held <= MAX_EVIDENCE_BYTES + 1_000, "{held}");
    assert_eq!(
        followed(&fed) + usize::try_from(incident(&fed).left_out()).unwrap(),
        40
    );
    let written = |entry: &&homeostat_policy::log::Entry| match &entry.event {
        Event::Alert {
            alert, left_out, ..
        } => *left_out && alert.labels.len() == 2,
        _ => false,
    };
    let outlines = fed.log.iter().filter(written).count();
    assert_eq!(u64::try_from(outlines).unwrap(), incident(&fed).left_out());
}

#[test]
fn the_events_are_bounded_and_then_a_person_has_to_close_it() {
    let mut fed = Fed::new(restart());
    let most = u64::try_from(MAX_EVIDENCE).unwrap();
    for number in 0..most + 2 * MAX_LEFT_OUT {
        posted(&mut fed, 1, number, 1);
    }
    assert_eq!(incident(&fed).left_out(), MAX_LEFT_OUT, "or more");
    assert!(incident(&fed).events < most + MAX_LEFT_OUT + 10);
    // It flaps: each time it is gone, and comes again.
    let mut seconds = 10;
    while incident(&fed).events < MAX_EVENTS {
        let mut restarting = auto_restart();
        restarting.n_restarts = 1;
        fed.look_unchecked(seconds, all(&fed, gone(at(seconds)), shown(), restarting));
        for number in 0..most {
            posted(&mut fed, seconds + 1, number + seconds * 1_000, 1);
        }
        seconds += 2;
    }
    let events = incident(&fed).events;
    for number in 0..most {
        posted(&mut fed, seconds, number + 100_000_000, 1);
    }
    assert!(incident(&fed).events <= events + 1);
    let over = gone(at(seconds));
    fed.look_unchecked(seconds, all(&fed, over, over, active()));
    assert!(incident(&fed).left_out() > 0, "nobody can tell any more");
}

#[test]
fn a_crash_loop_that_is_not_to_be_remedied_ends_at_a_person_and_in_few_rows() {
    let mut dry = rule(ALERT, UNIT, &[Verb::Restart]);
    dry.mode = Mode::DryRun;
    let rules: Rules = checked(vec![dry]);
    let mut fed = Fed::new(rules);
    posted(&mut fed, 1, 1, 1);
    let mut looked = String::new();
    for seconds in 2..400 {
        let unit = match seconds % 2 {
            0 => auto_restart(),
            _ => active(),
        };
        looked = fed.look(seconds, all(&fed, shown(), shown(), unit));
        if looked.starts_with("paged") {
            assert!((300..310).contains(&seconds), "{seconds}");
            break;
        }
    }
    assert_eq!(looked, "paged hold_timeout");
    let decided = |e: &&homeostat_policy::log::Entry| matches!(e.event, Event::Decided { .. });
    let rows = fed.log.iter().filter(decided).count();
    assert!(rows < 20, "{rows}");
}
