//! `decide` while the host is switched to a new configuration.

use crate::fixture::{Log, active, auto_restart, failed, one, seen, short, unit};
use homeostat_policy::observation::{Fact, Observation};
use homeostat_policy::unit::ActiveState;
use homeostat_policy::unit::UnitState;
use homeostat_policy::words::DecisionKind;
use homeostat_policy::words::Reason;
use homeostat_policy::words::Verb;

fn during(switching: Fact<bool>, unit: UnitState) -> Observation {
    Observation {
        switching,
        ..seen(unit)
    }
}

#[test]
fn a_switch_to_a_new_configuration_is_waited_for_and_then_a_person_is_called() {
    let during = |unit| during(Fact::Known(true), unit);
    let states = [
        active(),
        failed(),
        unit(ActiveState::Inactive),
        auto_restart(),
        UnitState {
            load_state: "not-found".to_owned(),
            ..active()
        },
        UnitState {
            job: Some("stop".to_owned()),
            ..active()
        },
    ];
    let rules = one(&[Verb::Restart, Verb::Start, Verb::Rescue]);
    for unit in states {
        let shown = format!("{unit:?}");
        let decision = Log::open().decide(&rules, &during(unit), 1);
        assert_eq!(short(&decision), "hold switch_running", "{shown}");
    }
    let no_bus = Observation {
        unit: Fact::Unknown,
        ..during(active())
    };
    let log = Log::open().held(1, Reason::SwitchRunning);
    let says = |seen: &Observation, seconds| short(&log.decide(&rules, seen, seconds));
    assert_eq!(says(&no_bus, 2), "hold switch_running");
    assert_eq!(says(&during(active()), 300), "hold switch_running");
    assert_eq!(says(&during(active()), 301), "escalate hold_timeout");
    assert_eq!(says(&seen(active()), 301), "act restart", "it is over");
}

#[test]
fn a_switch_that_cannot_be_seen_stands_in_the_way_of_an_action_alone() {
    let blind = |unit| during(Fact::Unknown, unit);
    let says = |log: &Log, unit, seconds| {
        short(&log.decide(&one(&[Verb::Restart]), &blind(unit), seconds))
    };
    let log = Log::open();
    assert_eq!(says(&log, active(), 1), "hold switch_unknown");
    assert_eq!(
        says(&log, unit(ActiveState::Inactive), 1),
        "hold no_rung_fits"
    );
    assert_eq!(says(&log, auto_restart(), 1), "hold auto_restart");
    let held = log.held(1, Reason::SwitchUnknown);
    assert_eq!(says(&held, active(), 300), "hold switch_unknown");
    assert_eq!(says(&held, active(), 301), "escalate hold_timeout");
}

#[test]
fn a_person_who_is_called_hears_what_did_not_go_away() {
    let held = |log: Log| log.incident().held;
    let waited = Log::open().held(1, Reason::SwitchRunning);
    let late = |reason| waited.clone().decided(301, DecisionKind::Escalate, reason);
    assert_eq!(held(waited.clone()), None);
    assert_eq!(held(late(Reason::HoldTimeout)), Some(Reason::SwitchRunning));
    assert_eq!(held(late(Reason::BudgetSpent)), None, "not for the wait");
}
