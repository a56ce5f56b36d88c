//! The core against a virtual host: alerts, states, jobs, crashes, reboots and
//! clock steps in any order, and the law checked after every tick.

mod engine;
mod law;
mod world;

use crate::fixture::{HOST, raw, rule};
use engine::{Engine, Fuse};
use homeostat_policy::event::Event;
use homeostat_policy::incident::Phase;
use homeostat_policy::observation::Fact;
use homeostat_policy::rules::{Budget, Mode, RawRule, Rules};
use homeostat_policy::unit::{ActiveState, JobResult, Verb};
use law::{Law, TICK_MS};
use proptest::prelude::*;
use proptest::sample::select;
use world::{UNITS, World};

#[derive(Debug, Clone, Copy)]
enum Op {
    Advance(u64),
    Fire(usize, bool),
    Resolve(usize, bool),
    Post(usize),
    Put(usize, ActiveState),
    AutoRestart(usize),
    CrashLoop(usize),
    Foreign(usize, &'static str, u64),
    Bus(bool),
    Backends(bool, bool),
    NextJob(JobResult, u64),
    Switch(Fact<bool>),
    Pause,
    Resume,
    Acknowledge,
    Crash,
    Arm(Fuse),
    Reboot(u64, i64, bool),
    Step(i64),
}

impl std::fmt::Debug for Fuse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Fuse::BeforeCall => "BeforeCall",
            Fuse::AfterCall => "AfterCall",
        })
    }
}

fn ops() -> impl Strategy<Value = Op> {
    let states = vec![
        ActiveState::Active,
        ActiveState::Active,
        ActiveState::Failed,
        ActiveState::Failed,
        ActiveState::Inactive,
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
        JobResult::Denied,
    ];
    let unit = 0..UNITS.len();
    prop_oneof![
        10 => (1..150_u64).prop_map(Op::Advance),
        8 => (0..5_usize, any::<bool>()).prop_map(|(a, d)| Op::Fire(a, d)),
        5 => (0..5_usize, any::<bool>()).prop_map(|(a, w)| Op::Resolve(a, w)),
        1 => (0..5_usize).prop_map(Op::Post),
        5 => (unit.clone(), select(states)).prop_map(|(u, s)| Op::Put(u, s)),
        1 => unit.clone().prop_map(Op::AutoRestart),
        2 => unit.clone().prop_map(Op::CrashLoop),
        2 => (unit, select(vec!["stop", "start", "restart"]), 1..90_000_u64)
            .prop_map(|(u, k, l)| Op::Foreign(u, k, l)),
        2 => any::<bool>().prop_map(Op::Bus),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(a, p)| Op::Backends(a, p)),
        4 => (select(results), 0..40_000_u64).prop_map(|(r, l)| Op::NextJob(r, l)),
        3 => select(vec![Fact::Known(true), Fact::Known(false), Fact::Known(false), Fact::Unknown])
            .prop_map(Op::Switch),
        1 => Just(Op::Pause),
        2 => Just(Op::Resume),
        1 => Just(Op::Acknowledge),
        2 => Just(Op::Crash),
        2 => select(vec![Fuse::BeforeCall, Fuse::AfterCall]).prop_map(Op::Arm),
        1 => (0..600_000_u64, 0..7_200_000_i64, any::<bool>())
            .prop_map(|(d, b, f)| Op::Reboot(d, b, f)),
        2 => (-7_200_000..7_200_000_i64).prop_map(Op::Step),
    ]
}

