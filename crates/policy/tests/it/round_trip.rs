//! What is written is read again, by this version and by an older one.

use crate::fixture::{Log, active, at, one};
use homeostat_policy::alert::{Alert, AlertStatus, Fingerprint};
use homeostat_policy::log::Moment;
use homeostat_policy::log::Source;
use homeostat_policy::log::{Entry, Event};
use homeostat_policy::machine::{Input, State, step};
use homeostat_policy::observation::{AlertState, Fact, Observation};
use homeostat_policy::unit::UnitState;
use homeostat_policy::unit::{ActiveState, UnitName};
use homeostat_policy::words::Reason;
use homeostat_policy::words::Verdict;
use homeostat_policy::words::{DecisionKind, End};
use homeostat_policy::words::{JobResult, Verb};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,12}"
}

fn fact<T: Clone + std::fmt::Debug>(
    inner: impl Strategy<Value = T>,
) -> impl Strategy<Value = Fact<T>> {
    option::of(inner).prop_map(|value| value.map_or(Fact::Unknown, Fact::Known))
}

fn units() -> impl Strategy<Value = UnitName> {
    "[a-z][a-z0-9_-]{0,8}(@[a-z]{1,3})?\\.service"
        .prop_map(|n| UnitName::parse(&n).expect("a unit name"))
}

fn verbs() -> impl Strategy<Value = Verb> {
    select(Verb::ALL.to_vec())
}

fn active_states() -> impl Strategy<Value = ActiveState> {
    select(vec![
        ActiveState::Active,
        ActiveState::Reloading,
        ActiveState::Inactive,
        ActiveState::Failed,
        ActiveState::Activating,
        ActiveState::Deactivating,
        ActiveState::Other,
    ])
}

fn unit_states() -> impl Strategy<Value = UnitState> {
    (
        (text(), text(), active_states(), text(), text()),
        option::of(text()),
        (text(), any::<u32>(), any::<u64>()),
        (option::of(any::<u64>()), option::of(any::<u64>())),
        (any::<u64>(), any::<u32>(), any::<u64>()),
    )
        .prop_map(|(names, job, run, times, limits)| UnitState {
            id: names.0,
            load_state: names.1,
            active: names.2,
            sub: names.3,
            result: names.4,
            job,
            invocation_id: run.0,
            n_restarts: run.1,
            active_enter_ms: run.2,
            active_for_ms: times.0,
            inactive_for_ms: times.1,
            start_limit_interval_ms: limits.0,
            start_limit_burst: limits.1,
            job_timeout_ms: limits.2,
            service_type: "oneshot".to_owned(),
            remains_after_exit: limits.1 % 2 == 0,
            is_triggered: limits.1 % 3 == 0,
            freezer: "running".to_owned(),
            changed_ms: limits.0,
            host_action: None,
            bound_to: Vec::new(),
        })
}

fn alert_states() -> impl Strategy<Value = AlertState> {
    (
        fact(any::<bool>()),
        fact(option::of(any::<bool>())),
        option::of(any::<i64>()),
        fact(any::<bool>()),
    )
        .prop_map(
            |(in_alertmanager, in_prometheus, evaluated_ms, proof)| AlertState {
                in_alertmanager,
                in_prometheus,
                evaluated_ms,
                proof,
                fires: evaluated_ms.is_some(),
                has_namesake: evaluated_ms.is_none(),
            },
        )
}

fn observations() -> impl Strategy<Value = Observation> {
    let alerts =
        proptest::collection::btree_map(any::<u64>().prop_map(Fingerprint), alert_states(), 0..3);
    (fact(unit_states()), alerts, fact(any::<bool>())).prop_map(|(unit, alerts, switching)| {
        Observation {
            unit,
            alerts,
            switching,
            alertmanager_up_ms: Fact::Known(7),
            ..Observation::default()
        }
    })
}

