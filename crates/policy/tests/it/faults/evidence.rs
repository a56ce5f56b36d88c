//! Re-sends, reports of an end, posts by hand, and witnesses that are not ours: faults 1 to 4.

use super::{Fed, LATER, T, all_say_no, restart, with_alert};
use crate::fixture::{ALERT, UNIT, active, at, checked, failed, gone, one, rule, seen, shown};
use homeostat_policy::alert::Fingerprint;
use homeostat_policy::log::{Event, Source};
use homeostat_policy::machine::{Answer, Command, Input};
use homeostat_policy::observation::Fact;
use homeostat_policy::rules::Rules;
use homeostat_policy::words::Verb;

// 1: re-sends.

#[test]
fn an_episode_that_fires_again_after_its_end_is_no_duplicate() {
    let mut fed = Fed::new(restart());
    assert_eq!(fed.alert(1, "firing", T), Answer::Accepted);
    assert_eq!(fed.alert(2, "firing", T), Answer::Duplicate);
    assert_eq!(fed.alert(3, "resolved", T), Answer::Accepted);
    assert_eq!(fed.alert(3, "resolved", T), Answer::Duplicate);
    assert_eq!(fed.look(10, all_say_no()), "closed alert_cleared");
    assert_eq!(fed.alert(20, "firing", T), Answer::Accepted);
    assert_eq!(fed.look(21, with_alert(shown(), active())), "acting firing");
}

#[test]
fn an_old_episode_that_nobody_shows_is_stale_and_for_a_minute_a_duplicate() {
    let mut fed = Fed::new(restart());
    fed.alert(1, "firing", T);
    fed.look(10, all_say_no());
    assert_eq!(fed.alert(20, "firing", T), Answer::Accepted);
    assert_eq!(fed.look(21, all_say_no()), "closed stale");
    assert_eq!(fed.alert(80, "firing", T), Answer::Duplicate);
    assert_eq!(fed.alert(81, "firing", T), Answer::Accepted);
}

#[test]
fn an_old_episode_without_a_witness_waits_unless_the_unit_has_failed() {
    let silent = |unit| seen(unit);
    let mut fed = Fed::new(one(&[Verb::Restart, Verb::Rescue]));
    fed.alert(1, "firing", T);
    fed.look(10, all_say_no());
    fed.alert(20, "firing", T);
    let mut pending = shown();
    pending.in_alertmanager = Fact::Unknown;
    pending.fires = false;
    assert_eq!(
        fed.look(21, with_alert(pending, active())),
        "holding unconfirmed"
    );
    assert_eq!(fed.look(22, silent(active())), "holding unconfirmed");
    assert_eq!(fed.look(320, silent(active())), "holding unconfirmed");
    assert_eq!(fed.look(321, silent(active())), "paged hold_timeout");
    let mut fed = Fed::new(one(&[Verb::Restart, Verb::Rescue]));
    fed.alert(1, "firing", T);
    fed.look(10, all_say_no());
    fed.alert(20, "firing", T);
    assert_eq!(fed.look(21, silent(failed())), "acting firing");
}

#[test]
fn a_refusal_stands_under_its_rules_and_until_the_alert_resolves() {
    let other = || checked(vec![rule("Other", UNIT, &[Verb::Restart])]);
    let mut fed = Fed::new(other());
    assert_eq!(fed.alert(1, "firing", T), Answer::Accepted);
    assert_eq!(fed.alert(2, "firing", T), Answer::Duplicate);
    assert_eq!(
        fed.alert(3, "firing", LATER),
        Answer::Accepted,
        "another episode"
    );
    assert_eq!(fed.alert(4, "firing", LATER), Answer::Duplicate);
    assert_eq!(fed.alert(5, "resolved", LATER), Answer::Accepted);
    assert_eq!(fed.alert(6, "resolved", LATER), Answer::Duplicate);
    assert_eq!(fed.alert(7, "firing", LATER), Answer::Accepted);
    fed.rules = restart();
    assert_eq!(
        fed.alert(8, "firing", LATER),
        Answer::Accepted,
        "a rule was added"
    );
    assert_eq!(fed.look(9, with_alert(shown(), active())), "acting firing");
}

// 2: `resolved` is asked about.

