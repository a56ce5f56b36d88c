//! `examine`: what became of an intent whose end was not recorded.

use crate::fixture::{Log, active, failed, unit};
use homeostat_policy::observation::{Fact, UnitState};
use homeostat_policy::outcome::{JobRecord, examine};
use homeostat_policy::unit::{ActiveState, JobResult, Verb};

fn jobs(list: &[(&str, JobResult)]) -> Fact<Vec<JobRecord>> {
    let record = |(job_type, result): &(&str, JobResult)| JobRecord {
        job_type: (*job_type).to_owned(),
        result: *result,
    };
    Fact::Known(list.iter().map(record).collect())
}

fn find(unit: &UnitState, jobs: &Fact<Vec<JobRecord>>) -> Option<JobResult> {
    let log = Log::open().intent(1, 1, Verb::Restart);
    let incident = log.incident();
    examine(
        incident.last_action().expect("the log holds an action"),
        unit,
        jobs,
    )
}

fn began_anew(mut unit: UnitState) -> UnitState {
    unit.invocation_id = "22".repeat(16);
    unit
}

#[test]
fn a_job_that_is_still_there_is_awaited() {
    let mut busy = active();
    busy.job = Some("restart".to_owned());
    assert_eq!(find(&busy, &jobs(&[("restart", JobResult::Done)])), None);
    assert_eq!(find(&busy, &Fact::Unknown), None);
}

#[test]
fn the_journal_tells_how_it_ended() {
    let cases = [
        (&[("start", JobResult::Done)][..], JobResult::Done),
        (&[("start", JobResult::Failed)], JobResult::Failed),
        (&[("restart", JobResult::Canceled)], JobResult::Canceled),
        (
            &[("restart", JobResult::Done), ("start", JobResult::Timeout)],
            JobResult::Timeout,
        ),
        (
            &[("restart", JobResult::Done), ("start", JobResult::Done)],
            JobResult::Done,
        ),
    ];
    for (list, expected) in cases {
        assert_eq!(find(&active(), &jobs(list)), Some(expected), "{list:?}");
    }
}

#[test]
fn half_a_restart_is_no_restart() {
    let stopped_only = jobs(&[("restart", JobResult::Done)]);
    assert_eq!(
        find(&unit(ActiveState::Inactive), &stopped_only),
        Some(JobResult::Unknown)
    );
    assert_eq!(
        find(&began_anew(active()), &stopped_only),
        Some(JobResult::Done)
    );
}

#[test]
fn a_persons_stop_after_the_intent_is_not_our_success() {
    let stopped = jobs(&[("stop", JobResult::Done)]);
    assert_eq!(
        find(&unit(ActiveState::Inactive), &stopped),
        Some(JobResult::Unknown)
    );
    let then_stopped = jobs(&[
        ("restart", JobResult::Done),
        ("start", JobResult::Done),
        ("stop", JobResult::Done),
    ]);
    assert_eq!(
        find(&unit(ActiveState::Inactive), &then_stopped),
        Some(JobResult::Unknown)
    );
}

#[test]
fn without_the_journal_the_invocation_tells() {
    assert_eq!(
        find(&began_anew(active()), &Fact::Unknown),
        Some(JobResult::Done)
    );
    assert_eq!(
        find(&began_anew(failed()), &Fact::Unknown),
        Some(JobResult::Unknown)
    );
    assert_eq!(find(&active(), &Fact::Unknown), Some(JobResult::Unknown));
    let mut never_ran = active();
    never_ran.invocation_id = String::new();
    assert_eq!(find(&never_ran, &Fact::Unknown), Some(JobResult::Unknown));
}

#[test]
fn a_call_that_left_no_trace_was_not_made() {
    assert_eq!(find(&active(), &jobs(&[])), Some(JobResult::NotCalled));
    assert_eq!(find(&failed(), &jobs(&[])), Some(JobResult::NotCalled));
    assert_eq!(
        find(&began_anew(failed()), &jobs(&[])),
        Some(JobResult::Unknown),
        "it ran anew and nobody says why"
    );
}