fn rules() -> Rules {
    let short = |alert, unit, ladder: &[Verb], window, attempts, cooldown| RawRule {
        window_seconds: window,
        attempts,
        attempts_window_seconds: 600,
        cooldown_seconds: cooldown,
        grace_seconds: 20,
        ..rule(alert, unit, ladder)
    };
    let mut raw = raw(vec![
        short("A0", UNITS[0], &[Verb::Restart, Verb::Rescue], 30, 2, 120),
        short("A1", UNITS[0], &[Verb::Rescue], 0, 3, 0),
        short("B0", UNITS[1], &[Verb::Start, Verb::Rescue], 0, 4, 60),
        short("B1", UNITS[1], &[Verb::Restart, Verb::Restart], 60, 2, 90),
        RawRule {
            mode: Mode::DryRun,
            ..short("B2", UNITS[1], &[Verb::Restart], 0, 1, 60)
        },
    ]);
    raw.hold_timeout_seconds = 60;
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
        let anew = Engine::replay(&self.engine.log);
        assert_eq!(anew.incidents, self.engine.incidents, "replay equals live");
        assert_eq!(anew.history, self.engine.history, "replay equals live");
        self.engine = anew;
        for unit in &mut self.world.units {
            unit.signal = None;
        }
    }

    fn settle(&mut self) {
        while !self.engine.run(&mut self.world, &self.rules, &mut self.law) {
            self.restart();
        }
        self.law
            .nothing_waits_for_ever(&self.world, &self.engine, &self.rules);
        Law::nothing_is_lost(&self.world, &self.engine);
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

    fn send(&mut self, alert: usize, status: &str, is_posted: bool) {
        let notice = self.world.notice(alert, status, is_posted);
        self.engine.accept(&self.world, &self.rules, notice);
    }

    fn apply(&mut self, op: Op) {
        // No two things happen at once, so that a start names one episode of an alert.
        self.world.tick(1);
        let world = &mut self.world;
        match op {
            Op::Advance(seconds) => self.advance(seconds),
            Op::Fire(alert, has_data) => {
                world.fire(alert, has_data);
                self.send(alert, "firing", false);
            }
            Op::Resolve(alert, is_told) => {
                let is_news = std::mem::take(&mut world.alerts[alert].in_alertmanager);
                if is_news && is_told {
                    self.send(alert, "resolved", false);
                }
            }
            Op::Post(alert) => self.send(alert, "firing", true),
            Op::Put(unit, state) => world.put(unit, state),
            Op::AutoRestart(unit) => world.put_auto_restart(unit),
            Op::CrashLoop(unit) => {
                world.put(unit, ActiveState::Active);
                world.units[unit].flaps = true;
            }
            Op::Foreign(unit, kind, length) => world.foreign_job(unit, kind, length),
            Op::Bus(is_there) => world.bus = is_there,
            Op::Backends(alertmanager, prometheus) => {
                (world.alertmanager, world.prometheus) = (alertmanager, prometheus);
            }
            Op::NextJob(result, length) => world.next_job = (result, length),
            Op::Switch(switching) => world.switching = switching,
            Op::Pause => {
                let reason = "upgrade".to_owned();
                self.engine.append(world, 0, Event::Paused { reason });
            }
            Op::Resume => {
                let reason = "done".to_owned();
                self.engine.append(world, 0, Event::Resumed { reason });
            }
            Op::Acknowledge => {
                let paged = |i: &&homeostat_policy::incident::Incident| i.phase == Phase::Paged;
                let id = self.engine.incidents.values().find(paged).map(|i| i.id);
                if let Some(id) = id {
                    let reason = "mine".to_owned();
                    self.engine
                        .append(world, id, Event::Acknowledged { reason });
                }
            }
            Op::Crash => self.restart(),
            Op::Arm(fuse) => self.engine.fuse = Some(fuse),
            Op::Reboot(down, back, is_failed) => {
                world.reboot(down, back, is_failed);
                self.restart();
            }
            Op::Step(by) => world.step_wall(by),
        }
        self.settle();
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        max_shrink_iters: 4_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_law_holds_whatever_happens(list in proptest::collection::vec(ops(), 1..70)) {
        let mut run = Run::new();
        for op in list {
            run.apply(op);
        }
        run.advance(300);
        run.restart();
    }
}

#[test]
fn a_unit_that_always_fails_costs_its_attempts_and_one_page_in_a_day() {
    let mut run = Run::new();
    run.world.next_job = (JobResult::Failed, 1_000);
    run.world.put(0, ActiveState::Failed);
    run.apply(Op::Fire(0, true));
    run.apply(Op::Fire(1, true));
    run.advance(24 * 3600);
    assert_eq!(run.law.actions(), 1, "one rescue, for both alerts");
    let pages = |line: &&String| line.contains("\"decision\":\"escalate\"");
    assert_eq!(run.engine.log.iter().filter(pages).count(), 1);
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
    assert!(
        (1..=12).contains(&run.law.actions()),
        "{}",
        run.law.actions()
    );
}

#[test]
fn a_crash_loop_under_a_firing_alert_calls_a_person() {
    for alert in [0, 1] {
        let mut run = Run::new();
        run.apply(Op::CrashLoop(0));
        run.apply(Op::Fire(alert, true));
        run.advance(200);
        let incident = run.engine.incidents.values().next().expect("an incident");
        assert!(incident.paged.is_some(), "{:?}", incident.phase);
    }
}

#[test]
fn what_fires_during_a_switch_is_acted_on_when_it_is_over() {
    let mut run = Run::new();
    run.apply(Op::Switch(Fact::Known(true)));
    run.apply(Op::Fire(0, true));
    run.advance(50);
    assert_eq!(run.law.actions(), 0);
    run.apply(Op::Switch(Fact::Known(false)));
    assert_eq!(run.law.actions(), 1);
}

#[test]
fn a_restart_that_helps_is_fixed_and_the_next_fault_is_a_new_incident() {
    let mut run = Run::new();
    run.apply(Op::Fire(0, true));
    run.advance(10);
    run.apply(Op::Resolve(0, true));
    run.advance(100);
    run.apply(Op::Fire(0, true));
    run.advance(5);
    let ends: Vec<_> = run
        .engine
        .incidents
        .values()
        .map(|i| i.phase.label())
        .collect();
    assert_eq!(ends, ["closed", "holding"]);
    assert!(Law::is_well(&run.world, 0));
}
