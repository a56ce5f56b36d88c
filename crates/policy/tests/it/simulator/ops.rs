//! What can happen to the host, and how likely.

use super::engine::Fuse;
use homeostat_policy::observation::Fact;
use homeostat_policy::unit::ActiveState;
use homeostat_policy::words::JobResult;
use proptest::prelude::*;
use proptest::sample::select;

#[derive(Debug, Clone, Copy)]
pub enum Op {
    Advance(u64),
    Fire(usize, bool),
    /// The alert is over; whether that is told.
    Resolve(usize, bool),
    /// It fires again with the beginning that it had.
    Return(usize),
    /// The notice comes again, late.
    Again(usize),
    /// `resolved` is said though the alert fires; whether Alertmanager says it itself, because
    /// Prometheus has not sent the alert for too long.
    Lie(usize, bool),
    /// Somebody posts an alert by hand, or says that it is over.
    Post(usize, bool),
    Put(usize, ActiveState),
    End(usize),
    Fail(usize),
    /// A person stops the unit; whether its program exits badly on that.
    Stop(usize, bool),
    Freeze(usize, bool),
    /// Its settings change: one more failure would take the host down, or not any more.
    Risk(usize, bool),
    AutoRestart(usize),
    CrashLoop(usize),
    Foreign(usize, &'static str, u64),
    Bus(bool),
    Journal(bool),
    Backends(bool, bool),
    RestartAlertmanager,
    NextJob(JobResult, u64),
    Switch(Fact<bool>),
    Delay(u64),
    Pause,
    Resume,
    Acknowledge,
    Close,
    Crash,
    Arm(Fuse),
    Reboot(u64, i64, bool, bool),
    Step(i64),
    /// An older binary reads the log: an event of the newest open incident, its newest or its
    /// first, is one that it does not know.
    Downgrade(bool),
}

const YEAR_MS: i64 = 365 * 24 * 3_600_000;

pub fn ops() -> impl Strategy<Value = Op> {
    // By how much a boot finds its clock set back; or set ahead, where that is negative.
    let clock = prop_oneof![4 => -7_200_000..7_200_000_i64, 1 => select(vec![YEAR_MS, -YEAR_MS])];
    let states = vec![
        ActiveState::Active,
        ActiveState::Active,
        ActiveState::Activating,
        ActiveState::Deactivating,
    ];
    let results = vec![
        JobResult::Done,
        JobResult::Done,
        JobResult::Done,
        JobResult::Failed,
        JobResult::Timeout,
        JobResult::Canceled,
        JobResult::Refused,
        JobResult::NotCalled,
        JobResult::Unable,
        JobResult::Denied,
    ];
    let unit = 0..4_usize;
    let fuses = vec![Fuse::BeforeCall, Fuse::AfterCall, Fuse::BeforeEffects];
    let host = prop_oneof![
        2 => any::<bool>().prop_map(Op::Bus),
        1 => any::<bool>().prop_map(Op::Journal),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(a, p)| Op::Backends(a, p)),
        1 => Just(Op::RestartAlertmanager),
        4 => (select(results), 0..40_000_u64).prop_map(|(r, l)| Op::NextJob(r, l)),
        3 => select(vec![Fact::Known(true), Fact::Known(false), Fact::Known(false), Fact::Unknown])
            .prop_map(Op::Switch),
        3 => select(vec![0, 0, 6_000, 20_000]).prop_map(Op::Delay),
        2 => Just(Op::Crash),
        3 => select(fuses).prop_map(Op::Arm),
        1 => (0..600_000_u64, clock, any::<bool>(), any::<bool>())
            .prop_map(|(d, b, f, o)| Op::Reboot(d, b, f, o)),
        2 => (-7_200_000..7_200_000_i64).prop_map(Op::Step),
        1 => any::<bool>().prop_map(Op::Downgrade),
    ];
    let people = prop_oneof![
        3 => (unit.clone(), any::<bool>()).prop_map(|(u, b)| Op::Stop(u, b)),
        1 => Just(Op::Pause),
        2 => Just(Op::Resume),
        2 => Just(Op::Acknowledge),
        1 => Just(Op::Close),
        2 => (unit.clone(), select(vec!["stop", "start", "restart"]), 1..90_000_u64)
            .prop_map(|(u, k, l)| Op::Foreign(u, k, l)),
    ];
    let units = prop_oneof![
        4 => (unit.clone(), select(states)).prop_map(|(u, s)| Op::Put(u, s)),
        4 => unit.clone().prop_map(Op::Fail),
        2 => unit.clone().prop_map(Op::End),
        1 => (unit.clone(), any::<bool>()).prop_map(|(u, f)| Op::Freeze(u, f)),
        1 => (unit.clone(), select(vec![true, false, false])).prop_map(|(u, r)| Op::Risk(u, r)),
        1 => unit.clone().prop_map(Op::AutoRestart),
        1 => unit.prop_map(Op::CrashLoop),
    ];
    prop_oneof![
        10 => (1..150_u64).prop_map(Op::Advance),
        8 => (0..7_usize, any::<bool>()).prop_map(|(a, d)| Op::Fire(a, d)),
        5 => (0..7_usize, any::<bool>()).prop_map(|(a, w)| Op::Resolve(a, w)),
        2 => (0..7_usize).prop_map(Op::Return),
        3 => (0..7_usize).prop_map(Op::Again),
        2 => (0..7_usize, any::<bool>()).prop_map(|(a, f)| Op::Lie(a, f)),
        2 => (0..6_usize, select(vec![true, true, false])).prop_map(|(a, f)| Op::Post(a, f)),
        8 => units,
        6 => people,
        12 => host,
    ]
}
