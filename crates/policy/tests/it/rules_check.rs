//! `Rules::check`: every fault is named with its key, its value and the cure.

use crate::fixture::{ALERT, HOST, UNIT, name, raw, rule};
use homeostat_policy::rules::{RawGrant, RawRules, Rules, Rung};
use homeostat_policy::words::Verb;

fn good() -> RawRules {
    raw(vec![rule(ALERT, UNIT, &[Verb::Restart, Verb::Rescue])])
}

fn grant(raw: &mut RawRules, unit: &str, verbs: &[Verb]) {
    let verbs = verbs.iter().copied().collect();
    raw.units.insert(unit.to_owned(), RawGrant { verbs });
}

#[test]
fn every_fault_names_key_value_and_cure() {
    type Change = fn(&mut RawRules);
    let cases: [(Change, &str, &str, &str); 20] = [
        (
            |r| grant(r, "shop", &[Verb::Start]),
            "units.\"shop\"",
            "shop",
            "in full",
        ),
        (
            |r| grant(r, "../x.service", &[Verb::Start]),
            "units.\"../x.service\"",
            "../x",
            "in full",
        ),
        (
            |r| grant(r, "sshd.service", &[Verb::Restart]),
            "units.\"sshd.service\"",
            "sshd",
            "remove it",
        ),
        (
            |r| grant(r, "reboot.target", &[Verb::Start]),
            "units.\"reboot.target\"",
            "reboot",
            "remove it",
        ),
        (
            |r| grant(r, UNIT, &[]),
            "units.\"shop.service\".verbs",
            "[]",
            "at least one",
        ),
        (
            |r| r.budget.actions = 0,
            "budget.actions",
            "0",
            "at least 1",
        ),
        (
            |r| r.budget.window_seconds = 0,
            "budget.window_seconds",
            "0",
            "between 1",
        ),
        (
            |r| r.hold_timeout_seconds = 0,
            "hold_timeout_seconds",
            "0",
            "between 1",
        ),
        (
            |r| r.rules[0].name.clear(),
            "rules[0].name",
            "",
            "unique name",
        ),
        (
            |r| r.rules.push(r.rules[0].clone()),
            "rules[1].name",
            "shop.service/ShopDown",
            "unique one",
        ),
        (
            |r| r.rules[0].alert.clear(),
            "rules[0].alert",
            "",
            "name the alert",
        ),
        (
            |r| r.rules[0].unit = "*".to_owned(),
            "rules[0].unit",
            "*",
            "in full",
        ),
        (
            |r| r.rules[0].unit = "other.service".to_owned(),
            "rules[0].unit",
            "other.service",
            "grant it",
        ),
        (
            |r| r.rules[0].ladder.clear(),
            "rules[0].ladder",
            "[]",
            "at least one verb",
        ),
        (
            |r| r.rules[0].ladder.push(Verb::Start),
            "rules[0].ladder[2]",
            "start",
            "add it to units",
        ),
        (
            |r| r.rules[0].attempts = 0,
            "rules[0].attempts",
            "0",
            "at least 1",
        ),
        (
            |r| r.rules[0].attempts_window_seconds = 0,
            "rules[0].attempts_window_seconds",
            "0",
            "between 1",
        ),
        (
            |r| r.rules[0].settle_seconds = 0,
            "rules[0].settle_seconds",
            "0",
            "between 1",
        ),
        (
            |r| r.rules[0].grace_seconds = 0,
            "rules[0].grace_seconds",
            "0",
            "between 1",
        ),
        (
            |r| r.rules[0].window_seconds = u64::MAX,
            "rules[0].window_seconds",
            "18446744073709551615",
            "604800",
        ),
    ];
    for (change, key, value, cure) in cases {
        let mut raw = good();
        change(&mut raw);
        let fault = Rules::check(HOST, raw).expect_err(key);
        assert_eq!(fault.key, key);
        assert!(fault.value.contains(value), "{fault}");
        assert!(fault.cure.contains(cure), "{fault}");
        let shown = fault.to_string();
        assert!(shown.starts_with(key) && shown.contains(value), "{shown}");
    }
}

#[test]
fn the_bounds_themselves_are_taken() {
    let mut raw = good();
    raw.rules[0].cooldown_seconds = 0;
    raw.rules[0].window_seconds = 0;
    raw.rules[0].attempts = 1;
    raw.rules[0].attempts_window_seconds = 604_800;
    raw.hold_timeout_seconds = 1;
    let rules = Rules::check(HOST, raw).unwrap();
    assert_eq!(rules.all().len(), 1);
    assert_eq!(rules.units().count(), 1);
    assert_eq!(rules.host(), HOST);
    assert_eq!(rules.hold_timeout().as_secs(), 1);
}

#[test]
fn only_a_verb_of_the_ladder_gets_a_permit() {
    let mut raw = good();
    let all = [
        Verb::Restart,
        Verb::ReloadOrRestart,
        Verb::Start,
        Verb::Rescue,
    ];
    grant(&mut raw, UNIT, &all);
    let rules = Rules::check(HOST, raw).unwrap();
    let rule = &rules.all()[0];
    let rung = |unit: &str, verb| Rung {
        unit: name(unit),
        verb,
    };
    assert!(rules.permit(rule, &rung(UNIT, Verb::Restart)).is_some());
    assert!(rules.permit(rule, &rung(UNIT, Verb::Start)).is_none());
    assert!(
        rules
            .permit(rule, &rung("a.service", Verb::Restart))
            .is_none()
    );
}

#[test]
fn a_rule_of_other_rules_gets_no_permit_here() {
    let mine = Rules::check(HOST, good()).unwrap();
    let foreign = raw(vec![rule(ALERT, "other.service", &[Verb::Restart])]);
    let foreign = Rules::check(HOST, foreign).unwrap();
    let rule = &foreign.all()[0];
    assert!(mine.permit(rule, &rule.ladder[0]).is_none());
}

#[test]
fn unknown_keys_are_refused_and_absent_ones_have_defaults() {
    let json = r#"{"units":{"shop.service":{"verbs":["restart"]}},
        "rules":[{"name":"r","alert":"A","unit":"shop.service","ladder":["restart"]}]}"#;
    let raw: RawRules = serde_json::from_str(json).unwrap();
    assert_eq!((raw.budget.actions, raw.hold_timeout_seconds), (10, 300));
    let rules = Rules::check(HOST, raw).unwrap();
    let rule = rules.rule("r").expect("the rule is there");
    assert_eq!((rule.attempts, rule.cooldown.as_secs()), (3, 300));
    for bad in [
        json.replace("\"alert\"", "\"allert\""),
        json.replace("\"verbs\"", "\"verb\""),
        json.replace("\"units\"", "\"unit\""),
        json.replace("[\"restart\"]", "[\"reboot\"]"),
    ] {
        assert!(serde_json::from_str::<RawRules>(&bad).is_err(), "{bad}");
    }
}
