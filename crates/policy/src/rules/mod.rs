//! Which alert may do what to which unit, and how often.
//!
//! Raw rules come from the configuration; [`Rules::check`] is the one place
//! where they become rules, and [`Rules`] alone mints a [`Permit`].

mod error;
mod raw;

pub use error::RuleError;
pub use raw::{Budget, RawGrant, RawRule, RawRules};

use crate::alert::{Alert, Fnv};
use crate::unit::UnitName;
use crate::words::{Mode, Reason, Verb};
use error::fault;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

/// A rule that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// A unique name.
    pub name: String,
    /// The alert's name.
    pub alert: String,
    /// Labels that must be equal where the alert carries them.
    pub matchers: BTreeMap<String, String>,
    /// The labels that our own alert rule in Prometheus writes; an alert with all of them is ours.
    pub own: BTreeMap<String, String>,
    /// The unit to heal.
    pub unit: UnitName,
    /// The rungs to try, in order; never empty, each verb granted for its unit.
    pub ladder: Vec<Rung>,
    /// Whether to act.
    pub mode: Mode,
    /// See [`RawRule::cooldown_seconds`].
    pub cooldown: Duration,
    /// See [`RawRule::attempts`].
    pub attempts: u32,
    /// See [`RawRule::attempts_window_seconds`].
    pub attempts_window: Duration,
    /// See [`RawRule::settle_seconds`].
    pub settle: Duration,
    /// See [`RawRule::window_seconds`].
    pub window: Duration,
    /// See [`RawRule::grace_seconds`].
    pub grace: Duration,
    /// See [`RawRule::proof`].
    pub proof: Option<String>,
}

impl Rule {
    /// Whether an alert with these labels is our own: it has every label that our rule writes.
    #[must_use]
    pub fn is_ours(&self, labels: &BTreeMap<String, String>) -> bool {
        self.own
            .iter()
            .all(|(name, value)| labels.get(name) == Some(value))
    }
}

/// One step of a ladder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// The unit that is acted on; it need not be the one that the rule heals.
    pub unit: UnitName,
    /// What is done to it.
    pub verb: Verb,
}

/// The right to do one thing to one unit. Only [`Rules::permit`] makes one, and the systemd
/// adapter takes nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    unit: UnitName,
    verb: Verb,
}

impl Permit {
    /// The unit that may be acted on.
    #[must_use]
    pub fn unit(&self) -> &UnitName {
        &self.unit
    }

    /// What may be done.
    #[must_use]
    pub fn verb(&self) -> Verb {
        self.verb
    }
}

/// All rules of this host, checked.
#[derive(Debug, Clone)]
pub struct Rules {
    host: String,
    budget: Budget,
    hold_timeout: Duration,
    acknowledgement: Duration,
    resolve_timeout: Duration,
    digest: u64,
    grants: BTreeMap<UnitName, BTreeSet<Verb>>,
    rules: Vec<Rule>,
    by_alert: HashMap<String, Vec<usize>>,
}

const LONGEST_SECONDS: u64 = 7 * 24 * 3600;

fn try_restart(key: String) -> RuleError {
    fault(
        key,
        Verb::TryRestart.label(),
        "write restart, which restarts an active unit and never starts one that was stopped",
    )
}

fn seconds(key: String, value: u64, least: u64) -> Result<Duration, RuleError> {
    if (least..=LONGEST_SECONDS).contains(&value) {
        return Ok(Duration::from_secs(value));
    }
    Err(fault(
        key,
        value,
        format!("give seconds between {least} and {LONGEST_SECONDS}"),
    ))
}

