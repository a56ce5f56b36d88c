//! `clearances`: which alerts are gone.

use crate::fixture::{ALERT, Log, active, at, failed, gone, one, seen};
use homeostat_policy::alert::Fingerprint;
use homeostat_policy::decide::clearances;
use homeostat_policy::observation::{AlertState, Fact, Observation};
use homeostat_policy::reason::Reason;
use homeostat_policy::unit::{JobResult, Verb};

fn cleared(log: &Log, observation: &Observation, seconds: u64) -> Vec<u64> {
    let rules = one(&[Verb::Restart]);
    clearances(&log.incident(), observation, &rules, &at(seconds))
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
        (true, |a| a.in_prometheus = Fact::Known(None)),
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
        homeostat_policy::event::Event::Acknowledged {
            reason: "it is decommissioned".to_owned(),
        },
    );
    assert_eq!(cleared(&answered, &broken, 41), [1]);
}

#[test]
fn a_resolved_notice_clears_before_an_action_and_never_after_one() {
    let before = Log::open().alert(5, ALERT, 1, "resolved");
    assert!(before.incident().live().is_empty());
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
fn a_post_by_hand_clears_by_the_units_health() {
    let mut log = Log::empty();
    log.entries.push(Log::open().entries[0].clone());
    let log = log.alert(100, ALERT, 0, "firing");
    let mut fresh = active();
    fresh.active_for_ms = Some(9_999);
    assert_eq!(cleared(&log, &seen(active()), 109).len(), 0, "too early");
    assert_eq!(cleared(&log, &seen(active()), 110).len(), 1);
    assert_eq!(cleared(&log, &seen(fresh), 110).len(), 0, "not settled");
    assert_eq!(cleared(&log, &seen(failed()), 110).len(), 0);
    assert_eq!(cleared(&log, &Observation::default(), 110).len(), 0);
}
