//! `assess`: `fixed` only with everything, and a name for each doubt.

use crate::fixture::{
    ALERT, HOST, Log, UNIT, active, at, auto_restart, checked, failed, gone, one, raw, rule, seen,
    unit,
};
use homeostat_policy::alert::Fingerprint;
use homeostat_policy::log::Moment;
use homeostat_policy::log::Source;
use homeostat_policy::observation::{AlertState, Fact, Observation};
use homeostat_policy::rules::Rules;
use homeostat_policy::unit::ActiveState;
use homeostat_policy::unit::UnitState;
use homeostat_policy::verdict::{Assessment, assess};
use homeostat_policy::words::Reason;
use homeostat_policy::words::{JobResult, Verb, Verdict};

/// A restart at 9 s whose job ended as `done` at 10 s: settle until 20 s, window until 70 s,
/// grace until 100 s.
fn restarted() -> Log {
    Log::open()
        .intent(1, 9, Verb::Restart)
        .ended(1, 10, JobResult::Done)
}

fn active_since(seconds: u64, now: u64) -> UnitState {
    let mut unit = active();
    unit.active_for_ms = Some((now - seconds) * 1000);
    unit
}

fn judge(log: &Log, rules: &Rules, observation: &Observation, now: &Moment) -> String {
    let incident = log.incident();
    let action = incident.last_action().expect("the log holds an action");
    match assess(&incident, action, rules, observation, &(*now).into()) {
        Assessment::Wait => "wait".to_owned(),
        Assessment::Settled(Verdict::Fixed, reason) => {
            assert_eq!(reason, Reason::Recovered);
            "fixed".to_owned()
        }
        Assessment::Settled(_, reason) => reason.label().to_owned(),
    }
}

/// The judgement at `now` with everything in order but what `change` changes.
fn judge_with(log: &Log, now: u64, change: impl FnOnce(&mut Observation)) -> String {
    let mut observation = Observation {
        alerts: [(Fingerprint(1), gone(at(now - 1)))].into_iter().collect(),
        ..seen(active_since(10, now))
    };
    change(&mut observation);
    judge(log, &one(&[Verb::Restart]), &observation, &at(now))
}

fn alert_with(change: impl Fn(&mut AlertState)) -> impl Fn(&mut Observation) {
    move |observation| {
        change(observation.alerts.entry(Fingerprint(1)).or_default());
    }
}

#[test]
fn fixed_takes_everything_and_not_a_second_less() {
    assert_eq!(judge_with(&restarted(), 71, |_| ()), "fixed");
    let last = alert_with(|a| a.evaluated_ms = Some(at(70).wall_ms));
    assert_eq!(judge_with(&restarted(), 70, last), "fixed");
    assert_eq!(judge_with(&restarted(), 69, |_| ()), "wait");
}

#[test]
fn each_doubt_waits_through_the_grace_and_then_has_its_name() {
    type Change = fn(&mut AlertState);
    let doubts: [(&str, Change); 9] = [
        ("still_firing", |a| a.in_alertmanager = Fact::Known(true)),
        ("still_firing", |a| {
            a.in_prometheus = Fact::Known(Some(true))
        }),
        ("evidence_unknown", |a| a.in_alertmanager = Fact::Unknown),
        ("evidence_unknown", |a| a.in_prometheus = Fact::Unknown),
        ("evidence_unknown", |a| a.proof = Fact::Unknown),
        ("evidence_unknown", |a| a.evaluated_ms = None),
        ("evidence_unknown", |a| {
            a.evaluated_ms = Some(at(69).wall_ms)
        }),
        ("no_data", |a| a.in_prometheus = Fact::Known(None)),
        ("no_data", |a| a.proof = Fact::Known(false)),
    ];
    for (index, (name, change)) in doubts.into_iter().enumerate() {
        assert_eq!(
            judge_with(&restarted(), 99, alert_with(change)),
            "wait",
            "doubt {index}"
        );
        assert_eq!(
            judge_with(&restarted(), 100, alert_with(change)),
            name,
            "doubt {index}"
        );
    }
    assert_eq!(
        judge_with(&restarted(), 100, |o| o.alerts.clear()),
        "evidence_unknown",
        "an alert that was not asked for"
    );
}

#[test]
fn the_worst_doubt_is_named() {
    let rules = checked(vec![
        rule(ALERT, UNIT, &[Verb::Restart]),
        rule("ShopSlow", UNIT, &[Verb::Restart]),
    ]);
    let log = Log::open()
        .alert(1, "ShopSlow", 2, "firing")
        .witnessed(1, 2, Source::Alertmanager)
        .intent(1, 9, Verb::Restart)
        .ended(1, 10, JobResult::Done);
    let judge_two = |first: AlertState, second: AlertState| {
        let observation = Observation {
            alerts: [(Fingerprint(1), first), (Fingerprint(2), second)].into(),
            ..seen(active_since(10, 100))
        };
        judge(&log, &rules, &observation, &at(100))
    };
    let well = gone(at(99));
    let mut firing = well;
    firing.in_alertmanager = Fact::Known(true);
    let mut no_data = well;
    no_data.proof = Fact::Known(false);
    assert_eq!(judge_two(well, well), "fixed");
    assert_eq!(judge_two(well, no_data), "no_data");
    assert_eq!(
        judge_two(no_data, AlertState::default()),
        "evidence_unknown"
    );
    assert_eq!(judge_two(AlertState::default(), firing), "still_firing");
}

