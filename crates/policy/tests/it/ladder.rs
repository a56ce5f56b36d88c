//! `decide`: which rung is climbed.

use crate::fixture::{ALERT, Log, UNIT, active, at, checked, failed, one, rule, seen, short, unit};
use homeostat_policy::alert::Fingerprint;
use homeostat_policy::decide::{Case, Decision, decide};
use homeostat_policy::log::{Event, Moment};
use homeostat_policy::observation::Fact;
use homeostat_policy::unit::ActiveState;
use homeostat_policy::words::Mode;
use homeostat_policy::words::Reason;
use homeostat_policy::words::{JobResult, Verb};

#[test]
fn the_first_rung_that_fits_the_state_is_climbed() {
    let all = [
        Verb::ReloadOrRestart,
        Verb::Restart,
        Verb::Start,
        Verb::Rescue,
    ];
    for (ladder, state, expected) in [
        (&all[..], ActiveState::Active, "act reload-or-restart"),
        (&all[1..], ActiveState::Active, "act restart"),
        (&all[1..], ActiveState::Inactive, "act start"),
        (&all[1..], ActiveState::Failed, "act rescue"),
    ] {
        let says = Log::open().says(&one(ladder), unit(state), 1);
        assert_eq!(says, expected, "{ladder:?} on {state:?}");
    }
}

#[test]
fn after_an_unproven_restart_the_ladder_goes_on_or_ends() {
    let rules = one(&[Verb::Restart, Verb::Rescue]);
    let log = Log::open().tried(1, 1, Verb::Restart, JobResult::Done);
    assert_eq!(log.says(&rules, active(), 200), "escalate ladder_exhausted");
    assert_eq!(log.says(&rules, failed(), 200), "act rescue");
    let log = log.tried(2, 201, Verb::Rescue, JobResult::Failed);
    assert_eq!(log.says(&rules, failed(), 400), "escalate ladder_exhausted");
}

#[test]
fn each_rung_is_climbed_once_and_a_verb_as_often_as_it_stands() {
    let rules = one(&[Verb::Restart, Verb::Restart]);
    let once = Log::open().tried(1, 1, Verb::Restart, JobResult::Done);
    assert_eq!(once.says(&rules, active(), 200), "act restart");
    let twice = once.tried(2, 201, Verb::Restart, JobResult::Done);
    assert_eq!(
        twice.says(&rules, active(), 400),
        "escalate ladder_exhausted"
    );
}

#[test]
fn a_call_that_never_reached_systemd_does_not_use_its_rung() {
    let rules = one(&[Verb::Restart]);
    for (result, expected) in [
        (JobResult::NotCalled, "act restart"),
        (JobResult::Refused, "act restart"),
        (JobResult::Failed, "escalate ladder_exhausted"),
        (JobResult::Canceled, "escalate ladder_exhausted"),
    ] {
        let log = Log::open().tried(1, 1, Verb::Restart, result);
        assert_eq!(log.says(&rules, active(), 200), expected, "{result:?}");
    }
    let thrice = (1..=3).fold(Log::open(), |log, n| {
        log.unreached(n, u64::from(n) * 90, JobResult::NotCalled)
    });
    assert_eq!(thrice.says(&rules, active(), 389), "act restart");
    assert_eq!(
        thrice.says(&rules, active(), 390),
        "escalate hold_timeout",
        "but it is not repeated for ever"
    );
}

#[test]
fn the_action_is_numbered_within_the_incident_and_names_its_rule() {
    let rules = one(&[Verb::Restart, Verb::Rescue]);
    let log = Log::open().tried(1, 1, Verb::Restart, JobResult::Failed);
    let Decision::Act {
        permit,
        rule,
        number,
    } = log.decide(&rules, &seen(failed()), 200)
    else {
        panic!("a rescue fits a failed unit");
    };
    assert_eq!((number, rule.as_str()), (2, "shop.service/ShopDown"));
    assert_eq!(permit.unit().as_str(), UNIT);
}

#[test]
fn a_start_only_ladder_never_restarts_an_active_postgresql() {
    let rules = one(&[Verb::Start, Verb::Rescue]);
    assert_eq!(Log::open().says(&rules, active(), 1), "hold no_rung_fits");
    let held = Log::open().held(1, Reason::NoRungFits);
    assert_eq!(held.says(&rules, active(), 30), "hold no_rung_fits");
    assert_eq!(held.says(&rules, active(), 31), "escalate no_rung_fits");
    assert_eq!(held.says(&rules, failed(), 31), "act rescue");
}

#[test]
fn after_a_boot_nothing_is_done_for_what_only_an_alertmanager_of_some_age_could_confirm() {
    let rules = one(&[Verb::Restart]);
    let log = Log::open();
    let says = |seconds: u64, shown: bool| {
        let mut unit = active();
        unit.active_for_ms = Some((seconds - 2) * 1000);
        let mut observation = seen(unit);
        observation.alertmanager_up_ms = Fact::Known((seconds - 5) * 1000);
        if shown {
            let state = homeostat_policy::observation::AlertState {
                in_alertmanager: Fact::Known(true),
                ..Default::default()
            };
            observation.alerts.insert(Fingerprint(1), state);
        }
        let now = Moment {
            boot_id: 2,
            boot_ms: seconds * 1000,
            ..at(1_000)
        };
        let (incident, state) = (log.incident(), log.state());
        let now = now.into();
        short(&decide(&Case::new(
            &incident,
            &observation,
            &state,
            &rules,
            &now,
        )))
    };
    // Its own time is over after 90 s, and Alertmanager is known to hold no such alert after 300 s.
    assert_eq!(says(100, false), "hold somebodys_remedy");
    assert_eq!(says(304, false), "hold somebodys_remedy");
    assert_eq!(says(305, false), "act restart");
    assert_eq!(says(91, true), "hold somebodys_remedy");
    assert_eq!(says(100, true), "act restart", "it is seen to fire");
}

