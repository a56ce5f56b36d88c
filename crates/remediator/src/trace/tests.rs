use super::*;
use homeostat_policy::alert::Alert;
use homeostat_policy::log::Event;
use homeostat_policy::observation::Observation;
use homeostat_policy::words::DecisionKind;
use homeostat_policy::words::Verb;

fn at(seconds: u64) -> Moment {
    Moment {
        wall_ms: 1_700_000_000_000 + i64::try_from(seconds).unwrap() * 1000,
        boot_ms: seconds * 1000,
        boot_id: 1,
    }
}

fn entry(seconds: u64, event: Event) -> Entry {
    Entry {
        incident: 7,
        at: at(seconds),
        event,
    }
}

fn opened(host: &str) -> Event {
    Event::Opened {
        host: host.to_owned(),
        unit: UnitName::parse("shop.service").unwrap(),
    }
}

fn alert(name: &str) -> Alert {
    let json = format!(r#"{{"status":"firing","labels":{{"alertname":"{name}"}}}}"#);
    Alert::parse(&json, &at(0)).unwrap()
}

fn decided(decision: DecisionKind, reason: Reason) -> Event {
    Event::Decided {
        decision,
        reason,
        verb: None,
        observation: Observation::default(),
    }
}

fn job(result: JobResult) -> Event {
    Event::JobEnded {
        action: 1,
        result,
        invocation_after: None,
        examined: false,
        misfit: None,
        was_reset: false,
    }
}

fn verdict(verdict: Verdict, reason: Reason) -> Event {
    Event::Verdict {
        action: 1,
        verdict,
        reason,
        observation: Observation::default(),
    }
}

/// An alert that is held for five seconds and then healed by a restart.
fn healed() -> Vec<Entry> {
    let rule = "r".to_owned();
    let joined = |name| Event::Alert {
        alert: alert(name),
        rule: rule.clone(),
        anew: false,
        left_out: false,
    };
    vec![
        entry(0, opened("demo")),
        entry(0, joined("ShopDown")),
        entry(2, decided(DecisionKind::Hold, Reason::SwitchRunning)),
        entry(3, joined("Errors")),
        entry(7, decided(DecisionKind::Act, Reason::Firing)),
        entry(
            7,
            Event::Intent {
                action: 1,
                unit: UnitName::parse("shop.service").unwrap(),
                verb: Verb::Restart,
                rule: rule.clone(),
                invocation_before: String::new(),
                changed_before_ms: None,
                about: None,
            },
        ),
        entry(9, job(JobResult::Done)),
        entry(30, verdict(Verdict::Fixed, Reason::Recovered)),
        entry(
            30,
            Event::Closed {
                end: End::Fixed,
                note: None,
            },
        ),
    ]
}

/// `name from..to key=value ...`, and `!` for what failed.
fn short(span: &PastSpan) -> String {
    let seconds = |time: SystemTime| time.duration_since(time_of(0)).unwrap().as_secs();
    let said: String = span
        .attributes
        .iter()
        .map(|(key, value)| format!(" {key}={value}"))
        .collect();
    let failed = if span.failed { "!" } else { "" };
    let (from, to) = (seconds(span.start), seconds(span.end));
    format!("{}{failed} {from}..{to}{said}", span.name)
}

fn time_of(seconds: u64) -> SystemTime {
    time(at(seconds))
}

#[test]
fn each_phase_is_a_span_with_the_times_of_the_log() {
    let (_, root, phases) = of(&healed()).unwrap();
    assert_eq!(
        short(&root),
        "incident 0..30 incident_id=7 host=demo alert_name=Errors, ShopDown \
         unit_name=shop.service end=fixed verdict=fixed reason=recovered"
    );
    let phases: Vec<String> = phases.iter().map(short).collect();
    assert_eq!(
        phases,
        [
            "deciding 0..2",
            "holding 2..7 reason=switch_running",
            "acting 7..9 verb=restart result=done",
            "verifying 9..30 verb=restart verdict=fixed reason=recovered",
        ]
    );
}

#[test]
fn what_did_not_help_and_a_page_are_errors() {
    let mut log = healed();
    log.truncate(6);
    log.extend([
        entry(9, job(JobResult::Timeout)),
        entry(10, verdict(Verdict::Unproven, Reason::JobFailed)),
        entry(10, decided(DecisionKind::Escalate, Reason::LadderExhausted)),
        entry(
            90,
            Event::Closed {
                end: End::Paged,
                note: None,
            },
        ),
    ]);
    let (_, root, phases) = of(&log).unwrap();
    assert!(root.failed);
    let phases: Vec<String> = phases.iter().skip(2).map(short).collect();
    assert_eq!(
        phases,
        [
            "acting! 7..9 verb=restart result=timeout",
            "verifying! 9..10 verb=restart verdict=unproven reason=job_failed",
            "paged 10..90 reason=ladder_exhausted",
        ]
    );
}

#[test]
fn an_open_incident_and_a_refused_alert_have_no_trace_yet() {
    let mut log = healed();
    log.pop();
    assert_eq!(of(&log), None);
    let refused = Event::Refused {
        host: "demo".to_owned(),
        alert: alert("NobodyKnows"),
        reason: Reason::NoRule,
        rules: 1,
    };
    assert_eq!(of(&[entry(0, refused)]), None);
    assert_eq!(of(&[]), None);
}

#[test]
fn the_id_is_known_from_the_beginning_and_nobody_elses() {
    let begun = |entry: &Entry| id(&Incident::begin(entry).unwrap());
    let first = entry(0, opened("demo"));
    let (number, ..) = of(&healed()).unwrap();
    assert_eq!(begun(&first), format!("{number:032x}"));
    let mut another = first.clone();
    another.incident = 8;
    let others = [entry(1, opened("demo")), entry(0, opened("web")), another];
    for other in &others {
        assert_ne!(begun(other), begun(&first), "{other:?}");
    }
    // Written down, so that a newer version does not change it in the midst of an incident.
    assert_eq!(begun(&first), "399d250591054ec65561c9aa25ade5bf");
}

#[test]
fn an_incident_that_changes_without_end_is_told_in_part() {
    let mut log = vec![entry(0, opened("demo"))];
    for turn in 0..500 {
        let reason = [Reason::AutoRestart, Reason::DryRun][usize::try_from(turn % 2).unwrap()];
        log.push(entry(turn, decided(DecisionKind::Hold, reason)));
    }
    log.push(entry(
        500,
        Event::Closed {
            end: End::ResolvedByItself,
            note: None,
        },
    ));
    let (_, root, phases) = of(&log).unwrap();
    assert_eq!(phases.len(), MOST_PHASES);
    assert_eq!(root.end, time_of(500));
}
