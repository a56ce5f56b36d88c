//! The binary's `check-config`.

use serde_json::{Value, json};
use std::process::{Command, Output};

fn check(config: &str) -> (Output, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("remediator.json");
    std::fs::write(&file, config).expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_homeostat-remediator"))
        .arg("check-config")
        .arg(&file)
        .env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus")
        .output()
        .expect("the binary starts");
    (output, file.display().to_string())
}

fn least() -> Value {
    json!({ "host": "demo", "database": "/var/lib/homeostat-remediator/events.db",
            "runbook_url": "https://example.org/RUNBOOK.md",
            "units": { "shop.service": { "verbs": ["restart"] } },
            "rules": [ { "name": "shop/ShopDown", "alert": "ShopDown", "unit": "shop.service",
                         "labels": { "unit": "shop.service", "severity": "critical" }, "ladder": ["restart"] } ] })
}

#[test]
fn a_good_file_is_shown_with_its_defaults() {
    let (output, _) = check(&least().to_string());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr);
    let mut lines = told.lines();
    for words in [
        "in order: unreadable record, ",
        "after it: dry-run, ",
        "systemd was not asked",
    ] {
        let line = lines.next().unwrap_or_default();
        assert!(line.contains(words), "{words} in {told}");
    }
    assert_eq!(lines.next(), None, "{told}");
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(shown["listen"], "127.0.0.1:5000");
    assert_eq!(
        shown["budget"],
        json!({ "actions": 10, "window_seconds": 3600 })
    );
    assert_eq!(shown["rules"][0]["cooldown_seconds"], 300);
    assert_eq!(shown["rules"][0]["mode"], "auto");
    // What is shown is a good file itself, and means the same.
    let (again, _) = check(&shown.to_string());
    let again: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(again, shown);
}

#[test]
fn labels_that_are_not_written_are_warned_of() {
    let mut config = least();
    config["rules"][0]["labels"] = json!({ "unit": "shop.service" });
    let (output, _) = check(&config.to_string());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains(
            "warning: rule \"shop/ShopDown\": its labels lack severity: write in `labels`"
        ),
        "{told}"
    );
}

#[test]
fn a_bad_file_is_refused_by_file_key_value_and_cure() {
    let fault = |edit: fn(&mut Value)| {
        let mut config = least();
        edit(&mut config);
        config.to_string()
    };
    for (config, words) in [
        (
            fault(|c| c["rules"][0]["ladder"] = json!(["start"])),
            ["rules[0].ladder[0]", "`start`", "add it to units"],
        ),
        (
            fault(|c| c["rules"][0]["colour"] = json!("red")),
            ["rules[0]", "`colour`", "expected one of"],
        ),
        (
            fault(|c| c["units"]["sshd.service"] = json!({ "verbs": ["restart"] })),
            ["units.\"sshd.service\"", "sshd.service", "remove it"],
        ),
        (
            fault(|c| c["page_resend_seconds"] = json!(0)),
            ["page_resend_seconds", "`0`", "between 1 and 3600"],
        ),
        (
            fault(|c| c["listen"] = json!("everywhere")),
            ["listen", "`everywhere`", "for example 127.0.0.1:5000"],
        ),
        ("{".to_owned(), ["EOF", "line 1", "check-config"]),
    ] {
        let (output, file) = check(&config);
        assert_eq!(output.status.code(), Some(64), "{config} {output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
        let text = String::from_utf8_lossy(&output.stderr);
        for word in words.iter().copied().chain([file.as_str()]) {
            assert!(text.contains(word), "{word} in {text}");
        }
    }
}

#[test]
fn a_file_that_is_not_there_and_bad_usage_are_refused() {
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_homeostat-remediator"))
            .args(arguments)
            .env_remove("CREDENTIALS_DIRECTORY")
            .output()
            .expect("the binary starts")
    };
    let output = run(&["check-config", "/nonexistent/remediator.json"]);
    assert_eq!(output.status.code(), Some(64));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("/nonexistent/remediator.json"), "{text}");
    assert_eq!(run(&["heal-everything"]).status.code(), Some(64));
    assert_eq!(run(&["--help"]).status.code(), Some(0));
}