#[test]
fn what_somebody_else_started_gets_the_time_of_a_remedy() {
    // Settle 10 s, window 60 s, grace 30 s.
    let rules = one(&[Verb::Restart]);
    let started = |seconds_ago: u64| {
        let mut unit = active();
        unit.active_for_ms = Some(seconds_ago * 1000);
        unit
    };
    let log = Log::open();
    assert_eq!(log.says(&rules, started(5), 100), "hold somebodys_remedy");
    assert_eq!(log.says(&rules, started(89), 100), "hold somebodys_remedy");
    assert_eq!(log.says(&rules, started(90), 100), "act restart");
    assert_eq!(
        log.says(&rules, started(100), 100),
        "act restart",
        "before the alert"
    );
    let held = log.clone().held(1, Reason::SomebodysRemedy);
    assert_eq!(
        held.says(&rules, started(5), 301),
        "escalate hold_timeout",
        "but a crash loop, which is always fresh, ends at the hold time-out"
    );
    let mut ours = log.intent(1, 90, Verb::Restart).then(
        91,
        Event::JobEnded {
            action: 1,
            result: JobResult::Failed,
            invocation_after: Some("11".repeat(16)),
            examined: false,
            misfit: None,
            was_reset: false,
        },
    );
    ours = ours.unproven(1, 92, Reason::JobFailed);
    let rules = one(&[Verb::Restart, Verb::Restart]);
    assert_eq!(ours.says(&rules, started(5), 100), "act restart");
}

#[test]
fn a_second_alert_of_the_incident_adds_its_ladder_and_shares_what_was_tried() {
    let rules = checked(vec![
        rule(ALERT, UNIT, &[Verb::Restart]),
        rule("ShopFailed", UNIT, &[Verb::Restart, Verb::Rescue]),
    ]);
    let log = Log::open().alert(1, "ShopFailed", 2, "firing");
    assert_eq!(log.says(&rules, failed(), 2), "act rescue");
    let tried = log.tried(1, 2, Verb::Restart, JobResult::Done);
    assert_eq!(
        tried.says(&rules, active(), 200),
        "escalate ladder_exhausted",
        "one restart serves both alerts"
    );
}

#[test]
fn an_alert_whose_rule_is_gone_calls_a_person() {
    let rules = checked(vec![rule("Other", UNIT, &[Verb::Restart])]);
    assert_eq!(Log::open().says(&rules, active(), 1), "escalate no_rule");
}

#[test]
fn a_rule_that_was_moved_to_another_unit_never_acts_for_the_old_incident() {
    let mut moved = rule(ALERT, "other.service", &[Verb::Restart]);
    moved.name = format!("{UNIT}/{ALERT}");
    let rules = checked(vec![moved, rule("X", UNIT, &[Verb::Restart])]);
    assert_eq!(Log::open().says(&rules, active(), 1), "escalate no_rule");
}

#[test]
fn dry_run_names_the_verb_and_does_nothing() {
    let mut dry = rule(ALERT, UNIT, &[Verb::Restart, Verb::Rescue]);
    dry.mode = Mode::DryRun;
    let rules = checked(vec![dry]);
    assert_eq!(
        Log::open().says(&rules, active(), 1),
        "hold dry_run (restart)"
    );
    assert_eq!(
        Log::open().says(&rules, failed(), 1),
        "hold dry_run (rescue)"
    );
    let decision = Log::open().decide(&rules, &seen(failed()), 1);
    assert_eq!(decision.verb(), Some(Verb::Rescue));
}

#[test]
fn a_rule_on_trial_does_not_stand_in_the_way_of_one_that_acts() {
    let mut dry = rule(ALERT, UNIT, &[Verb::Restart]);
    dry.mode = Mode::DryRun;
    let rules = checked(vec![dry, rule("ShopSlow", UNIT, &[Verb::ReloadOrRestart])]);
    let log = Log::open().alert(5, "ShopSlow", 2, "firing");
    assert_eq!(log.says(&rules, active(), 6), "act reload-or-restart");
    let alone = log.cleared(6, 2);
    assert_eq!(alone.says(&rules, active(), 7), "hold dry_run (restart)");
}

#[test]
fn an_incident_without_a_unit_never_acts() {
    let event = Event::Refused {
        host: "demo".to_owned(),
        alert: crate::fixture::alert(ALERT, 1, "firing"),
        reason: Reason::NoRule,
        rules: 1,
    };
    let log = Log::empty().then(0, event);
    let decision = log.decide(&one(&[Verb::Restart]), &seen(active()), 1);
    assert_ne!(decision.verb(), Some(Verb::Restart));
    assert_eq!(log.incident().unit, None);
}
