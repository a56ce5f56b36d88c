//! Rules, units, observations and logs, short enough to be read in a table.

use homeostat_policy::alert::{Alert, Fingerprint};
use homeostat_policy::decide::{Case, Decision, decide};
use homeostat_policy::log::{Entry, Event, Incident, Moment, Source};
use homeostat_policy::machine::State;
use homeostat_policy::observation::{AlertState, Fact, Observation, Recorded, UnitRecord};
use homeostat_policy::rules::{Budget, RawGrant, RawRule, RawRules, Rules};
use homeostat_policy::unit::{ActiveState, UnitName, UnitState};
use homeostat_policy::words::{DecisionKind, JobResult, Mode, Reason, Verb, Verdict};
use std::collections::BTreeMap;

pub const HOST: &str = "demo";
pub const UNIT: &str = "shop.service";
pub const ALERT: &str = "ShopDown";

/// The moment `seconds` after the tests' beginning, in the first boot.
pub fn at(seconds: u64) -> Moment {
    Moment {
        wall_ms: 1_700_000_000_000 + i64::try_from(seconds).expect("a short time") * 1000,
        boot_ms: 10_000_000 + seconds * 1000,
        boot_id: 1,
    }
}

/// A rule with round numbers: settle 10 s, window 60 s, grace 30 s, cool-down 300 s,
/// 3 attempts in 3600 s.
pub fn rule(alert: &str, unit: &str, ladder: &[Verb]) -> RawRule {
    RawRule {
        name: format!("{unit}/{alert}"),
        alert: alert.to_owned(),
        matchers: BTreeMap::new(),
        labels: BTreeMap::new(),
        unit: unit.to_owned(),
        ladder: ladder.to_vec(),
        mode: Mode::Auto,
        cooldown_seconds: 300,
        attempts: 3,
        attempts_window_seconds: 3600,
        settle_seconds: 10,
        window_seconds: 60,
        grace_seconds: 30,
        proof: None,
    }
}

/// The rules with every verb of every ladder granted.
pub fn raw(rules: Vec<RawRule>) -> RawRules {
    let mut units: BTreeMap<String, RawGrant> = BTreeMap::new();
    for rule in &rules {
        units
            .entry(rule.unit.clone())
            .or_insert_with(|| RawGrant {
                verbs: [].into_iter().collect(),
            })
            .verbs
            .extend(rule.ladder.iter().copied());
    }
    RawRules {
        budget: Budget::default(),
        hold_timeout_seconds: 300,
        acknowledgement_seconds: 4 * 3600,
        resolve_timeout_seconds: 300,
        units,
        rules,
    }
}

pub fn checked(rules: Vec<RawRule>) -> Rules {
    Rules::check(HOST, raw(rules)).expect("good rules")
}

/// One rule for the one unit.
pub fn one(ladder: &[Verb]) -> Rules {
    checked(vec![rule(ALERT, UNIT, ladder)])
}

pub fn name(unit: &str) -> UnitName {
    UnitName::parse(unit).expect("a unit name")
}

/// A unit that has been in `active` for long.
pub fn unit(active: ActiveState) -> UnitState {
    let (sub, result) = match active {
        ActiveState::Active => ("running", "success"),
        ActiveState::Failed => ("failed", "exit-code"),
        ActiveState::Inactive => ("dead", "success"),
        ActiveState::Reloading => ("reload", "success"),
        ActiveState::Activating => ("start", "success"),
        ActiveState::Deactivating => ("stop-sigterm", "success"),
        ActiveState::Other => ("", "success"),
    };
    UnitState {
        id: UNIT.to_owned(),
        load_state: "loaded".to_owned(),
        active,
        sub: sub.to_owned(),
        result: result.to_owned(),
        job: None,
        invocation_id: "11".repeat(16),
        n_restarts: 0,
        active_enter_ms: 1_000,
        active_for_ms: (active == ActiveState::Active).then_some(5_000_000),
        inactive_for_ms: None,
        start_limit_interval_ms: 10_000,
        start_limit_burst: 5,
        job_timeout_ms: 180_000,
        service_type: "simple".to_owned(),
        remains_after_exit: false,
        is_triggered: false,
        freezer: "running".to_owned(),
        changed_ms: 1_000,
        host_action: None,
        bound_to: Vec::new(),
    }
}