#[test]
fn a_job_that_did_not_end_as_done_is_settled_at_once() {
    for (result, expected) in [
        (JobResult::Denied, "denied"),
        (JobResult::Unknown, "outcome_unknown"),
        (JobResult::Canceled, "job_failed"),
        (JobResult::Timeout, "job_failed"),
        (JobResult::Failed, "job_failed"),
        (JobResult::Dependency, "job_failed"),
        (JobResult::Unable, "job_failed"),
        (JobResult::Condition, "job_failed"),
        (JobResult::Frozen, "job_failed"),
    ] {
        let log = Log::open().intent(1, 9, Verb::Restart).ended(1, 10, result);
        assert_eq!(judge_with(&log, 71, |_| ()), expected, "{result:?}");
    }
    let running = Log::open().intent(1, 9, Verb::Restart);
    assert_eq!(judge_with(&running, 10_000, |_| ()), "wait");
}

#[test]
fn the_unit_must_stay_active() {
    let judge_unit =
        |now, fact: Fact<UnitState>| judge_with(&restarted(), now, |o| o.unit = fact.clone());
    for state in [ActiveState::Failed, ActiveState::Inactive] {
        let is_off = Fact::Known(unit(state));
        assert_eq!(judge_unit(11, is_off), "unit_not_active", "{state:?}");
    }
    for waits in [
        Fact::Known(auto_restart()),
        Fact::Known(unit(ActiveState::Deactivating)),
        Fact::Known(unit(ActiveState::Reloading)),
    ] {
        assert_eq!(judge_unit(49, waits.clone()), "wait");
        assert_eq!(judge_unit(50, waits), "unit_not_active");
    }
    assert_eq!(
        judge_unit(71, Fact::Known(active_since(62, 71))),
        "unit_not_active",
        "it began anew during the watch"
    );
    assert_eq!(judge_unit(49, Fact::Unknown), "wait");
    assert_eq!(judge_unit(50, Fact::Unknown), "bus_lost");
    assert_eq!(judge_unit(11, Fact::Known(failed())), "unit_not_active");
}

#[test]
fn a_post_by_hand_is_judged_by_the_unit_alone() {
    let mut posted = Log::empty();
    posted.entries.push(Log::open().entries[0].clone());
    let posted = posted
        .alert(0, ALERT, 1, "firing")
        .witnessed(1, 1, Source::Posted)
        .intent(1, 9, Verb::Restart)
        .ended(1, 10, JobResult::Done);
    let nothing_else = |o: &mut Observation| o.alerts.clear();
    assert_eq!(judge_with(&posted, 19, nothing_else), "wait");
    assert_eq!(judge_with(&posted, 20, nothing_else), "fixed");
    assert_ne!(judge_with(&restarted(), 20, nothing_else), "fixed");
}

#[test]
fn a_later_post_by_hand_of_the_same_labels_does_not_lower_the_proof() {
    let mut by_hand = crate::fixture::alert(ALERT, 0, "firing");
    by_hand.fingerprint = Fingerprint(1);
    let event = homeostat_policy::log::Event::Alert {
        alert: by_hand,
        rule: format!("{UNIT}/{ALERT}"),
        anew: false,
        left_out: false,
    };
    let log = restarted().then(11, event);
    let firing = alert_with(|a| a.in_alertmanager = Fact::Known(true));
    assert_eq!(judge_with(&log, 100, firing), "still_firing");
}

#[test]
fn a_clearance_during_the_window_does_not_shorten_it() {
    let log = restarted().alert(15, ALERT, 1, "resolved").cleared(16, 1);
    assert_eq!(judge_with(&log, 69, |_| ()), "wait");
    assert_eq!(judge_with(&log, 71, |_| ()), "fixed");
    let firing = alert_with(|a| a.in_prometheus = Fact::Known(Some(true)));
    assert_eq!(judge_with(&log, 100, firing), "still_firing");
}

#[test]
fn an_alert_that_was_gone_before_the_action_is_not_watched() {
    let rules = checked(vec![
        rule(ALERT, UNIT, &[Verb::Restart]),
        rule("ShopSlow", UNIT, &[Verb::Restart]),
    ]);
    let log = Log::open()
        .alert(1, "ShopSlow", 2, "firing")
        .cleared(5, 2)
        .intent(1, 9, Verb::Restart)
        .ended(1, 10, JobResult::Done);
    let observation = Observation {
        alerts: [(Fingerprint(1), gone(at(99)))].into(),
        ..seen(active_since(10, 100))
    };
    assert_eq!(judge(&log, &rules, &observation, &at(100)), "fixed");
}

