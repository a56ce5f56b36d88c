//! `decide`: how often, how soon and how much.

use crate::fixture::{ALERT, HOST, Log, UNIT, active, at, failed, raw, rule, seen, short, unit};
use homeostat_policy::decide::{Case, decide};
use homeostat_policy::log::{Event, Moment};
use homeostat_policy::rules::{Budget, RawRule, Rules};
use homeostat_policy::unit::ActiveState;
use homeostat_policy::words::Reason;
use homeostat_policy::words::{JobResult, Verb};
use std::time::Duration;

fn rules(change: impl FnOnce(&mut RawRule)) -> Rules {
    let mut rule = rule(
        ALERT,
        UNIT,
        &[Verb::Restart, Verb::Restart, Verb::Start, Verb::Rescue],
    );
    change(&mut rule);
    Rules::check(HOST, raw(vec![rule])).expect("good rules")
}

#[test]
fn a_cooldown_holds_for_another_incident_only() {
    let rules = rules(|_| ());
    let other = Log::open().attempt(7, 100, UNIT);
    assert_eq!(other.says(&rules, active(), 399), "hold cooldown");
    assert_eq!(other.says(&rules, active(), 400), "act restart");
    let elsewhere = Log::open().attempt(7, 100, "other.service");
    assert_eq!(elsewhere.says(&rules, active(), 101), "act restart");
    let same = Log::open().tried(1, 1, Verb::Restart, JobResult::Failed);
    assert_eq!(same.says(&rules, active(), 102), "act restart");
    let both = other.tried(1, 401, Verb::Restart, JobResult::Failed);
    assert_eq!(
        both.says(&rules, active(), 502),
        "act restart",
        "the newest attempt for another incident counts, not the newest at all"
    );
}

#[test]
fn attempts_count_over_incidents_and_only_within_the_window() {
    let rules = rules(|r| r.attempts = 2);
    let log = Log::open().attempt(7, 0, UNIT).attempt(8, 1_000, UNIT);
    assert_eq!(
        log.says(&rules, active(), 3_599),
        "escalate attempts_exhausted"
    );
    assert_eq!(log.says(&rules, active(), 3_600), "act restart");
    let elsewhere = Log::open()
        .attempt(7, 0, "other.service")
        .attempt(8, 1_000, "other.service");
    assert_eq!(elsewhere.says(&rules, active(), 3_599), "act restart");
}

#[test]
fn the_budget_of_the_host_counts_every_unit() {
    let mut raw = raw(vec![rule(ALERT, UNIT, &[Verb::Restart])]);
    raw.budget = Budget {
        actions: 2,
        window_seconds: 600,
    };
    let rules = Rules::check(HOST, raw).unwrap();
    let log = Log::open()
        .attempt(7, 0, "a.service")
        .attempt(8, 10, "b.service");
    assert_eq!(
        log.state()
            .history()
            .budget_left(rules.budget(), &at(599).into()),
        0
    );
    assert_eq!(log.says(&rules, active(), 599), "escalate budget_spent");
    assert_eq!(log.says(&rules, active(), 600), "act restart");
    assert_eq!(
        log.state()
            .history()
            .budget_left(rules.budget(), &at(600).into()),
        1
    );
}

#[test]
fn what_is_forgotten_is_only_what_is_too_old_to_matter() {
    let log = Log::open().attempt(7, 0, UNIT).attempt(8, 1_000, UNIT);
    let mut history = log.state().history().clone();
    history.forget(Duration::from_secs(3_600), &at(3_600).into());
    let window = Duration::from_secs(100_000);
    let unit = crate::fixture::name(UNIT);
    assert_eq!(history.attempts_on(&unit, window, &at(3_600).into()), 1);
}

#[test]
fn we_stay_below_the_units_own_start_limit() {
    let rules = rules(|r| {
        r.attempts = 100;
        r.ladder = vec![Verb::Restart; 8];
        r.ladder.push(Verb::Start);
        r.ladder.push(Verb::Rescue);
    });
    let mut near = active();
    (near.start_limit_interval_ms, near.start_limit_burst) = (100_000, 3);
    let one = Log::open().tried(1, 0, Verb::Restart, JobResult::Failed);
    assert_eq!(one.says(&rules, near.clone(), 1), "act restart");
    let two = one.tried(2, 1, Verb::Restart, JobResult::Failed);
    assert_eq!(two.says(&rules, near.clone(), 99), "hold start_limit");
    assert_eq!(
        two.says(&rules, near.clone(), 100),
        "act restart",
        "the interval is over"
    );
    let held = two.clone().held(2, Reason::StartLimit);
    let mut long = near.clone();
    long.start_limit_interval_ms = 10_000_000;
    assert_eq!(held.says(&rules, long, 302), "escalate hold_timeout");
    near.start_limit_burst = 0;
    assert_eq!(
        two.says(&rules, near.clone(), 99),
        "act restart",
        "no limit"
    );
    (near.start_limit_interval_ms, near.start_limit_burst) = (0, 1);
    assert_eq!(two.says(&rules, near, 99), "act restart", "no limit");
}