pub fn active() -> UnitState {
    unit(ActiveState::Active)
}

pub fn failed() -> UnitState {
    unit(ActiveState::Failed)
}

pub fn auto_restart() -> UnitState {
    let mut unit = unit(ActiveState::Activating);
    unit.sub = "auto-restart".to_owned();
    unit
}

/// PID 1's record of a job that ended long ago.
pub fn job(job_type: &str, result: JobResult) -> UnitRecord {
    let what = Recorded::Job {
        job_type: job_type.to_owned(),
        result,
    };
    record(what)
}

pub fn record(what: Recorded) -> UnitRecord {
    UnitRecord {
        wall_ms: at(0).wall_ms - 60_000,
        what,
    }
}

/// An observation of a unit and of nothing else, while no switch is under way, beside an Alertmanager
/// that has run for long. A unit that is off ended by itself.
pub fn seen(unit: UnitState) -> Observation {
    let end = match unit.active {
        ActiveState::Failed => Recorded::Failed,
        _ => Recorded::EndedWell,
    };
    Observation {
        unit: Fact::Known(unit),
        switching: Fact::Known(false),
        records: Fact::Known(vec![job("start", JobResult::Done), record(end)]),
        alertmanager_up_ms: Fact::Known(5_000_000),
        ..Observation::default()
    }
}

/// An alert that is proven to be gone by an evaluation at `evaluated`.
pub fn gone(evaluated: Moment) -> AlertState {
    AlertState {
        in_alertmanager: Fact::Known(false),
        in_prometheus: Fact::Known(Some(false)),
        evaluated_ms: Some(evaluated.wall_ms),
        proof: Fact::Known(true),
        fires: false,
        has_namesake: false,
    }
}

/// An alert that both witnesses show.
pub fn shown() -> AlertState {
    AlertState {
        in_alertmanager: Fact::Known(true),
        in_prometheus: Fact::Known(Some(true)),
        fires: true,
        ..gone(at(0))
    }
}