fn alerts() -> impl Strategy<Value = Alert> {
    (
        (text(), text()),
        any::<bool>(),
        proptest::collection::btree_map(text(), text(), 0..4),
        any::<i64>(),
        any::<u64>(),
    )
        .prop_map(|(texts, fires, labels, starts_ms, print)| Alert {
            name: texts.0,
            status: if fires {
                AlertStatus::Firing
            } else {
                AlertStatus::Resolved
            },
            labels,
            summary: texts.1,
            starts_ms,
            fingerprint: Fingerprint(print),
        })
}

fn events() -> impl Strategy<Value = Event> {
    let reasons = || select(Reason::ALL.to_vec());
    let kinds = select(DecisionKind::ALL.to_vec());
    let ends = || {
        select(vec![
            End::Fixed,
            End::Paged,
            End::ResolvedByItself,
            End::Refused,
        ])
    };
    prop_oneof![
        (text(), units()).prop_map(|(host, unit)| Event::Opened { host, unit }),
        (text(), alerts(), reasons(), any::<u64>()).prop_map(|(host, alert, reason, rules)| {
            Event::Refused {
                host,
                alert,
                reason,
                rules,
            }
        }),
        (alerts(), text(), any::<bool>(), any::<bool>()).prop_map(
            |(alert, rule, anew, left_out)| Event::Alert {
                left_out,
                alert,
                rule,
                anew
            }
        ),
        (
            any::<u64>(),
            select(vec![Source::Unasked, Source::Alertmanager, Source::Posted])
        )
            .prop_map(|(f, source)| Event::Witnessed {
                fingerprint: Fingerprint(f),
                source
            }),
        any::<u64>().prop_map(|f| Event::Cleared {
            fingerprint: Fingerprint(f)
        }),
        (kinds, reasons(), option::of(verbs()), observations()).prop_map(
            |(decision, reason, verb, observation)| Event::Decided {
                decision,
                reason,
                verb,
                observation,
            }
        ),
        (
            (any::<u32>(), units(), verbs(), text(), text()),
            option::of(any::<u64>()),
            option::of(units())
        )
            .prop_map(|(given, changed_before_ms, about)| Event::Intent {
                action: given.0,
                unit: given.1,
                verb: given.2,
                rule: given.3,
                invocation_before: given.4,
                changed_before_ms,
                about,
            }),
        (
            any::<u32>(),
            select(JobResult::ALL.to_vec()),
            option::of(text()),
            (any::<bool>(), any::<bool>()),
            option::of(reasons())
        )
            .prop_map(|(action, result, invocation_after, is, misfit)| {
                Event::JobEnded {
                    action,
                    result,
                    invocation_after,
                    examined: is.0,
                    misfit,
                    was_reset: is.1,
                }
            }),
        (
            any::<u32>(),
            select(Verdict::ALL.to_vec()),
            reasons(),
            observations()
        )
            .prop_map(|(action, verdict, reason, observation)| Event::Verdict {
                action,
                verdict,
                reason,
                observation,
            }),
        text().prop_map(|reason| Event::Acknowledged { reason }),
        (ends(), option::of(text())).prop_map(|(end, note)| Event::Closed { end, note }),
        text().prop_map(|reason| Event::Paused { reason }),
        text().prop_map(|reason| Event::Resumed { reason }),
        Just(Event::Unknown),
    ]
}