#[test]
fn systemds_own_restarts_count_while_they_are_recent() {
    let rules = rules(|_| ());
    let says = |unit| Log::opened_at(100).says(&rules, unit, 100);
    let mut unit = active();
    unit.n_restarts = 4;
    unit.active_for_ms = Some(9_999);
    assert_eq!(says(unit.clone()), "hold start_limit");
    unit.active_for_ms = Some(10_000);
    assert_eq!(says(unit.clone()), "act restart");
    unit.active_for_ms = Some(1);
    unit.n_restarts = 3;
    assert_eq!(says(unit), "act restart");
}

#[test]
fn a_rescue_is_not_held_by_the_start_limit_it_is_there_for() {
    let rules = rules(|_| ());
    let mut hit = failed();
    hit.start_limit_burst = 1;
    hit.result = "start-limit-hit".to_owned();
    assert_eq!(Log::open().says(&rules, hit, 1), "act rescue");
}

#[test]
fn a_clock_step_opens_no_limit() {
    let rules = rules(|_| ());
    let log = Log::open().attempt(7, 100, UNIT);
    let says = |now: Moment| {
        let (incident, state) = (log.incident(), log.state());
        short(&decide(&Case::new(
            &incident,
            &seen(active()),
            &state,
            &rules,
            &now.into(),
        )))
    };
    let mut stepped = at(110);
    stepped.wall_ms += 86_400_000;
    assert_eq!(says(stepped), "hold cooldown");
    stepped.wall_ms -= 2 * 86_400_000;
    assert_eq!(says(stepped), "hold cooldown");
}

#[test]
fn after_a_reboot_with_the_clock_set_back_the_wait_ends_by_the_new_boots_clock() {
    let rules = rules(|_| ());
    let log = Log::open().attempt(7, 100, UNIT);
    let says = |boot_ms: u64| {
        let now = Moment {
            wall_ms: at(0).wall_ms - 86_400_000,
            boot_ms,
            boot_id: 2,
        };
        let (incident, state) = (log.incident(), log.state());
        short(&decide(&Case::new(
            &incident,
            &seen(active()),
            &state,
            &rules,
            &now.into(),
        )))
    };
    assert_eq!(says(299_999), "hold cooldown");
    assert_eq!(says(300_000), "act restart");
}

#[test]
fn a_burst_of_one_is_no_never() {
    let rules = rules(|_| ());
    let with = |active_for_ms| {
        let mut unit = active();
        unit.start_limit_burst = 1;
        unit.active_for_ms = Some(active_for_ms);
        unit
    };
    let says = |log: &Log, unit| log.says(&rules, unit, 1_000);
    let log = Log::opened_at(1_000);
    assert_eq!(says(&log, with(10_000)), "act restart");
    assert_eq!(says(&log, with(9_999)), "hold start_limit");
    let ours = Log::open().tried(1, 995, Verb::Restart, JobResult::Failed);
    assert_eq!(says(&ours, with(5_000_000)), "hold start_limit");
}

#[test]
fn what_made_no_job_costs_neither_attempt_nor_budget() {
    let rules = rules(|r| r.attempts = 1);
    let state = |result| Log::open().unreached(1, 0, result).state();
    for (result, left) in [
        (JobResult::Done, 9),
        (JobResult::Unknown, 9),
        (JobResult::Condition, 9),
        (JobResult::NotCalled, 10),
        (JobResult::Refused, 10),
        (JobResult::Denied, 10),
        (JobResult::Unable, 10),
        (JobResult::Skipped, 10),
        (JobResult::Superseded, 10),
    ] {
        let history = state(result).history().clone();
        assert_eq!(
            history.budget_left(rules.budget(), &at(2).into()),
            left,
            "{result:?}"
        );
    }
    let thrice = (1..=3).fold(Log::open(), |log, n| {
        log.unreached(n, u64::from(n), JobResult::Refused)
    });
    assert_eq!(thrice.says(&rules, active(), 100), "act restart");
}

#[test]
fn a_call_that_made_no_job_is_made_again_after_a_pause_that_doubles() {
    let rules = rules(|_| ());
    let mut log = Log::open();
    let mut now = 0;
    for (number, pause) in (1..).zip([1, 2, 4, 8, 16, 32, 60, 60]) {
        log = log.unreached(number, now, JobResult::Refused);
        let says = |seconds| log.says(&rules, active(), seconds);
        assert_eq!(says(now + pause), "hold back_off", "{number}");
        assert_eq!(says(now + 1 + pause), "act restart", "{number}");
        now += 1 + pause;
    }
    assert_eq!(log.says(&rules, active(), 300), "escalate hold_timeout");
}

#[test]
fn a_start_that_was_refused_after_our_reset_stays_owed() {
    let rules = rules(|r| r.ladder = vec![Verb::Rescue]);
    let reset = |was_reset| Event::JobEnded {
        action: 1,
        result: JobResult::Refused,
        invocation_after: None,
        examined: false,
        misfit: None,
        was_reset,
    };
    let inactive = || unit(ActiveState::Inactive);
    let log = |was_reset| {
        Log::open()
            .intent(1, 1, Verb::Rescue)
            .then(2, reset(was_reset))
    };
    assert_eq!(log(true).says(&rules, inactive(), 10), "act rescue");
    assert_ne!(log(false).says(&rules, inactive(), 10), "act rescue");
    let misfit = log(true)
        .intent(2, 10, Verb::Rescue)
        .ended(2, 11, JobResult::NotCalled);
    assert_eq!(misfit.says(&rules, inactive(), 20), "act rescue");
}
