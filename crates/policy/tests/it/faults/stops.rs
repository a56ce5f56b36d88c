//! A stop that somebody wanted, and one that nobody did: fault 6.

use super::{every_verb, off};
use crate::fixture::{Log, job, record, short};
use homeostat_policy::observation::{Fact, Observation, Recorded};
use homeostat_policy::unit::{ActiveState, BoundTo, UnitState};
use homeostat_policy::words::{JobResult, Reason};

// 6: a stop.

fn says(observation: &Observation) -> String {
    short(&Log::open().decide(&every_verb(), observation, 1))
}

#[test]
fn a_stop_that_somebody_wanted_is_respected_in_every_state() {
    for state in [ActiveState::Inactive, ActiveState::Failed] {
        let stopped = off(state, |o| {
            o.records = Fact::Known(vec![
                job("start", JobResult::Done),
                record(Recorded::Failed),
                job("stop", JobResult::Done),
            ]);
        });
        assert_eq!(says(&stopped), "hold stopped_on_purpose", "{state:?}");
    }
    let not_done = off(ActiveState::Inactive, |o| {
        o.records = Fact::Known(vec![
            record(Recorded::EndedWell),
            job("stop", JobResult::Canceled),
        ]);
    });
    assert_eq!(says(&not_done), "act start");
}

#[test]
fn a_unit_that_ended_by_itself_is_started_where_that_is_not_its_good_end() {
    let ended = |change: fn(&mut UnitState)| {
        off(ActiveState::Inactive, |o| {
            let Fact::Known(unit) = &mut o.unit else {
                return;
            };
            change(unit);
        })
    };
    assert_eq!(says(&ended(|_| ())), "act start");
    assert_eq!(
        says(&ended(|u| u.service_type = "oneshot".into())),
        "hold good_end"
    );
    assert_eq!(
        says(&ended(|u| u.service_type = "dbus".into())),
        "hold good_end"
    );
    assert_eq!(says(&ended(|u| u.is_triggered = true)), "hold good_end");
}

#[test]
fn without_a_record_an_inactive_unit_waits_and_a_failed_one_is_acted_on() {
    for records in [
        Fact::Unknown,
        Fact::Known(vec![]),
        Fact::Known(vec![job("start", JobResult::Done)]),
    ] {
        let with = |state| off(state, |o| o.records = records.clone());
        assert_eq!(says(&with(ActiveState::Inactive)), "hold stop_unknown");
        assert_eq!(says(&with(ActiveState::Failed)), "act rescue");
    }
    let held = Log::open().held(1, Reason::StopUnknown);
    let untold = off(ActiveState::Inactive, |o| o.records = Fact::Unknown);
    let late = held.decide(&every_verb(), &untold, 301);
    assert_eq!(short(&late), "escalate hold_timeout");
}

#[test]
fn what_went_down_with_a_unit_that_died_is_no_wish() {
    let bound = |active: ActiveState, of_other: Vec<_>| {
        off(ActiveState::Inactive, |o| {
            let Fact::Known(unit) = &mut o.unit else {
                return;
            };
            let id = "disk.service".to_owned();
            unit.bound_to = vec![BoundTo {
                id: id.clone(),
                active,
            }];
            o.records = Fact::Known(vec![
                job("start", JobResult::Done),
                job("stop", JobResult::Done),
            ]);
            o.bound_records = [(id, Fact::Known(of_other))].into();
        })
    };
    let died = || vec![job("start", JobResult::Done), record(Recorded::Failed)];
    assert_eq!(
        says(&bound(ActiveState::Failed, died())),
        "hold dependency_down"
    );
    assert_eq!(
        says(&bound(ActiveState::Active, died())),
        "act start",
        "it is up again"
    );
    let stopped = || vec![record(Recorded::EndedWell), job("stop", JobResult::Done)];
    assert_eq!(
        says(&bound(ActiveState::Inactive, stopped())),
        "hold stopped_on_purpose"
    );
    let still_up = vec![job("start", JobResult::Done)];
    assert_eq!(
        says(&bound(ActiveState::Inactive, still_up)),
        "hold stopped_on_purpose"
    );
    let failed_start = off(ActiveState::Inactive, |o| {
        o.records = Fact::Known(vec![job("start", JobResult::Dependency)]);
    });
    assert_eq!(says(&failed_start), "hold dependency_down");
}
