//! `clearances`: which alerts are gone.

use crate::fixture::{ALERT, Log, active, at, failed, gone, one, seen, unit};
use homeostat_policy::alert::Fingerprint;
use homeostat_policy::evidence::clearances;
use homeostat_policy::log::Source;
use homeostat_policy::observation::{AlertState, Fact, Observation};
use homeostat_policy::unit::ActiveState;
use homeostat_policy::words::Reason;
use homeostat_policy::words::{JobResult, Verb};

fn cleared(log: &Log, observation: &Observation, seconds: u64) -> Vec<u64> {
    let rules = one(&[Verb::Restart]);
    clearances(
        &log.incident(),
        1_000,
        observation,
        &rules,
        &at(seconds).into(),
    )
    .into_iter()
    .map(|f| f.0)
    .collect()
}

fn with_alert(state: AlertState) -> Observation {
    Observation {
        alerts: [(Fingerprint(1), state)].into(),
        ..seen(active())
    }
}

#[test]
fn an_alert_is_gone_when_both_say_so() {
    type Change = fn(&mut AlertState);
    let cases: [(bool, Change); 7] = [
        (true, |_| ()),
        (false, |a| a.in_prometheus = Fact::Known(None)),
        (true, |a| a.proof = Fact::Unknown),
        (false, |a| a.in_alertmanager = Fact::Known(true)),
        (false, |a| a.in_alertmanager = Fact::Unknown),
        (false, |a| a.in_prometheus = Fact::Known(Some(true))),
        (false, |a| a.in_prometheus = Fact::Unknown),
    ];
    for (index, (is_gone, change)) in cases.into_iter().enumerate() {
        let mut state = gone(at(1));
        change(&mut state);
        let found = cleared(&Log::open(), &with_alert(state), 2);
        assert_eq!(!found.is_empty(), is_gone, "case {index}");
    }
}

#[test]
fn an_alert_that_was_not_asked_for_is_not_gone() {
    assert!(cleared(&Log::open(), &seen(active()), 2).is_empty());
}

#[test]
fn one_clears_once() {
    let log = Log::open().cleared(1, 1);
    assert!(cleared(&log, &with_alert(gone(at(1))), 2).is_empty());
}

#[test]
fn after_a_verdict_for_want_of_data_absence_takes_data() {
    let tried = |reason| {
        Log::open()
            .intent(1, 1, Verb::Restart)
            .ended(1, 2, JobResult::Done)
            .unproven(1, 100, reason)
    };
    let mut blind = gone(at(101));
    blind.proof = Fact::Known(false);
    let lacking = tried(Reason::NoData);
    assert!(cleared(&lacking, &with_alert(blind), 102).is_empty());
    blind.proof = Fact::Unknown;
    assert!(cleared(&lacking, &with_alert(blind), 102).is_empty());
    assert_eq!(cleared(&lacking, &with_alert(gone(at(101))), 102), [1]);
    let firing = tried(Reason::StillFiring);
    assert_eq!(cleared(&firing, &with_alert(blind), 102), [1]);
}

#[test]
fn nothing_clears_while_an_action_is_watched() {
    let acting = Log::open().intent(1, 1, Verb::Restart);
    let verifying = acting.clone().ended(1, 2, JobResult::Done);
    for log in [acting, verifying] {
        assert!(cleared(&log, &with_alert(gone(at(40))), 41).is_empty());
    }
}

#[test]
fn after_a_remedy_that_broke_the_unit_a_silent_alert_is_not_gone() {
    let log = Log::open()
        .intent(1, 1, Verb::Restart)
        .ended(1, 2, JobResult::Failed)
        .unproven(1, 3, Reason::JobFailed);
    let mut broken = with_alert(gone(at(40)));
    broken.unit = Fact::Known(failed());
    assert!(cleared(&log, &broken, 41).is_empty());
    assert!(
        cleared(
            &log,
            &Observation {
                unit: Fact::Unknown,
                ..broken.clone()
            },
            41
        )
        .is_empty()
    );
    assert_eq!(cleared(&log, &with_alert(gone(at(40))), 41), [1]);
    let answered = log.then(
        30,
        homeostat_policy::log::Event::Acknowledged {
            reason: "it is decommissioned".to_owned(),
        },
    );
    assert_eq!(cleared(&answered, &broken, 41), [1]);
}

