//! A history: the virtual host, the machine that runs on it, and the law that watches.

use super::engine::Engine;
use super::law::{Law, TICK_MS};
use super::ops::Op;
use super::world::{ONCE, STRANGER, UNITS, World};
use crate::fixture::{HOST, raw, rule};
use homeostat_policy::log::Phase;
use homeostat_policy::machine::{Command, Input};
use homeostat_policy::rules::{Budget, RawRule, Rules};
use homeostat_policy::unit::ActiveState;
use homeostat_policy::words::{Mode, Verb};

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

pub struct Run {
    pub world: World,
    pub engine: Engine,
    pub law: Law,
    pub rules: Rules,
}

impl Run {
    pub fn new() -> Self {
        Self {
            world: World::new(),
            engine: Engine::default(),
            law: Law::default(),
            rules: rules(),
        }
    }

    /// The process starts anew from its log, and must know what the old one knew.
    pub fn restart(&mut self) {
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

    pub fn settle(&mut self) {
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

    pub fn run_engine(&mut self) {
        while self
            .engine
            .run(&mut self.world, &self.rules, &mut self.law)
            .is_err()
        {
            self.restart();
        }
    }

    pub fn advance(&mut self, seconds: u64) {
        let mut left = seconds * 1000;
        while left > 0 {
            let step = left.min(TICK_MS);
            left -= step;
            self.world.tick(step);
            self.settle();
        }
    }

    pub fn fire(&mut self, alert: usize, has_data: bool, is_new: bool) {
        if is_new && !self.world.alerts[alert].in_prometheus {
            self.law.is_over(alert);
        }
        self.world.fire(alert, has_data, is_new);
        if self.world.alertmanager {
            self.send(alert, "firing", false);
        }
    }

    pub fn send(&mut self, alert: usize, status: &str, is_posted: bool) {
        if status == "resolved" && !is_posted {
            self.law.is_over(alert);
        }
        let notice = self.world.notice(alert, status, is_posted);
        self.feed(Input::Alert(Box::new(notice)));
    }

    pub fn feed(&mut self, input: Input) {
        let fed = self
            .engine
            .feed(&self.world, &self.rules, &mut self.law, input);
        if fed.is_err() {
            self.restart();
        }
    }

    pub fn command(&mut self, command: Command) {
        self.feed(Input::Command(command));
    }

    pub fn one_in(&self, phase: impl Fn(Phase) -> bool) -> Option<i64> {
        self.engine
            .state
            .open()
            .find(|i| phase(i.phase))
            .map(|i| i.id)
    }

    pub fn apply(&mut self, op: Op) {
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
    pub fn downgrade(&mut self, is_newest: bool) {
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