impl Rules {
    /// Checks the rules of the host named `host`.
    ///
    /// # Errors
    /// On the first fault: an impossible or untouchable unit, an empty ladder, a verb without a
    /// grant, a number out of bounds, or a name given twice.
    pub fn check(host: &str, raw: RawRules) -> Result<Self, RuleError> {
        let digest = digest(&raw);
        let mut grants = BTreeMap::new();
        for (name, grant) in &raw.units {
            let key = format!("units.\"{name}\"");
            let unit = UnitName::parse(name).map_err(|e| fault(&key, name, e.to_string()))?;
            if let Some(reason) = unit.untouchable() {
                return Err(fault(key, name, reason.to_string()));
            }
            if grant.verbs.contains(&Verb::TryRestart) {
                return Err(try_restart(format!("{key}.verbs")));
            }
            if grant.verbs.is_empty() {
                return Err(fault(
                    format!("{key}.verbs"),
                    "[]",
                    "name at least one verb, or remove the unit",
                ));
            }
            grants.insert(unit, grant.verbs.clone());
        }
        if raw.budget.actions == 0 {
            return Err(fault(
                "budget.actions",
                0,
                "allow at least 1; set `mode` of the rules to dry-run to see without acting",
            ));
        }
        seconds("budget.window_seconds".into(), raw.budget.window_seconds, 1)?;
        let hold_timeout = seconds("hold_timeout_seconds".into(), raw.hold_timeout_seconds, 1)?;
        let acknowledgement = seconds(
            "acknowledgement_seconds".into(),
            raw.acknowledgement_seconds,
            1,
        )?;
        let resolve_timeout = seconds(
            "resolve_timeout_seconds".into(),
            raw.resolve_timeout_seconds,
            1,
        )?;
        let mut names = BTreeSet::new();
        let mut rules = Vec::with_capacity(raw.rules.len());
        let mut by_alert: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, rule) in raw.rules.into_iter().enumerate() {
            let rule = check_rule(index, rule, &grants)?;
            if !names.insert(rule.name.clone()) {
                return Err(fault(
                    format!("rules[{index}].name"),
                    &rule.name,
                    "another rule has this name; choose a unique one",
                ));
            }
            by_alert.entry(rule.alert.clone()).or_default().push(index);
            rules.push(rule);
        }
        Ok(Self {
            host: host.to_owned(),
            budget: raw.budget,
            hold_timeout,
            acknowledgement,
            resolve_timeout,
            digest,
            grants,
            rules,
            by_alert,
        })
    }

    /// The host these rules are for.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host-wide bound on actions.
    #[must_use]
    pub fn budget(&self) -> Budget {
        self.budget
    }

    /// How long anything may stand in the way.
    #[must_use]
    pub fn hold_timeout(&self) -> Duration {
        self.hold_timeout
    }

    /// How long a person's acknowledgement holds.
    #[must_use]
    pub fn acknowledgement(&self) -> Duration {
        self.acknowledgement
    }

    /// Alertmanager's `resolve_timeout`: one that runs for less may have forgotten alerts that fire.
    #[must_use]
    pub fn resolve_timeout(&self) -> Duration {
        self.resolve_timeout
    }

    /// A number that changes with the rules: a refusal holds under the rules that gave it.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// The units under care.
    pub fn units(&self) -> impl Iterator<Item = &UnitName> {
        self.grants.keys()
    }

    /// The rule of this name.
    #[must_use]
    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.name == name)
    }

    /// All rules, as they stand in the configuration.
    #[must_use]
    pub fn all(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule that an alert means.
    ///
    /// The unit comes from the rule, never from a label. A label that the alert carries must
    /// equal the rule's; one that it lacks does not decide; and if more than one rule is left,
    /// none is meant. No host label means this host.
    ///
    /// # Errors
    /// The reason why the alert is refused.
    pub fn lookup(&self, alert: &Alert) -> Result<&Rule, Reason> {
        if alert.labels.get("host").is_some_and(|h| *h != self.host) {
            return Err(Reason::OtherHost);
        }
        let mut found = None;
        for index in self.by_alert.get(&alert.name).into_iter().flatten() {
            let rule = &self.rules[*index];
            let fits = rule
                .matchers
                .iter()
                .all(|(name, value)| alert.labels.get(name).is_none_or(|v| v == value));
            if fits && found.replace(rule).is_some() {
                return Err(Reason::Ambiguous);
            }
        }
        found.ok_or(Reason::NoRule)
    }

    /// The right to take the rung, where the host grants it.
    #[must_use]
    pub fn permit(&self, rule: &Rule, rung: &Rung) -> Option<Permit> {
        let granted = self.grants.get(&rung.unit)?.contains(&rung.verb);
        (granted && rule.ladder.contains(rung)).then(|| Permit {
            unit: rung.unit.clone(),
            verb: rung.verb,
        })
    }
}

fn digest(raw: &RawRules) -> u64 {
    let text = serde_json::to_vec(raw).expect("invariant: rules are plain data");
    let mut hash = Fnv::new();
    hash.write(&text);
    hash.finish()
}

fn check_rule(
    index: usize,
    raw: RawRule,
    grants: &BTreeMap<UnitName, BTreeSet<Verb>>,
) -> Result<Rule, RuleError> {
    let key = |field: &str| format!("rules[{index}].{field}");
    if raw.name.is_empty() {
        return Err(fault(key("name"), "", "give the rule a unique name"));
    }
    if raw.alert.is_empty() {
        return Err(fault(
            key("alert"),
            "",
            "name the alert that the rule answers",
        ));
    }
    let unit =
        UnitName::parse(&raw.unit).map_err(|e| fault(key("unit"), &raw.unit, e.to_string()))?;
    let granted = grants.get(&unit).ok_or_else(|| {
        fault(
            key("unit"),
            &raw.unit,
            "the unit has no entry under `units`; grant it the verbs of this ladder there",
        )
    })?;
    if raw.ladder.is_empty() {
        return Err(fault(
            key("ladder"),
            "[]",
            "name at least one verb, or remove the rule so that people hear of the alert at once",
        ));
    }
    for (rung, verb) in raw.ladder.iter().enumerate() {
        if *verb == Verb::TryRestart {
            return Err(try_restart(format!("rules[{index}].ladder[{rung}]")));
        }
        if !granted.contains(verb) {
            return Err(fault(
                format!("rules[{index}].ladder[{rung}]"),
                verb.label(),
                format!("the verb is not granted; add it to units.\"{unit}\".verbs"),
            ));
        }
    }
    if raw.attempts == 0 {
        return Err(fault(
            key("attempts"),
            0,
            "allow at least 1; set `mode` to dry-run to see without acting",
        ));
    }
    Ok(Rule {
        cooldown: seconds(key("cooldown_seconds"), raw.cooldown_seconds, 0)?,
        attempts: raw.attempts,
        attempts_window: seconds(
            key("attempts_window_seconds"),
            raw.attempts_window_seconds,
            1,
        )?,
        settle: seconds(key("settle_seconds"), raw.settle_seconds, 1)?,
        window: seconds(key("window_seconds"), raw.window_seconds, 0)?,
        grace: seconds(key("grace_seconds"), raw.grace_seconds, 1)?,
        name: raw.name,
        alert: raw.alert,
        own: if raw.labels.is_empty() {
            raw.matchers.clone()
        } else {
            raw.labels
        },
        matchers: raw.matchers,
        ladder: raw
            .ladder
            .into_iter()
            .map(|verb| Rung {
                unit: unit.clone(),
                verb,
            })
            .collect(),
        unit,
        mode: raw.mode,
        proof: raw.proof,
    })
}