#[test]
fn a_resolved_notice_alone_clears_nothing() {
    let before = Log::open().alert(5, ALERT, 1, "resolved").incident();
    assert_eq!(before.live().len(), 1, "it is asked about");
    assert_eq!(before.evidence[&Fingerprint(1)].told_over, Some(at(5)));
    let after = Log::open()
        .intent(1, 1, Verb::Restart)
        .ended(1, 2, JobResult::Done)
        .alert(5, ALERT, 1, "resolved")
        .unproven(1, 100, Reason::NoData);
    assert_eq!(after.incident().live().len(), 1);
    assert_eq!(
        after.says(&one(&[Verb::Restart]), active(), 101),
        "escalate ladder_exhausted"
    );
}

#[test]
fn an_alertmanager_that_was_just_started_has_not_said_no() {
    let mut young = with_alert(gone(at(1)));
    young.alertmanager_up_ms = Fact::Known(299_999);
    assert!(cleared(&Log::open(), &young, 2).is_empty());
    young.alertmanager_up_ms = Fact::Unknown;
    assert!(cleared(&Log::open(), &young, 2).is_empty());
    young.alertmanager_up_ms = Fact::Known(300_000);
    assert_eq!(cleared(&Log::open(), &young, 2), [1]);
}

#[test]
fn what_joined_while_it_was_looked_is_not_gone() {
    let log = Log::open();
    let rules = one(&[Verb::Restart]);
    let gone = with_alert(gone(at(1)));
    let joined = log.incident().evidence[&Fingerprint(1)].joined;
    let found = |events| clearances(&log.incident(), events, &gone, &rules, &at(2).into()).len();
    assert_eq!((found(joined - 1), found(joined)), (0, 1));
}

#[test]
fn who_has_not_answered_has_not_said_that_it_is_over() {
    let silent = Log::posted();
    assert!(cleared(&silent, &with_alert(gone(at(1))), 2).is_empty());
}

/// An alert that somebody posted at 100 s about a unit.
fn posted() -> Log {
    let mut log = Log::empty();
    log.entries.push(Log::open().entries[0].clone());
    log.alert(100, ALERT, 1, "firing")
        .witnessed(100, 1, Source::Posted)
}

fn active_for(ms: u64) -> Observation {
    let mut unit = active();
    unit.active_for_ms = Some(ms);
    seen(unit)
}

#[test]
fn a_post_by_hand_clears_by_a_change_of_the_unit_since() {
    let log = posted();
    assert!(
        cleared(&log, &seen(active()), 500).is_empty(),
        "it was well all along"
    );
    assert!(
        cleared(&log, &active_for(9_999), 120).is_empty(),
        "not settled"
    );
    assert_eq!(cleared(&log, &active_for(10_000), 120), [1]);
    assert!(cleared(&log, &seen(failed()), 120).is_empty());
    assert!(cleared(&log, &Observation::default(), 120).is_empty());
}

#[test]
fn a_post_by_hand_clears_by_its_own_end_where_the_unit_is_well() {
    let told = posted().alert(105, ALERT, 1, "resolved");
    assert!(cleared(&told, &seen(active()), 109).is_empty(), "too early");
    assert_eq!(cleared(&told, &seen(active()), 110), [1]);
    assert!(cleared(&told, &seen(failed()), 110).is_empty());
}

#[test]
fn a_post_by_hand_clears_after_an_action_though_the_unit_was_only_reloaded() {
    let acted = posted()
        .intent(1, 101, Verb::ReloadOrRestart)
        .ended(1, 102, JobResult::Done)
        .unproven(1, 103, Reason::StillFiring);
    assert_eq!(cleared(&acted, &seen(active()), 120), [1]);
    let refused = posted()
        .intent(1, 101, Verb::ReloadOrRestart)
        .ended(1, 102, JobResult::Refused);
    assert!(cleared(&refused, &seen(active()), 120).is_empty());
}

#[test]
fn a_post_by_hand_about_a_oneshot_clears_when_that_ended_well() {
    let mut done = unit(ActiveState::Inactive);
    done.service_type = "oneshot".to_owned();
    done.inactive_for_ms = Some(3_000);
    assert_eq!(cleared(&posted(), &seen(done.clone()), 105), [1]);
    done.service_type = "simple".to_owned();
    assert!(cleared(&posted(), &seen(done), 105).is_empty());
}
