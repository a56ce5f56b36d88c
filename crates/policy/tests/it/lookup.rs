//! `Rules::lookup`: which rule an alert means, and that no label names a unit.

use crate::fixture::{HOST, at, raw, rule};
use homeostat_policy::alert::Alert;
use homeostat_policy::decide::{Case, Decision, decide};
use homeostat_policy::log::Incident;
use homeostat_policy::log::{Entry, Event};
use homeostat_policy::machine::State;
use homeostat_policy::rules::Rules;
use homeostat_policy::unit::ActiveState;
use homeostat_policy::words::Reason;
use homeostat_policy::words::Verb;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn rules() -> Rules {
    let mut shop = rule("Down", "shop.service", &[Verb::Restart]);
    shop.matchers = [("unit".to_owned(), "shop.service".to_owned())].into();
    let mut cart = rule("Down", "cart.service", &[Verb::Rescue]);
    cart.matchers = [("unit".to_owned(), "cart.service".to_owned())].into();
    let alone = rule("Slow", "shop.service", &[Verb::ReloadOrRestart]);
    Rules::check(HOST, raw(vec![shop, cart, alone])).expect("good rules")
}

fn alert(labels: &BTreeMap<String, String>) -> Alert {
    let json = serde_json::json!({ "status": "firing", "labels": labels }).to_string();
    Alert::parse(&json, &at(0)).expect("a well-formed notice")
}

fn find(pairs: &[(&str, &str)]) -> Result<String, Reason> {
    let labels = pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    rules().lookup(&alert(&labels)).map(|r| r.unit.to_string())
}

#[test]
fn the_alerts_labels_choose_among_the_rules() {
    let shop = Ok("shop.service".to_owned());
    let named = [("alertname", "Down"), ("unit", "shop.service")];
    assert_eq!(find(&named), shop);
    assert_eq!(
        find(&[("alertname", "Down"), ("unit", "cart.service")]),
        Ok("cart.service".to_owned())
    );
    assert_eq!(find(&[("alertname", "Slow")]), shop);
    assert_eq!(find(&[("alertname", "Down")]), Err(Reason::Ambiguous));
    assert_eq!(find(&[("alertname", "Gone")]), Err(Reason::NoRule));
    assert_eq!(
        find(&[("alertname", "Down"), ("unit", "sshd.service")]),
        Err(Reason::NoRule)
    );
}

#[test]
fn another_hosts_alert_is_refused_and_no_host_means_this_one() {
    let slow = |host: &str| find(&[("alertname", "Slow"), ("host", host)]);
    assert_eq!(slow(HOST), Ok("shop.service".to_owned()));
    for host in ["Demo", "demo.", "demo2", "", " demo", "demo\u{0}"] {
        assert_eq!(slow(host), Err(Reason::OtherHost), "{host:?}");
    }
}

#[test]
fn a_units_label_that_no_rule_asks_for_changes_nothing() {
    assert_eq!(
        find(&[("alertname", "Slow"), ("unit", "dbus.service")]),
        Ok("shop.service".to_owned())
    );
}

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("../../etc/shadow".to_owned()),
        Just("dbus.service".to_owned()),
        Just("sshd.service".to_owned()),
        Just("shop.service".to_owned()),
        Just("cart.service".to_owned()),
        Just("shop.service\u{0}".to_owned()),
        Just("*".to_owned()),
        Just("$(reboot)".to_owned()),
        Just("demo".to_owned()),
        Just("other-host".to_owned()),
        "\\PC{0,20}",
    ]
}

fn labels() -> impl Strategy<Value = BTreeMap<String, String>> {
    let key = prop_oneof![
        Just("unit".to_owned()),
        Just("host".to_owned()),
        Just("verb".to_owned()),
        Just("rule".to_owned()),
        Just("instance".to_owned()),
        "\\PC{0,8}",
    ];
    let name = prop_oneof![
        Just("Down".to_owned()),
        Just("Slow".to_owned()),
        "\\PC{1,12}"
    ];
    (proptest::collection::btree_map(key, hostile(), 0..6), name).prop_map(|(mut labels, name)| {
        labels.insert("alertname".to_owned(), name);
        labels
    })
}

fn states() -> impl Strategy<Value = ActiveState> {
    prop_oneof![
        Just(ActiveState::Active),
        Just(ActiveState::Failed),
        Just(ActiveState::Inactive)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_labels_lead_outside_the_permits(labels in labels(), state in states()) {
        let rules = rules();
        let alert = alert(&labels);
        let Ok(rule) = rules.lookup(&alert) else { return Ok(()) };
        prop_assert!(labels.get("host").is_none_or(|h| h == HOST));
        let opened = Event::Opened { host: HOST.to_owned(), unit: rule.unit.clone() };
        let joined = Event::Alert { alert, rule: rule.name.clone(), anew: false, left_out: false };
        let entries: Vec<Entry> = [opened, joined]
            .into_iter()
            .map(|event| Entry { incident: 1, at: at(0), event })
            .collect();
        let incident = Incident::fold(&entries).remove(&1).expect("the log opens it");
        let mut unit = crate::fixture::unit(state);
        // systemd answers under whatever name it was asked for, and the answer is believed.
        unit.id = rule.unit.to_string();
        let decision = decide(&Case::new(
            &incident,
            &crate::fixture::seen(unit),
            &State::default(),
            &rules,
            &at(1).into(),
        ));
        if let Decision::Act { permit, .. } = decision {
            let pair = (permit.unit().as_str(), permit.verb());
            prop_assert!(
                [
                    ("shop.service", Verb::Restart),
                    ("shop.service", Verb::ReloadOrRestart),
                    ("cart.service", Verb::Rescue),
                ]
                .contains(&pair),
                "{:?}", pair
            );
            prop_assert!(rule.ladder.iter().any(|rung| rung.verb == permit.verb()));
        }
    }

    #[test]
    fn no_text_breaks_the_reading_of_an_alert(text in "\\PC{0,200}") {
        let _: Result<Alert, _> = Alert::parse(&text, &at(0));
    }
}