/// An alert that Alertmanager sends, or with `fingerprint` 0 one that is posted by hand.
pub fn alert(name: &str, fingerprint: u64, status: &str) -> Alert {
    let print = match fingerprint {
        0 => String::new(),
        print => format!(r#","fingerprint":"{print:016x}""#),
    };
    let json = format!(r#"{{"status":"{status}","labels":{{"alertname":"{name}"}}{print}}}"#);
    Alert::parse(&json, &at(0)).expect("a well-formed notice")
}

/// What the log says of one incident about [`UNIT`], with the history of the host.
#[derive(Clone)]
pub struct Log {
    pub entries: Vec<Entry>,
}

impl Log {
    /// An incident that [`ALERT`] with fingerprint 1 opened at 0, which Alertmanager has shown since.
    pub fn open() -> Self {
        Self::posted().witnessed(0, 1, Source::Alertmanager)
    }

    /// An incident that [`ALERT`] with fingerprint 1 opened at 0; nobody was asked about it yet.
    pub fn posted() -> Self {
        Self::empty()
            .then(
                0,
                Event::Opened {
                    host: HOST.to_owned(),
                    unit: name(UNIT),
                },
            )
            .alert(0, ALERT, 1, "firing")
    }

    /// As [`Log::open`], but opened at `seconds`.
    pub fn opened_at(seconds: u64) -> Self {
        let mut log = Self::open();
        for entry in &mut log.entries {
            entry.at = at(seconds);
        }
        log
    }

    pub fn empty() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    pub fn then(self, seconds: u64, event: Event) -> Self {
        self.then_at(1, at(seconds), event)
    }

    pub fn then_at(mut self, incident: i64, at: Moment, event: Event) -> Self {
        let entry = Entry {
            incident,
            at,
            event,
        };
        self.entries.push(entry);
        self
    }

    pub fn alert(self, seconds: u64, name: &str, fingerprint: u64, status: &str) -> Self {
        let event = Event::Alert {
            alert: alert(name, fingerprint, status),
            rule: format!("{UNIT}/{name}"),
            anew: false,
            left_out: false,
        };
        self.then(seconds, event)
    }

    /// The alert with this fingerprint has this source from then on.
    pub fn witnessed(self, seconds: u64, fingerprint: u64, source: Source) -> Self {
        let event = Event::Witnessed {
            fingerprint: Fingerprint(fingerprint),
            source,
        };
        self.then(seconds, event)
    }

    /// An attempt for the incident numbered `incident`, as the history sees it.
    pub fn attempt(self, incident: i64, seconds: u64, unit: &str) -> Self {
        let event = Event::Intent {
            action: 1,
            unit: name(unit),
            verb: Verb::Restart,
            rule: format!("{UNIT}/{ALERT}"),
            invocation_before: String::new(),
            changed_before_ms: None,
            about: None,
        };
        self.then_at(incident, at(seconds), event)
    }

    /// An action that was begun at `seconds`.
    pub fn intent(self, action: u32, seconds: u64, verb: Verb) -> Self {
        let event = Event::Intent {
            action,
            unit: name(UNIT),
            verb,
            rule: format!("{UNIT}/{ALERT}"),
            invocation_before: "11".repeat(16),
            changed_before_ms: Some(1_000),
            about: None,
        };
        self.then(seconds, event)
    }

    pub fn ended(self, action: u32, seconds: u64, result: JobResult) -> Self {
        let event = Event::JobEnded {
            action,
            result,
            invocation_after: None,
            // Nobody but an examination says so.
            examined: result == JobResult::Unknown,
            misfit: None,
            was_reset: false,
        };
        self.then(seconds, event)
    }

    pub fn unproven(self, action: u32, seconds: u64, reason: Reason) -> Self {
        let event = Event::Verdict {
            action,
            verdict: Verdict::Unproven,
            reason,
            observation: Observation::default(),
        };
        self.then(seconds, event)
    }

    /// A whole action whose job ended as `result` and which did not help.
    pub fn tried(self, action: u32, seconds: u64, verb: Verb, result: JobResult) -> Self {
        self.intent(action, seconds, verb)
            .ended(action, seconds + 1, result)
            .unproven(action, seconds + 100, Reason::StillFiring)
    }

    /// A restart that was to be asked for at `seconds` and made no job.
    pub fn unreached(self, action: u32, seconds: u64, result: JobResult) -> Self {
        self.intent(action, seconds, Verb::Restart)
            .ended(action, seconds + 1, result)
    }

    pub fn decided(self, seconds: u64, decision: DecisionKind, reason: Reason) -> Self {
        let event = Event::Decided {
            decision,
            reason,
            verb: None,
            observation: Observation::default(),
        };
        self.then(seconds, event)
    }

    pub fn held(self, seconds: u64, reason: Reason) -> Self {
        self.decided(seconds, DecisionKind::Hold, reason)
    }

    pub fn cleared(self, seconds: u64, fingerprint: u64) -> Self {
        let event = Event::Cleared {
            fingerprint: Fingerprint(fingerprint),
        };
        self.then(seconds, event)
    }

    /// The incident numbered 1.
    pub fn incident(&self) -> Incident {
        Incident::fold(&self.entries)
            .remove(&1)
            .expect("the log opens incident 1")
    }

    pub fn state(&self) -> State {
        State::replay(&self.entries)
    }

    pub fn decide(&self, rules: &Rules, observation: &Observation, seconds: u64) -> Decision {
        let (incident, state) = (self.incident(), self.state());
        decide(&Case::new(
            &incident,
            observation,
            &state,
            rules,
            &at(seconds).into(),
        ))
    }

    /// The decision in short: `act restart`, `hold paused`, `escalate denied`, `end fixed`.
    pub fn says(&self, rules: &Rules, unit: UnitState, seconds: u64) -> String {
        short(&self.decide(rules, &seen(unit), seconds))
    }
}

pub fn short(decision: &Decision) -> String {
    match decision {
        Decision::Act { permit, .. } => format!("act {}", permit.verb().label()),
        Decision::Hold {
            reason, verb: None, ..
        } => format!("hold {}", reason.label()),
        Decision::Hold {
            reason,
            verb: Some(verb),
            ..
        } => format!("hold {} ({})", reason.label(), verb.label()),
        Decision::Escalate { reason, .. } => format!("escalate {}", reason.label()),
        Decision::End { end, .. } => format!("end {}", end.label()),
    }
}
