//! The machine against a virtual host: alerts, states, jobs, people, crashes, reboots and clock steps
//! in any order, and the law checked after every tick.
//!
//! `HOMEOSTAT_SEEDS` says how many histories are tried (300), `HOMEOSTAT_SEED` where to begin, and
//! `HOMEOSTAT_SHRINK` how often a history that breaks the law is made shorter (2000).

mod engine;
mod law;
mod ops;
mod world;

use crate::fixture::{HOST, raw, rule};
use engine::{Engine, Fuse};
use homeostat_policy::log::Phase;
use homeostat_policy::machine::{Command, Input};
use homeostat_policy::observation::Fact;
use homeostat_policy::rules::{Budget, RawRule, Rules};
use homeostat_policy::unit::ActiveState;
use homeostat_policy::words::{DecisionKind, JobResult, Mode, Verb};
use law::{Law, TICK_MS};
use ops::{Op, ops};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::panic::{AssertUnwindSafe, catch_unwind};
use world::{ONCE, STRANGER, UNITS, World};

fn rules() -> Rules {
    let short = |alert, unit, ladder: &[Verb], window, attempts, cooldown| RawRule {
        labels: [("ours".to_owned(), "yes".to_owned())].into(),
        window_seconds: window,
        attempts,
        attempts_window_seconds: 600,
        cooldown_seconds: cooldown,
        grace_seconds: 20,
        ..rule(alert, unit, ladder)
    };
    let mut raw = raw(vec![
        short(
            "A0",
            UNITS[0],
            &[Verb::Restart, Verb::Start, Verb::Rescue],
            30,
            2,
            120,
        ),
        short("A1", UNITS[0], &[Verb::Rescue], 0, 3, 0),
        short("B0", UNITS[1], &[Verb::Start, Verb::Rescue], 0, 4, 60),
        short(
            "B1",
            UNITS[1],
            &[Verb::Restart, Verb::ReloadOrRestart],
            60,
            2,
            90,
        ),
        short("C0", UNITS[ONCE], &[Verb::Rescue], 30, 3, 60),
        RawRule {
            mode: Mode::DryRun,
            ..short("B2", UNITS[1], &[Verb::Restart], 0, 1, 60)
        },
    ]);
    raw.hold_timeout_seconds = 60;
    raw.acknowledgement_seconds = 600;
    raw.resolve_timeout_seconds = 60;
    raw.budget = Budget {
        actions: 4,
        window_seconds: 500,
    };
    Rules::check(HOST, raw).expect("the simulator's rules are good")
}

struct Run {
    world: World,
    engine: Engine,
    law: Law,
    rules: Rules,
}

impl Run {
    fn new() -> Self {
        Self {
            world: World::new(),
            engine: Engine::default(),
            law: Law::default(),
            rules: rules(),
        }
    }

    /// The process starts anew from its log, and must know what the old one knew.
    fn restart(&mut self) {
        let mut anew = Engine::replay(&self.engine.log);
        assert_eq!(anew.state, self.engine.state, "replay equals live");
        anew.delay = self.engine.delay;
        anew.longest_delay = self.engine.longest_delay;
        anew.steps = self.engine.steps;
        self.engine = anew;
        for unit in &mut self.world.units {
            unit.signal = None;
        }
        // A process that dies at once begins anew likewise.
        let _ = self
            .engine
            .feed(&self.world, &self.rules, &mut self.law, Input::Start);
    }

    fn settle(&mut self) {
        if !self.world.bus
            && self
                .engine
                .lose_calls(&self.world, &self.rules, &mut self.law)
                .is_err()
        {
            self.restart();
        }
        for alert in self.world.repeats() {
            self.send(alert, "firing", false);
        }
        self.run_engine();
        self.law.within_limits(&self.rules);
        self.law
            .nothing_waits_for_ever(&self.world, &self.engine, &self.rules);
        self.law.nothing_is_lost(&self.world, &self.engine);
        self.law
            .nothing_stays_when_all_is_well(&self.world, &self.engine);
        self.law
            .somebody_is_told(&self.world, &self.engine, &self.rules);
    }

    fn run_engine(&mut self) {
        while self
            .engine
            .run(&mut self.world, &self.rules, &mut self.law)
            .is_err()
        {
            self.restart();
        }
    }

    fn advance(&mut self, seconds: u64) {
        let mut left = seconds * 1000;
        while left > 0 {
            let step = left.min(TICK_MS);
            left -= step;
            self.world.tick(step);
            self.settle();
        }
    }

    fn fire(&mut self, alert: usize, has_data: bool, is_new: bool) {
        if is_new && !self.world.alerts[alert].in_prometheus {
            self.law.is_over(alert);
        }
        self.world.fire(alert, has_data, is_new);
        if self.world.alertmanager {
            self.send(alert, "firing", false);
        }
    }

    fn send(&mut self, alert: usize, status: &str, is_posted: bool) {
        if status == "resolved" && !is_posted {
            self.law.is_over(alert);
        }
        let notice = self.world.notice(alert, status, is_posted);
        self.feed(Input::Alert(Box::new(notice)));
    }

