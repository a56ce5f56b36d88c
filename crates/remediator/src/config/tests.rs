//! Which configurations are taken, and what is said of the others.

use super::*;

const LEAST: &str =
    r#"{"host":"h","database":"/tmp/x.db","runbook_url":"https://example.org/RUNBOOK.md"EXTRA}"#;

fn parse(extra: &str) -> Result<Config, String> {
    Config::parse(Path::new("r.json"), &LEAST.replace("EXTRA", extra)).map_err(|e| e.to_string())
}

#[test]
fn the_least_configuration_listens_on_loopback() {
    let config = parse("").unwrap();
    assert!(config.listen.ip().is_loopback());
    assert_eq!(config.effective["page_resend_seconds"], 30);
}

#[test]
fn each_fault_names_file_key_and_value() {
    for (extra, wanted) in [
        (r#","colour":1"#, vec!["r.json", "colour"]),
        (
            r#","page_resend_seconds":0"#,
            vec!["page_resend_seconds", "`0`"],
        ),
        (
            r#","prometheus_url":"ftp://x""#,
            vec!["prometheus_url", "ftp://x"],
        ),
        (
            r#","otlp_endpoint":"https://collector:4318""#,
            vec!["otlp_endpoint", "https://collector:4318"],
        ),
        (
            r#","log_store":{"kind":"loki","url":"https://logs"}"#,
            vec!["log_store.url", "https://logs"],
        ),
        (
            r#","log_store":{"kind":"loki","url":"http://logs","canary_seconds":0}"#,
            vec!["log_store.canary_seconds", "`0`"],
        ),
        (
            r#","log_store":{"kind":"paper","url":"http://logs"}"#,
            vec!["log_store.kind", "paper"],
        ),
        (
            r#","switch_lock":"run/lock""#,
            vec!["switch_lock", "`run/lock`"],
        ),
        (
            r#","units":{"a.service":{"verbs":["explode"]}}"#,
            vec!["units.a.service.verbs[0]", "explode"],
        ),
        (
            r#","units":{"sshd.service":{"verbs":["restart"]}}"#,
            vec!["sshd.service", "never acted on"],
        ),
    ] {
        let error = parse(extra).unwrap_err();
        for word in wanted {
            assert!(error.contains(word), "{word} in {error}");
        }
    }
}
