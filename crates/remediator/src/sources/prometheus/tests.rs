use super::*;
use homeostat_policy::alert::Fingerprint;

fn rule(json: &str) -> AlertRule {
    serde_json::from_str(json).unwrap()
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
    pairs.iter().map(owned).collect()
}

fn question() -> Question {
    let all = [
        ("alertname", "HighErrorRate"),
        ("unit", "a.service"),
        ("severity", "critical"),
        ("extra", "x"),
    ];
    Question {
        fingerprint: Fingerprint(1),
        name: "HighErrorRate".to_owned(),
        labels: labels(&all),
        own: labels(&all[1..3]),
        proof: None,
        is_any: false,
    }
}

#[test]
fn our_own_rule_is_asked_and_a_pending_alert_is_active_but_does_not_fire() {
    let ours = |state: &str| {
        rule(&format!(
            r#"{{"labels":{{"unit":"a.service","severity":"critical","team":"x"}},"health":"ok",
            "lastEvaluation":"2026-01-01T00:00:00Z","alerts":[{{"labels":{{"alertname":"HighErrorRate",
            "unit":"a.service","severity":"critical"}},"state":"{state}"}}]}}"#
        ))
    };
    let other = || {
        rule(r#"{"labels":{"unit":"b.service"},"health":"err","lastEvaluation":"x","alerts":[]}"#)
    };
    let state = judge(&[ours("pending"), other()], &question());
    assert!(state.in_prometheus.is(Some(true)) && !state.fires && !state.has_namesake);
    assert_eq!(state.evaluated_ms, Some(1_767_225_600_000));
    assert!(judge(&[ours("firing"), other()], &question()).fires);
}

#[test]
fn a_strangers_rule_with_a_part_of_our_labels_says_nothing() {
    let stranger = rule(
        r#"{"labels":{"unit":"a.service"},"health":"ok","lastEvaluation":"2026-01-01T00:00:00Z",
            "alerts":[{"labels":{"alertname":"HighErrorRate","unit":"a.service"},"state":"firing"}]}"#,
    );
    let state = judge(&[stranger], &question());
    assert!(state.in_prometheus.is(None) && !state.fires && state.has_namesake);
}

#[test]
fn no_rule_is_neither_firing_nor_quiet() {
    let state = judge(&[], &question());
    assert!(state.in_prometheus.is(None) && !state.has_namesake);
}

#[test]
fn a_rule_that_cannot_be_evaluated_or_was_not_yet_tells_nothing() {
    for (health, evaluated) in [
        ("err", "2026-01-01T00:00:00Z"),
        ("unknown", "0001-01-01T00:00:00Z"),
        ("ok", "0001-01-01T00:00:00Z"),
    ] {
        let ours = rule(&format!(
            r#"{{"labels":{{"unit":"a.service","severity":"critical"}},"health":"{health}",
            "lastEvaluation":"{evaluated}","alerts":[]}}"#
        ));
        assert_eq!(judge(&[ours], &question()).in_prometheus, Fact::Unknown);
    }
}