    fn feed(&mut self, input: Input) {
        let fed = self
            .engine
            .feed(&self.world, &self.rules, &mut self.law, input);
        if fed.is_err() {
            self.restart();
        }
    }

    fn command(&mut self, command: Command) {
        self.feed(Input::Command(command));
    }

    fn one_in(&self, phase: impl Fn(Phase) -> bool) -> Option<i64> {
        self.engine
            .state
            .open()
            .find(|i| phase(i.phase))
            .map(|i| i.id)
    }

    fn apply(&mut self, op: Op) {
        // No two things happen at once, so that a start names one episode of an alert.
        self.world.tick(1);
        let world = &mut self.world;
        let reason = || "because".to_owned();
        match op {
            Op::Advance(seconds) => self.advance(seconds),
            Op::Fire(alert, has_data) => self.fire(alert, has_data, true),
            Op::Return(alert) => self.fire(alert, true, false),
            Op::Resolve(alert, is_told) => {
                if world.resolve(alert) && is_told {
                    self.send(alert, "resolved", false);
                }
            }
            Op::Again(alert) => self.send(alert, "firing", false),
            Op::Lie(alert, is_forgotten) => {
                // Of a stranger's alert nobody else knows.
                world.alerts[alert].in_alertmanager &= !is_forgotten || alert == STRANGER;
                self.send(alert, "resolved", false);
            }
            Op::Post(alert, fires) => {
                self.law.posted(&self.world, alert, fires);
                self.send(alert, if fires { "firing" } else { "resolved" }, true);
            }
            Op::Put(unit, state) => world.change(unit, state),
            Op::End(unit) => world.end(unit),
            Op::Fail(unit) => world.fail(unit),
            Op::Stop(unit, exits_badly) => world.stop(unit, exits_badly),
            Op::Freeze(unit, frozen) => world.units[unit].frozen = frozen,
            Op::Risk(unit, is_risky) => world.units[unit].is_risky = is_risky,
            Op::AutoRestart(unit) => {
                world.change(unit, ActiveState::Active);
                world.put_auto_restart(unit);
            }
            Op::CrashLoop(unit) => world.crash_loop(unit),
            Op::Foreign(unit, kind, length) => world.foreign_job(unit, kind, length),
            Op::Bus(is_there) => world.bus = is_there,
            Op::Journal(is_readable) => world.journal = is_readable,
            Op::Backends(alertmanager, prometheus) => {
                if alertmanager && !world.alertmanager {
                    world.restart_alertmanager();
                }
                (world.alertmanager, world.prometheus) = (alertmanager, prometheus);
            }
            Op::RestartAlertmanager => world.restart_alertmanager(),
            Op::NextJob(result, length) => world.next_job = (result, length),
            Op::Switch(switching) => world.switching = switching,
            Op::Delay(delay) => {
                self.engine.delay = delay;
                self.engine.longest_delay = self.engine.longest_delay.max(delay);
            }
            Op::Pause => {
                world.paused = true;
                self.command(Command::Pause { reason: reason() });
            }
            Op::Resume => {
                world.paused = false;
                self.command(Command::Resume { reason: reason() });
            }
            Op::Acknowledge => {
                if let Some(incident) = self.one_in(|phase| phase == Phase::Paged) {
                    let reason = reason();
                    self.command(Command::Acknowledge { incident, reason });
                }
            }
            Op::Close => {
                if let Some(incident) = self.one_in(|phase| phase != Phase::Acting) {
                    let reason = reason();
                    self.command(Command::Close { incident, reason });
                }
            }
            Op::Crash => self.restart(),
            Op::Arm(fuse) => self.engine.fuse = Some(fuse),
            Op::Reboot(down, back, is_failed, is_orderly) => {
                world.reboot(down, back, is_failed, is_orderly);
                self.restart();
            }
            Op::Step(by) => world.step_wall(by),
            Op::Downgrade(is_newest) => self.downgrade(is_newest),
        }
        self.settle();
    }

    /// The newest or the first event of an open incident becomes one that cannot be read.
    fn downgrade(&mut self, is_newest: bool) {
        let Some(id) = self.engine.state.open().next_back().map(|i| i.id) else {
            return;
        };
        let of = format!("\"incident\":{id},");
        let mut lines = self.engine.log.iter_mut().filter(|line| line.contains(&of));
        let line = if is_newest {
            lines.next_back()
        } else {
            lines.next()
        };
        let Some(line) = line else { return };
        let mut entry: serde_json::Value = serde_json::from_str(line).expect("our own log");
        // Whatever changes the world must stay, for the world remembers it.
        if !matches!(
            entry["event"]["kind"].as_str(),
            Some("decided" | "cleared" | "witnessed" | "opened")
        ) {
            return;
        }
        entry["event"]["kind"] = "from_the_future".into();
        *line = entry.to_string();
        self.law.unreadable(&self.world, id);
        self.engine.state = Engine::replay(&self.engine.log).state;
        self.restart();
    }
}

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
