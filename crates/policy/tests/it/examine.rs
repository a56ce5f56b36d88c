//! `examine`: what became of an intent whose end was not recorded.

use crate::fixture::{Log, active, at, failed, job, record, seen, unit};
use homeostat_policy::log::Moment;
use homeostat_policy::machine::CallEnd;
use homeostat_policy::observation::{Fact, Observation, Recorded, UnitRecord};
use homeostat_policy::unit::{ActiveState, UnitState};
use homeostat_policy::verdict::{Examined, call_result, examine};
use homeostat_policy::words::{JobResult, Verb};

fn jobs(list: &[(&str, JobResult)]) -> Fact<Vec<UnitRecord>> {
    Fact::Known(
        list.iter()
            .map(|(kind, result)| job(kind, *result))
            .collect(),
    )
}

fn find_at(
    verb: Verb,
    unit: &UnitState,
    records: &Fact<Vec<UnitRecord>>,
    now: &Moment,
) -> Examined {
    let log = Log::open().intent(1, 1, verb);
    let observation = Observation {
        records: records.clone(),
        ..seen(unit.clone())
    };
    let incident = log.incident();
    let action = incident.last_action().expect("the log holds an action");
    examine(action, &observation, &(*now).into())
}

fn find(unit: &UnitState, records: &Fact<Vec<UnitRecord>>) -> Option<JobResult> {
    match find_at(Verb::Restart, unit, records, &at(60)) {
        Examined::Ended(result) => Some(result),
        Examined::Running => None,
        Examined::Unseen => panic!("the unit is seen"),
    }
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

#[test]
fn a_unit_that_changed_or_could_be_reloaded_is_not_known_to_be_left_alone() {
    let mut changed = failed();
    changed.changed_ms += 1;
    assert_eq!(find(&changed, &jobs(&[])), Some(JobResult::Unknown));
    assert_eq!(
        find_at(Verb::ReloadOrRestart, &active(), &jobs(&[]), &at(60)),
        Examined::Ended(JobResult::Unknown)
    );
}

#[test]
fn records_that_are_no_jobs_tell_nothing_of_a_call() {
    let ended = Fact::Known(vec![record(Recorded::EndedWell)]);
    assert_eq!(find(&active(), &ended), Some(JobResult::NotCalled));
}

#[test]
fn an_intent_of_another_boot_is_superseded_unless_that_boot_tells() {
    let next_boot = Moment {
        boot_id: 2,
        ..at(60)
    };
    let booted = began_anew(active());
    let find = |records| find_at(Verb::Restart, &booted, &records, &next_boot);
    let superseded = Examined::Ended(JobResult::Superseded);
    assert_eq!(find(jobs(&[])), superseded);
    assert_eq!(find(Fact::Unknown), superseded);
    let told = jobs(&[("restart", JobResult::Done), ("start", JobResult::Failed)]);
    assert_eq!(find(told), Examined::Ended(JobResult::Failed));
    let shut_down = jobs(&[("stop", JobResult::Done)]);
    assert_eq!(find(shut_down), superseded, "the shutdown's stop");
    let cut_short = jobs(&[("restart", JobResult::Done), ("stop", JobResult::Done)]);
    assert_eq!(find(cut_short), superseded, "half a restart");
    let then_shut_down = jobs(&[("start", JobResult::Done), ("stop", JobResult::Done)]);
    assert_eq!(find(then_shut_down), Examined::Ended(JobResult::Done));
}

fn call(verb: Verb, result: JobResult, before: UnitState, after: Option<UnitState>) -> JobResult {
    let end = CallEnd {
        result,
        misfit: None,
        before: Some(before),
        after,
        was_reset: false,
        detail: None,
    };
    call_result(verb, &end)
}

#[test]
fn done_is_believed_only_where_something_was_done() {
    let off = || unit(ActiveState::Inactive);
    let is = |verb, after: UnitState| call(verb, JobResult::Done, active(), Some(after));
    assert_eq!(is(Verb::Restart, began_anew(active())), JobResult::Done);
    assert_eq!(
        is(Verb::Restart, began_anew(failed())),
        JobResult::Done,
        "it ran anew"
    );
    assert_eq!(is(Verb::ReloadOrRestart, active()), JobResult::Done);
    for verb in [Verb::Restart, Verb::ReloadOrRestart] {
        assert_eq!(is(verb, off()), JobResult::Skipped, "a nop");
        assert_eq!(is(verb, failed()), JobResult::Skipped);
        assert_eq!(
            is(verb, unit(ActiveState::Deactivating)),
            JobResult::Skipped
        );
    }
    for verb in [Verb::Start, Verb::Rescue] {
        let after = || Some(off());
        assert_eq!(
            call(verb, JobResult::Done, off(), after()),
            JobResult::Condition
        );
        assert_eq!(
            call(verb, JobResult::Failed, off(), after()),
            JobResult::Failed
        );
        assert_eq!(call(verb, JobResult::Done, off(), None), JobResult::Done);
    }
}