#[test]
fn one_resolved_ends_nothing_while_a_witness_shows_the_alert_or_is_silent() {
    let mut fed = Fed::new(restart());
    fed.alert(1, "firing", T);
    let mut masked = active();
    masked.load_state = "masked".to_owned();
    assert_eq!(
        fed.look(2, with_alert(shown(), masked.clone())),
        "paged unit_unknown"
    );
    fed.alert(3, "resolved", T);
    assert_eq!(
        fed.look(4, with_alert(shown(), masked.clone())),
        "paged unit_unknown"
    );
    let mut dead = gone(at(9));
    dead.in_prometheus = Fact::Unknown;
    assert_eq!(
        fed.look(5, with_alert(dead, masked.clone())),
        "paged unit_unknown"
    );
    let mut no_rule = gone(at(9));
    no_rule.in_prometheus = Fact::Known(None);
    assert_eq!(
        fed.look(6, with_alert(no_rule, masked.clone())),
        "paged unit_unknown"
    );
    let mut young = with_alert(gone(at(9)), masked.clone());
    young.alertmanager_up_ms = Fact::Known(1_000);
    assert_eq!(fed.look(7, young), "paged unit_unknown");
    assert_eq!(
        fed.look(8, with_alert(gone(at(9)), masked)),
        "closed alert_cleared"
    );
}

// 3: posted alerts.

fn labelled() -> Rules {
    let mut ours = rule(ALERT, UNIT, &[Verb::Restart]);
    ours.labels = [("severity".to_owned(), "critical".to_owned())].into();
    checked(vec![ours])
}

#[test]
fn what_alertmanager_answers_without_was_posted_and_does_not_end_by_that() {
    let source = |fed: &Fed| fed.state.open().next().unwrap().evidence[&Fingerprint(1)].source;
    let mut fed = Fed::new(labelled());
    fed.feed(
        0,
        Input::Command(Command::Pause {
            reason: "x".to_owned(),
        }),
    );
    fed.alert(1, "firing", T);
    assert_eq!(
        fed.look(2, seen(active())),
        "holding paused",
        "it is silent"
    );
    assert_eq!(source(&fed), Source::Unasked);
    assert_eq!(
        fed.look(3, with_alert(gone(at(2)), active())),
        "paged paused"
    );
    assert_eq!(source(&fed), Source::Posted);
    assert_eq!(
        fed.look(900, with_alert(gone(at(2)), active())),
        "paged paused"
    );
}

#[test]
fn what_alertmanager_showed_once_never_becomes_posted() {
    let mut fed = Fed::new(labelled());
    fed.feed(
        0,
        Input::Command(Command::Pause {
            reason: "x".to_owned(),
        }),
    );
    fed.alert(1, "firing", T);
    fed.look(2, with_alert(shown(), active()));
    assert_eq!(
        fed.look(3, with_alert(gone(at(2)), active())),
        "closed alert_cleared"
    );
    let evidence = fed
        .log
        .iter()
        .filter(|e| matches!(e.event, Event::Witnessed { .. }));
    assert_eq!(evidence.count(), 1);
}

#[test]
fn an_alert_with_all_our_labels_is_never_posted() {
    let mut fed = Fed::new(restart());
    fed.alert(1, "firing", T);
    fed.look(2, with_alert(shown(), active()));
    let first = fed.log.iter().find_map(|e| match e.event {
        Event::Witnessed { source, .. } => Some(source),
        _ => None,
    });
    assert_eq!(first, Some(Source::Alertmanager));
}

// 4: the wrong witness.

#[test]
fn our_alert_robbed_of_its_labels_is_told_at_the_first_look() {
    let mut fed = Fed::new(labelled());
    fed.alert(1, "firing", T);
    assert_eq!(
        fed.look(2, with_alert(shown(), active())),
        "paged rule_relabelled"
    );
    let mut fed = Fed::new(labelled());
    fed.alert(1, "firing", T);
    let mut renamed = shown();
    (renamed.in_prometheus, renamed.has_namesake) = (Fact::Known(None), true);
    assert_eq!(
        fed.look(2, with_alert(renamed, active())),
        "paged rule_relabelled"
    );
    let mut fed = Fed::new(labelled());
    fed.alert(1, "firing", T);
    let mut stranger = shown();
    stranger.in_prometheus = Fact::Known(Some(false));
    assert_eq!(fed.look(2, with_alert(stranger, active())), "acting firing");
}
