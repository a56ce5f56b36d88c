//! `decide`: what stands in the way, each with the nearest case where it does not.

use crate::fixture::{ALERT, Log, active, at, auto_restart, failed, one, seen, short, unit};
use homeostat_policy::alert::Fingerprint;
use homeostat_policy::log::Event;
use homeostat_policy::observation::Observation;
use homeostat_policy::rules::Rules;
use homeostat_policy::unit::ActiveState;
use homeostat_policy::unit::UnitState;
use homeostat_policy::words::Reason;
use homeostat_policy::words::Verdict;
use homeostat_policy::words::{DecisionKind, End};
use homeostat_policy::words::{JobResult, Verb};

fn restart() -> Rules {
    one(&[Verb::Restart])
}

fn with(change: impl FnOnce(&mut UnitState)) -> UnitState {
    let mut unit = active();
    change(&mut unit);
    unit
}

#[test]
fn a_firing_alert_on_an_active_unit_acts() {
    assert_eq!(Log::open().says(&restart(), active(), 1), "act restart");
}

#[test]
fn the_units_state_decides() {
    let job = |kind: &str| with(|u| u.job = Some(kind.to_owned()));
    let cases = [
        (
            with(|u| u.load_state = "masked".into()),
            "escalate unit_unknown",
        ),
        (
            with(|u| u.load_state = "not-found".into()),
            "escalate unit_unknown",
        ),
        (
            with(|u| u.id = "store.service".into()),
            "escalate unit_alias",
        ),
        (job("stop"), "hold stop_queued"),
        (job("start"), "hold job_queued"),
        (job("restart"), "hold job_queued"),
        (auto_restart(), "hold auto_restart"),
        (
            {
                let mut unit = auto_restart();
                unit.job = Some("restart".to_owned());
                unit
            },
            "hold auto_restart",
        ),
        (unit(ActiveState::Activating), "hold changing"),
        (unit(ActiveState::Deactivating), "hold changing"),
        (unit(ActiveState::Reloading), "hold changing"),
        (unit(ActiveState::Other), "hold changing"),
        (unit(ActiveState::Inactive), "hold no_rung_fits"),
        (failed(), "hold no_rung_fits"),
        (active(), "act restart"),
    ];
    for (unit, expected) in cases {
        let shown = format!("{unit:?}");
        assert_eq!(Log::open().says(&restart(), unit, 1), expected, "{shown}");
    }
}

#[test]
fn a_queued_stop_is_never_turned_round_however_long_it_takes() {
    let stopping = with(|u| u.job = Some("stop".to_owned()));
    let log = Log::open().held(1, Reason::StopQueued);
    assert_eq!(log.says(&restart(), stopping, 100_000), "hold stop_queued");
    let rules = one(&[Verb::Start, Verb::Rescue, Verb::Restart]);
    for state in [
        ActiveState::Active,
        ActiveState::Inactive,
        ActiveState::Failed,
        ActiveState::Deactivating,
    ] {
        let mut unit = unit(state);
        unit.job = Some("stop".to_owned());
        assert_eq!(Log::open().says(&rules, unit, 1), "hold stop_queued");
    }
}

#[test]
fn a_lost_bus_is_waited_for_and_then_a_person_is_called() {
    let log = Log::open().held(1, Reason::BusLost);
    let says = |seconds| short(&log.decide(&restart(), &Observation::default(), seconds));
    assert_eq!(says(300), "hold bus_lost");
    assert_eq!(says(301), "escalate hold_timeout");
}

#[test]
fn transient_reasons_in_turn_share_one_deadline() {
    let mut log = Log::open();
    let turns = [
        Reason::SwitchRunning,
        Reason::SwitchUnknown,
        Reason::AutoRestart,
        Reason::Changing,
        Reason::StartLimit,
        Reason::JobQueued,
        Reason::NoRungFits,
        Reason::BusLost,
    ];
    for (seconds, reason) in (1..300).step_by(10).zip(turns.iter().cycle()) {
        log = log.held(seconds, *reason);
    }
    assert_eq!(
        log.says(&restart(), auto_restart(), 300),
        "hold auto_restart"
    );
    assert_eq!(
        log.says(&restart(), auto_restart(), 301),
        "escalate hold_timeout"
    );
    let unit = with(|u| {
        u.n_restarts = 40;
        u.active_for_ms = Some(4_000);
    });
    assert_eq!(
        log.says(&restart(), unit, 301),
        "escalate hold_timeout",
        "a crash loop between its restarts"
    );
    assert_eq!(log.says(&restart(), active(), 301), "act restart");
}