#[test]
fn the_longest_window_of_the_watched_alerts_counts() {
    let mut slow = rule("ShopSlow", UNIT, &[Verb::Restart]);
    slow.window_seconds = 600;
    let rules = Rules::check(HOST, raw(vec![rule(ALERT, UNIT, &[Verb::Restart]), slow])).unwrap();
    let log = Log::open()
        .alert(1, "ShopSlow", 2, "firing")
        .witnessed(1, 2, Source::Alertmanager)
        .intent(1, 9, Verb::Restart)
        .ended(1, 10, JobResult::Done);
    let at_second = |now: u64| {
        let observation = Observation {
            alerts: [1, 2].map(|f| (Fingerprint(f), gone(at(now)))).into(),
            ..seen(active_since(10, now))
        };
        judge(&log, &rules, &observation, &at(now))
    };
    assert_eq!(at_second(609), "wait");
    assert_eq!(at_second(610), "fixed");
}

#[test]
fn a_step_of_the_wall_clock_changes_no_verdict() {
    for step_ms in [-7_200_000_i64, 7_200_000] {
        let stepped = |seconds: u64| Moment {
            wall_ms: at(seconds).wall_ms + step_ms,
            ..at(seconds)
        };
        let log = restarted().then_at(
            1,
            stepped(15),
            homeostat_policy::log::Event::Cleared {
                fingerprint: Fingerprint(1),
            },
        );
        let judge_at = |now: u64, evaluated: u64| {
            let observation = Observation {
                alerts: [(Fingerprint(1), gone(stepped(evaluated)))].into(),
                ..seen(active_since(10, now))
            };
            judge(&log, &one(&[Verb::Restart]), &observation, &stepped(now))
        };
        assert_eq!(judge_at(69, 69), "wait", "{step_ms}");
        assert_eq!(judge_at(100, 99), "fixed", "{step_ms}");
        assert_eq!(judge_at(100, 69), "evidence_unknown", "{step_ms}");
    }
}

#[test]
fn a_rule_that_is_gone_leaves_nothing_to_judge_by() {
    let rules = checked(vec![rule("Other", UNIT, &[Verb::Restart])]);
    let observation = Observation {
        alerts: [(Fingerprint(1), gone(at(99)))].into(),
        ..seen(active_since(10, 100))
    };
    assert_eq!(
        judge(&restarted(), &rules, &observation, &at(100)),
        "no_rule"
    );
}

#[test]
fn an_alertmanager_that_was_just_started_gets_the_time_to_count_as_a_witness() {
    let young = |o: &mut Observation| o.alertmanager_up_ms = Fact::Known(10_000);
    assert_eq!(judge_with(&restarted(), 399, young), "wait");
    assert_eq!(judge_with(&restarted(), 400, young), "evidence_unknown");
    let mute = |o: &mut Observation| o.alertmanager_up_ms = Fact::Unknown;
    assert_eq!(judge_with(&restarted(), 100, mute), "evidence_unknown");
}

#[test]
fn a_strangers_alert_is_judged_by_alertmanager_alone() {
    let mut ours = rule(ALERT, UNIT, &[Verb::Restart]);
    ours.labels = [("severity".to_owned(), "critical".to_owned())].into();
    let rules = checked(vec![ours]);
    let with = |change: fn(&mut AlertState)| {
        let mut state = gone(at(99));
        change(&mut state);
        let observation = Observation {
            alerts: [(Fingerprint(1), state)].into(),
            ..seen(active_since(10, 100))
        };
        judge(&restarted(), &rules, &observation, &at(100))
    };
    assert_eq!(with(|_| ()), "fixed");
    assert_eq!(with(|a| a.in_prometheus = Fact::Known(Some(true))), "fixed");
    assert_eq!(with(|a| a.in_prometheus = Fact::Known(None)), "fixed");
    assert_eq!(
        with(|a| a.in_alertmanager = Fact::Known(true)),
        "still_firing"
    );
    assert_eq!(
        with(|a| a.in_alertmanager = Fact::Unknown),
        "evidence_unknown"
    );
}

#[test]
fn a_oneshot_that_ran_anew_and_ended_well_is_what_it_should_be() {
    let mut done = unit(ActiveState::Inactive);
    done.service_type = "oneshot".to_owned();
    done.invocation_id = "22".repeat(16);
    let judge_unit = |unit: UnitState| judge_with(&restarted(), 71, |o| o.unit = Fact::Known(unit));
    assert_eq!(judge_unit(done.clone()), "fixed");
    let mut stays = done.clone();
    stays.remains_after_exit = true;
    assert_eq!(judge_unit(stays), "unit_not_active");
    let mut never_ran = done.clone();
    never_ran.invocation_id = "11".repeat(16);
    assert_eq!(judge_unit(never_ran), "unit_not_active");
    done.result = "exit-code".to_owned();
    assert_eq!(judge_unit(done), "unit_not_active");
}

#[test]
fn what_cannot_be_read_is_never_fixed() {
    let log = restarted().then(12, homeostat_policy::log::Event::Unknown);
    assert_eq!(judge_with(&log, 71, |_| ()), "unreadable");
}