fn moments() -> impl Strategy<Value = Moment> {
    (any::<i64>(), any::<u64>(), any::<u128>()).prop_map(|(wall_ms, boot_ms, boot_id)| Moment {
        wall_ms,
        boot_ms,
        boot_id,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_event_survives_json(event in events(), at in moments(), incident in any::<i64>()) {
        let entry = Entry { incident, at, event };
        let json = serde_json::to_string(&entry).unwrap();
        prop_assert_eq!(serde_json::from_str::<Entry>(&json).unwrap(), entry);
    }

    #[test]
    fn the_kind_is_the_tag_in_json(event in events()) {
        let value = serde_json::to_value(&event).unwrap();
        prop_assert_eq!(value["kind"].as_str(), Some(event.kind()));
    }

    #[test]
    fn a_field_of_a_newer_version_is_passed_over(event in events()) {
        let mut value = serde_json::to_value(&event).unwrap();
        value["moon_phase"] = serde_json::json!({ "waxing": [1, null] });
        prop_assert_eq!(serde_json::from_value::<Event>(value).unwrap(), event);
    }

    #[test]
    fn any_log_folds_without_a_panic(log in proptest::collection::vec((0..3_i64, moments(), events()), 0..40)) {
        let entries: Vec<Entry> = log
            .into_iter()
            .map(|(incident, at, event)| Entry { incident, at, event })
            .collect();
        let rules = one(&[Verb::Restart, Verb::Rescue]);
        let state = State::replay(&entries);
        for incident in state.open() {
            let looked = Input::Looked {
                incident: incident.id,
                turn: incident.turn,
                events: incident.events,
                observation: Box::new(crate::fixture::seen(active())),
            };
            for input in [Input::Start, looked] {
                let _ = step(&state, input, &rules, &at(1).into());
            }
        }
    }
}

#[test]
fn an_event_of_an_unknown_kind_is_read_and_calls_a_person() {
    let json = r#"{"kind":"snapshot_taken","of":{"disk":3},"list":[1,"2",null]}"#;
    let event: Event = serde_json::from_str(json).unwrap();
    assert_eq!(event, Event::Unknown);
    let log = Log::open().then(1, event);
    assert!(log.incident().is_unreadable);
    assert_eq!(
        log.says(&one(&[Verb::Restart]), active(), 2),
        "escalate unreadable"
    );
}

#[test]
fn words_of_a_newer_version_are_read_where_a_guess_is_safe() {
    let ended = r#"{"kind":"job_ended","action":1,"result":"melted"}"#;
    let Event::JobEnded { result, .. } = serde_json::from_str(ended).unwrap() else {
        panic!("job_ended is known");
    };
    assert_eq!(result, JobResult::Unknown);
    let verdict =
        r#"{"kind":"verdict","action":1,"verdict":"worse","reason":"collateral","observation":{}}"#;
    let Event::Verdict {
        verdict, reason, ..
    } = serde_json::from_str(verdict).unwrap()
    else {
        panic!("verdict is known");
    };
    assert_eq!((verdict, reason), (Verdict::Unknown, Reason::Unknown));
}

#[test]
fn an_observation_of_before_switches_were_seen_is_read_and_knows_nothing_of_one() {
    let decided = r#"{"kind":"decided","decision":"act","reason":"firing","verb":"restart",
        "observation":{"unit":"unknown","alerts":{}}}"#;
    let Event::Decided { observation, .. } = serde_json::from_str(decided).unwrap() else {
        panic!("decided is known");
    };
    assert_eq!(observation.switching, Fact::Unknown);
    let mut unit = serde_json::to_value(active()).unwrap();
    unit.as_object_mut().unwrap().remove("inactive_for_ms");
    assert_eq!(serde_json::from_value::<UnitState>(unit).unwrap(), active());
}

#[test]
fn an_observation_of_a_newer_version_is_read_for_what_is_known_of_it() {
    let decided = r#"{"kind":"decided","decision":"hold","reason":"eclipse",
        "observation":{"switching":{"known":true},"sun":{"known":"dark"}}}"#;
    let Event::Decided {
        observation,
        reason,
        ..
    } = serde_json::from_str(decided).unwrap()
    else {
        panic!("decided is known");
    };
    assert!(observation.switching.is(true));
    assert_eq!(reason, Reason::Unknown);
}

#[test]
fn a_verb_of_a_newer_version_is_no_verb_here() {
    // A store that cannot read an event must take it as unknown, which calls a person.
    let json = r#"{"kind":"intent","action":1,"unit":"shop.service","verb":"freeze","rule":"r","invocation_before":""}"#;
    assert!(serde_json::from_str::<Event>(json).is_err());
}