#[test]
fn a_hold_that_a_person_caused_starts_the_deadline_anew() {
    let log = Log::open()
        .held(1, Reason::AutoRestart)
        .held(250, Reason::Paused)
        .held(260, Reason::AutoRestart);
    assert_eq!(
        log.says(&restart(), auto_restart(), 400),
        "hold auto_restart"
    );
}

#[test]
fn a_pause_holds_and_a_resume_lets_go() {
    let paused = Log::open().then_at(
        0,
        at(1),
        Event::Paused {
            reason: "upgrade".to_owned(),
        },
    );
    assert_eq!(paused.says(&restart(), active(), 9_000), "hold paused");
    assert_eq!(paused.state().history().paused(), Some("upgrade"));
    assert_eq!(paused.state().history().paused_since(), Some(at(1)));
    let resumed = paused.then_at(
        0,
        at(2),
        Event::Resumed {
            reason: "done".to_owned(),
        },
    );
    assert_eq!(resumed.says(&restart(), active(), 3), "act restart");
    assert_eq!(resumed.state().history().paused_since(), None);
}

#[test]
fn an_event_of_a_newer_version_calls_a_person() {
    let log = Log::open().then(1, Event::Unknown);
    assert_eq!(log.says(&restart(), active(), 2), "escalate unreadable");
}

#[test]
fn an_outcome_that_forbids_going_on_calls_a_person() {
    let rules = one(&[Verb::Restart, Verb::Restart]);
    for (result, expected) in [
        (JobResult::Unknown, "escalate outcome_unknown"),
        (JobResult::Denied, "escalate denied"),
        (JobResult::Failed, "act restart"),
        (JobResult::Done, "act restart"),
    ] {
        let log = Log::open().tried(1, 1, Verb::Restart, result);
        assert_eq!(log.says(&rules, active(), 200), expected, "{result:?}");
    }
}

#[test]
fn after_a_page_nothing_is_done_also_when_the_wait_is_recorded() {
    let paged = Log::open().decided(1, DecisionKind::Escalate, Reason::BudgetSpent);
    assert_eq!(paged.says(&restart(), active(), 2), "hold awaiting_person");
    let waiting = paged.held(2, Reason::AwaitingPerson);
    assert_eq!(
        waiting.says(&restart(), active(), 90_000),
        "hold awaiting_person"
    );
    let answered = waiting
        .then(
            3,
            Event::Acknowledged {
                reason: "on it".to_owned(),
            },
        )
        .held(4, Reason::Acknowledged)
        .alert(5, ALERT, 2, "firing");
    assert_eq!(
        answered.says(&restart(), active(), 9_000),
        "hold acknowledged"
    );
}

#[test]
fn an_incident_without_a_live_alert_ends() {
    let end = |log: Log| {
        let decision = log.decide(&restart(), &seen(active()), 500);
        short(&decision)
    };
    assert_eq!(end(Log::open().cleared(1, 1)), "end resolved_by_itself");
    let paged = Log::open().decided(1, DecisionKind::Escalate, Reason::Denied);
    assert_eq!(end(paged.cleared(2, 1)), "end paged");
    let fixed = Log::open()
        .intent(1, 1, Verb::Restart)
        .ended(1, 2, JobResult::Done)
        .then(
            70,
            Event::Verdict {
                action: 1,
                verdict: Verdict::Fixed,
                reason: Reason::Recovered,
                observation: Observation::default(),
            },
        );
    assert_eq!(end(fixed.cleared(71, 1)), "end fixed");
    assert_ne!(
        Log::open().says(&restart(), active(), 1),
        "end resolved_by_itself"
    );
}

#[test]
fn an_end_says_how_and_why() {
    let log = Log::open().cleared(1, 1);
    let decision = log.decide(&restart(), &seen(active()), 2);
    assert_eq!(decision.kind(), DecisionKind::End);
    assert_eq!(decision.reason(), Reason::AlertCleared);
    assert_eq!(decision.verb(), None);
    let mut incident = log.incident();
    incident.apply(&homeostat_policy::log::Entry {
        incident: 1,
        at: at(2),
        event: Event::Closed {
            end: End::ResolvedByItself,
            note: None,
        },
    });
    assert!(incident.is_closed());
    assert_eq!(incident.end(), Some(End::ResolvedByItself));
    assert!(incident.evidence.contains_key(&Fingerprint(1)));
}
