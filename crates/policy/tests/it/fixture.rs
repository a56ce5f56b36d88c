//! Rules, units, observations and logs, short enough to be read in a table.

use homeostat_policy::alert::{Alert, Fingerprint};
use homeostat_policy::decide::{Decision, decide};
use homeostat_policy::event::{DecisionKind, Entry, Event};
use homeostat_policy::history::History;
use homeostat_policy::incident::Incident;
use homeostat_policy::moment::Moment;
use homeostat_policy::observation::{AlertState, Fact, Observation, UnitState};
use homeostat_policy::outcome::Verdict;
use homeostat_policy::reason::Reason;
use homeostat_policy::rules::{Budget, Mode, RawGrant, RawRule, RawRules, Rules};
use homeostat_policy::unit::{ActiveState, JobResult, UnitName, Verb};
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

/// An observation of a unit and of nothing else, while no switch is under way.
pub fn seen(unit: UnitState) -> Observation {
    Observation {
        unit: Fact::Known(unit),
        alerts: BTreeMap::new(),
        switching: Fact::Known(false),
    }
}

/// An alert that is proven to be gone by an evaluation at `evaluated`.
pub fn gone(evaluated: Moment) -> AlertState {
    AlertState {
        in_alertmanager: Fact::Known(false),
        in_prometheus: Fact::Known(Some(false)),
        evaluated_ms: Some(evaluated.wall_ms),
        proof: Fact::Known(true),
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
    pub history: History,
}

impl Log {
    /// An incident that [`ALERT`] with fingerprint 1 opened at 0.
    pub fn open() -> Self {
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

    pub fn empty() -> Self {
        Self {
            entries: Vec::new(),
            history: History::default(),
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
        self.history.apply(&entry);
        self.entries.push(entry);
        self
    }

    pub fn alert(self, seconds: u64, name: &str, fingerprint: u64, status: &str) -> Self {
        let event = Event::Alert {
            alert: alert(name, fingerprint, status),
            rule: format!("{UNIT}/{name}"),
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
        };
        self.then(seconds, event)
    }

    pub fn ended(self, action: u32, seconds: u64, result: JobResult) -> Self {
        let event = Event::JobEnded {
            action,
            result,
            invocation_after: None,
            examined: false,
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

    pub fn decide(&self, rules: &Rules, observation: &Observation, seconds: u64) -> Decision {
        decide(
            &self.incident(),
            observation,
            &self.history,
            rules,
            &at(seconds),
        )
    }

    /// The decision in short: `act restart`, `hold paused`, `escalate denied`, `end fixed`.
    pub fn says(&self, rules: &Rules, unit: UnitState, seconds: u64) -> String {
        short(&self.decide(rules, &seen(unit), seconds))
    }
}

pub fn short(decision: &Decision) -> String {
    match decision {
        Decision::Act { permit, .. } => format!("act {}", permit.verb().label()),
        Decision::Hold { reason, verb: None } => format!("hold {}", reason.label()),
        Decision::Hold {
            reason,
            verb: Some(verb),
        } => format!("hold {} ({})", reason.label(), verb.label()),
        Decision::Escalate { reason } => format!("escalate {}", reason.label()),
        Decision::End { end, .. } => format!("end {}", end.label()),
    }
}
