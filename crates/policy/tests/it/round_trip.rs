//! What is written is read again, by this version and by an older one.

use crate::fixture::{Log, active, at, one};
use homeostat_policy::alert::{Alert, AlertStatus, Fingerprint, Source};
use homeostat_policy::event::{DecisionKind, End, Entry, Event};
use homeostat_policy::incident::Incident;
use homeostat_policy::moment::Moment;
use homeostat_policy::observation::{AlertState, Fact, Observation, UnitState};
use homeostat_policy::outcome::Verdict;
use homeostat_policy::reason::Reason;
use homeostat_policy::unit::{ActiveState, JobResult, UnitName, Verb};
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
        any::<bool>(),
    )
        .prop_map(|(texts, fires, labels, starts_ms, print, sent)| Alert {
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
            source: if sent {
                Source::Alertmanager
            } else {
                Source::Posted
            },
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
        (text(), alerts(), reasons()).prop_map(|(host, alert, reason)| Event::Refused {
            host,
            alert,
            reason
        }),
        (alerts(), text()).prop_map(|(alert, rule)| Event::Alert { alert, rule }),
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
        (any::<u32>(), units(), verbs(), text(), text()).prop_map(
            |(action, unit, verb, rule, invocation_before)| Event::Intent {
                action,
                unit,
                verb,
                rule,
                invocation_before,
            }
        ),
        (
            any::<u32>(),
            select(JobResult::ALL.to_vec()),
            option::of(text()),
            any::<bool>()
        )
            .prop_map(
                |(action, result, invocation_after, examined)| Event::JobEnded {
                    action,
                    result,
                    invocation_after,
                    examined,
                }
            ),
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
        ends().prop_map(|end| Event::Closed { end }),
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
        let mut history = homeostat_policy::history::History::default();
        entries.iter().for_each(|entry| history.apply(entry));
        let rules = one(&[Verb::Restart, Verb::Rescue]);
        for incident in Incident::fold(&entries).values() {
            let observation = crate::fixture::seen(active());
            let now = at(1);
            let _ = homeostat_policy::decide::clearances(incident, &observation, &rules, &now);
            let _ = homeostat_policy::decide::decide(incident, &observation, &history, &rules, &now);
            if let Some(action) = incident.last_action() {
                let _ = homeostat_policy::outcome::assess(incident, action, &rules, &observation, &now);
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
    assert!(log.incident().unreadable);
    assert_eq!(
        log.says(&one(&[Verb::Restart]), active(), 2),
        "escalate outcome_unknown"
    );
}

#[test]
fn an_incident_whose_beginning_is_unknown_is_left_out() {
    let log = Log::empty().then(0, Event::Unknown).held(1, Reason::Paused);
    assert!(Incident::fold(&log.entries).is_empty());
}

#[test]
fn words_of_a_newer_version_are_read_where_a_guess_is_safe() {
    let ended = r#"{"kind":"job_ended","action":1,"result":"frozen"}"#;
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
    assert_eq!((verdict, reason), (Verdict::Unknown, Reason::Other));
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
    assert_eq!(reason, Reason::Other);
}

#[test]
fn a_verb_of_a_newer_version_is_no_verb_here() {
    // A store that cannot read an event must take it as unknown, which calls a person.
    let json = r#"{"kind":"intent","action":1,"unit":"shop.service","verb":"freeze","rule":"r","invocation_before":""}"#;
    assert!(serde_json::from_str::<Event>(json).is_err());
}
