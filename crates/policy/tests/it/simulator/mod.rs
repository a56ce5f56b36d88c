//! The machine against a virtual host: alerts, states, jobs, people, crashes, reboots and clock steps
//! in any order, and the law checked after every tick.
//!
//! `HOMEOSTAT_SEEDS` says how many histories are tried (300), `HOMEOSTAT_SEED` where to begin, and
//! `HOMEOSTAT_SHRINK` how often a history that breaks the law is made shorter (2000).

mod engine;
mod law;
mod ops;
mod run;
mod world;

use engine::Fuse;
use homeostat_policy::observation::Fact;
use homeostat_policy::words::{DecisionKind, JobResult};
use law::Law;
use ops::{Op, ops};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use run::Run;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a history to its end; returns how many steps it took, and events it wrote.
fn run(list: &[Op]) -> (u64, usize) {
    let mut run = Run::new();
    for op in list {
        run.apply(*op);
    }
    run.advance(300);
    run.restart();
    (run.engine.steps, run.engine.log.len())
}

fn fails(list: &[Op]) -> bool {
    catch_unwind(AssertUnwindSafe(|| run(list))).is_err()
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

#[test]
fn the_law_holds_whatever_happens() {
    let (first, seeds) = (number("HOMEOSTAT_SEED", 0), number("HOMEOSTAT_SEEDS", 300));
    let histories = proptest::collection::vec(ops(), 1..70);
    let began = std::time::Instant::now();
    let (mut steps, mut events) = (0, 0);
    for seed in first..first + seeds {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let mut tree = histories.new_tree(&mut runner).expect("a history");
        match catch_unwind(AssertUnwindSafe(|| run(&tree.current()))) {
            Ok((taken, written)) => {
                steps += taken;
                events += written;
            }
            Err(_) => {
                let hook = std::panic::take_hook();
                std::panic::set_hook(Box::new(|_| ()));
                for _ in 0..number("HOMEOSTAT_SHRINK", 2_000) {
                    let moved = if fails(&tree.current()) {
                        tree.simplify()
                    } else {
                        tree.complicate()
                    };
                    if !moved {
                        break;
                    }
                }
                while !fails(&tree.current()) && tree.complicate() {}
                std::panic::set_hook(hook);
                println!("seed {seed}: {:?}", tree.current());
                run(&tree.current());
                panic!("seed {seed} breaks the law");
            }
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{seeds} histories from seed {first}: {steps} steps, {events} events in {seconds:.1} s"
    );
}

#[test]
fn histories_that_broke_the_law_once_keep_it() {
    let histories: [&[Op]; 3] = [
        // The clock went back over the reboot, and the boot's own start was no remedy of somebody.
        &[
            Op::Fire(1, false),
            Op::Reboot(1000, 1001, false, false),
            Op::Fire(6, false),
        ],
        // A stop before the reboot was our job's end.
        &[
            Op::Arm(Fuse::BeforeCall),
            Op::Fire(0, false),
            Op::Stop(0, false),
            Op::Reboot(0, 0, false, false),
        ],
        // A post that came while a remedy was watched ended with its verdict.
        &[
            Op::Fire(0, true),
            Op::Advance(5),
            Op::Resolve(0, true),
            Op::Post(0, true),
        ],
    ];
    for history in histories {
        run(history);
    }
}

#[test]
fn a_unit_that_always_fails_costs_its_attempts_and_one_page_in_a_day() {
    let mut run = Run::new();
    run.world.next_job = (JobResult::Failed, 1_000);
    run.world.fail(0);
    run.apply(Op::Fire(0, true));
    run.apply(Op::Fire(1, true));
    run.advance(24 * 3600);
    assert_eq!(run.law.actions, 1, "one rescue, for both alerts");
    let page = Law::decided(DecisionKind::Escalate);
    let pages = run
        .engine
        .log
        .iter()
        .filter(|line| line.contains(&page))
        .count();
    assert_eq!(pages, 1);
    assert!(run.engine.log.len() < 20, "a wait writes nothing");
}

#[test]
fn an_alert_that_toggles_for_an_hour_stays_within_its_attempts() {
    let mut run = Run::new();
    for _ in 0..90 {
        run.apply(Op::Fire(0, true));
        run.advance(20);
        run.apply(Op::Resolve(0, true));
        run.advance(20);
    }
    let actions = run.law.actions;
    assert!((1..=12).contains(&actions), "{actions}");
}

#[test]
fn a_crash_loop_under_a_firing_alert_calls_a_person() {
    for alert in [0, 1] {
        let mut run = Run::new();
        run.apply(Op::CrashLoop(0));
        run.apply(Op::Fire(alert, true));
        run.advance(200);
        let incident = run.engine.state.open().next().expect("an incident");
        assert!(incident.paged.is_some(), "{:?}", incident.phase);
    }
}

#[test]
fn what_fires_during_a_switch_is_acted_on_when_it_is_over() {
    let mut run = Run::new();
    run.apply(Op::Switch(Fact::Known(true)));
    run.apply(Op::Fire(0, true));
    run.advance(50);
    assert_eq!(run.law.actions, 0);
    run.apply(Op::Switch(Fact::Known(false)));
    run.advance(5);
    assert_eq!(run.law.actions, 1);
}

#[test]
fn a_restart_that_helps_is_fixed_and_the_next_fault_is_a_new_incident() {
    let mut run = Run::new();
    run.apply(Op::Fire(0, true));
    run.advance(10);
    run.apply(Op::Resolve(0, true));
    run.advance(100);
    assert_eq!(run.engine.state.open().count(), 0);
    assert!(
        run.engine
            .log
            .iter()
            .any(|line| line.contains("\"end\":\"fixed\""))
    );
    run.apply(Op::Fire(0, true));
    run.advance(5);
    let phases: Vec<_> = run.engine.state.open().map(|i| i.phase.label()).collect();
    assert_eq!(phases, ["holding"]);
    assert!(run.world.is_well(0));
}

#[test]
fn a_process_that_dies_at_the_call_makes_it_once() {
    for fuse in [Fuse::BeforeCall, Fuse::AfterCall, Fuse::BeforeEffects] {
        let mut run = Run::new();
        run.apply(Op::Arm(fuse));
        run.apply(Op::Fire(0, true));
        run.advance(60);
        assert_eq!(run.law.actions, 1, "{fuse:?}");
    }
}

#[test]
fn a_clock_that_stands_ahead_after_a_reboot_frees_no_budget_for_an_hour() {
    const YEAR_MS: i64 = 365 * 24 * 3_600_000;
    for steps in [false, true] {
        let mut run = Run::new();
        let spend = |run: &mut Run, alert, unit| {
            run.apply(Op::Fail(unit));
            run.apply(Op::Fire(alert, true));
            run.advance(10);
            run.apply(Op::Resolve(alert, true));
            run.advance(60);
        };
        for (alert, unit) in [(1, 0), (2, 1), (5, 3), (1, 0)] {
            spend(&mut run, alert, unit);
        }
        assert_eq!(run.law.actions, 4, "the budget is spent");
        // Whether the clock stands ahead from the beginning, or is set ahead in the new boot.
        let ahead = if steps { 0 } else { -YEAR_MS };
        run.apply(Op::Reboot(0, ahead, false, false));
        if steps {
            run.apply(Op::Step(YEAR_MS));
        }
        spend(&mut run, 2, 1);
        assert_eq!(run.law.actions, 4, "the clock freed the budget");
    }
}
