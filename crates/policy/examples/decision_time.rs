//! How long the decision core takes for one alert: reading and looking it up,
//! and deciding. Prints one line of JSON with nanoseconds per alert.

use homeostat_policy::alert::{Alert, Fingerprint};
use homeostat_policy::decide::{Case, decide};
use homeostat_policy::log::Incident;
use homeostat_policy::log::Moment;
use homeostat_policy::log::{Entry, Event};
use homeostat_policy::machine::{Input, State, step};
use homeostat_policy::observation::{AlertState, Fact, Observation};
use homeostat_policy::rules::{RawRules, Rules};
use homeostat_policy::unit::{ActiveState, UnitState};
use homeostat_policy::words::Verb;
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

const ITERATIONS: u32 = 100_000;
const UNITS: usize = 20;
const ATTEMPTS: u32 = 10;

const NOW: Moment = Moment {
    wall_ms: 1_800_000_000_000,
    boot_ms: 50_000_000,
    boot_id: 1,
};

/// Rules as a host with twenty apps has them: three alerts each.
fn rules() -> Result<Rules, Box<dyn Error>> {
    let mut units = serde_json::Map::new();
    let mut list = Vec::new();
    for n in 0..UNITS {
        let unit = format!("app-{n}.service");
        for alert in ["AppDown", "UnitFailed", "HighErrorRate"] {
            list.push(serde_json::json!({
                "name": format!("app-{n}/{alert}"), "alert": alert, "match": { "unit": unit },
                "unit": unit, "ladder": ["restart", "rescue"],
            }));
        }
        units.insert(unit, serde_json::json!({ "verbs": ["restart", "rescue"] }));
    }
    let raw: RawRules =
        serde_json::from_value(serde_json::json!({ "units": units, "rules": list }))?;
    Ok(Rules::check("demo", raw)?)
}

/// An alert as Alertmanager sends it.
fn payload() -> String {
    serde_json::json!({
        "status": "firing",
        "labels": {
            "alertname": "HighErrorRate", "severity": "critical", "component": "api",
            "host": "demo", "unit": "app-19.service", "app": "app-19", "instance": "127.0.0.1:8000",
            "job": "apps",
        },
        "annotations": { "summary": "5 % of the requests fail", "description": "for two minutes" },
        "startsAt": "2026-01-01T00:00:00.123Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://127.0.0.1:9090/graph",
        "fingerprint": "0123456789abcdef",
    })
    .to_string()
}

fn observation(unit: &str, alert: Fingerprint) -> Observation {
    let unit = UnitState {
        id: unit.to_owned(),
        load_state: "loaded".to_owned(),
        active: ActiveState::Active,
        sub: "running".to_owned(),
        result: "success".to_owned(),
        job: None,
        invocation_id: "0".repeat(32),
        n_restarts: 0,
        active_enter_ms: 1,
        active_for_ms: Some(40_000_000),
        inactive_for_ms: None,
        start_limit_interval_ms: 10_000,
        start_limit_burst: 5,
        job_timeout_ms: 180_000,
        service_type: "simple".to_owned(),
        remains_after_exit: false,
        is_triggered: false,
        freezer: "running".to_owned(),
        changed_ms: 1,
        host_action: None,
        bound_to: Vec::new(),
    };
    let shown = AlertState {
        in_alertmanager: Fact::Known(true),
        in_prometheus: Fact::Known(Some(true)),
        evaluated_ms: Some(NOW.wall_ms),
        proof: Fact::Known(true),
        fires: true,
        has_namesake: false,
    };
    Observation {
        unit: Fact::Known(unit),
        alerts: [(alert, shown)].into(),
        alertmanager_up_ms: Fact::Known(1_000_000),
        switching: Fact::Known(false),
        ..Observation::default()
    }
}

/// The incident that the alert opens, and a history in which every limit has to be counted out.
fn incident(rules: &Rules, alert: &Alert) -> Result<(Incident, State), Box<dyn Error>> {
    let rule = rules.lookup(alert).map_err(|reason| reason.sentence())?;
    let entry = |incident, event| Entry {
        incident,
        at: NOW,
        event,
    };
    let mut state = State::default();
    for n in 0..ATTEMPTS {
        let old = Event::Intent {
            action: 1,
            unit: rule.unit.clone(),
            verb: Verb::Restart,
            rule: rule.name.clone(),
            invocation_before: String::new(),
            changed_before_ms: None,
            about: None,
        };
        let mut entry = entry(i64::from(n) + 2, old);
        entry.at.boot_ms = 0;
        state.apply(&entry);
    }
    let opened = Event::Opened {
        host: rules.host().to_owned(),
        unit: rule.unit.clone(),
    };
    let joined = Event::Alert {
        alert: alert.clone(),
        rule: rule.name.clone(),
        anew: false,
        left_out: false,
    };
    let log = [entry(1, opened), entry(1, joined)];
    let incident = Incident::fold(&log).remove(&1).ok_or("no incident")?;
    log.iter().for_each(|entry| state.apply(entry));
    Ok((incident, state))
}

/// Nanoseconds per turn of `work`.
fn measure(mut work: impl FnMut()) -> u128 {
    let begun = Instant::now();
    for _ in 0..ITERATIONS {
        work();
    }
    begun.elapsed().as_nanos() / u128::from(ITERATIONS)
}

fn main() -> Result<(), Box<dyn Error>> {
    let rules = rules()?;
    let json = payload();
    let alert = Alert::parse(&json, &NOW)?;
    let (incident, state) = incident(&rules, &alert)?;
    let unit = incident.unit.as_ref().ok_or("no unit")?;
    let observation = observation(unit.as_str(), alert.fingerprint);
    let decision = decide(&Case::new(
        &incident,
        &observation,
        &state,
        &rules,
        &NOW.into(),
    ));
    if decision.verb() != Some(Verb::Restart) {
        return Err(format!("the longest path is measured, not {decision:?}").into());
    }

    let parse_lookup_ns = measure(|| {
        let alert = Alert::parse(black_box(&json), &NOW);
        black_box(alert.is_ok_and(|alert| rules.lookup(&alert).is_ok()));
    });
    let decide_ns = measure(|| {
        black_box(decide(&Case::new(
            black_box(&incident),
            &observation,
            &state,
            &rules,
            &NOW.into(),
        )));
    });
    let step_ns = measure(|| {
        let looked = Input::Looked {
            incident: incident.id,
            turn: incident.turn,
            events: incident.events,
            observation: Box::new(observation.clone()),
        };
        black_box(step(black_box(&state), looked, &rules, &NOW.into()));
    });
    let intake_ns = measure(|| {
        let alert = Input::Alert(Box::new(alert.clone()));
        black_box(step(
            black_box(&State::default()),
            alert,
            &rules,
            &NOW.into(),
        ));
    });
    println!(
        "{}",
        serde_json::json!({
            "decide_ns": decide_ns, "parse_lookup_ns": parse_lookup_ns,
            "step_ns": step_ns, "intake_ns": intake_ns,
        })
    );
    Ok(())
}
