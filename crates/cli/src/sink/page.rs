//! One received payload: checked, as a line for the file, as lines for people.
//!
//! The payload is Alertmanager's webhook form, version 4. Only what is shown here is required; everything else is kept
//! as it came.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::terminal::printable;

/// One line of the file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Page {
    /// RFC 3339, UTC.
    received_at: String,
    /// The path it was posted to, so that several receivers can share one sink.
    receiver: String,
    payload: Value,
}

#[derive(Debug, Deserialize)]
struct Payload {
    alerts: Vec<Alert>,
}

#[derive(Debug, Deserialize)]
struct Alert {
    status: Status,
    labels: BTreeMap<String, String>,
    /// Absent or null means none.
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Firing,
    Resolved,
}

impl Page {
    /// Checks a body. The error is one line for the sender.
    pub(super) fn parse(receiver: &str, body: &[u8], now: OffsetDateTime) -> Result<Self, String> {
        let payload: Value = serde_json::from_slice(body).map_err(|error| {
            format!("the body is not JSON: {error}; post what Alertmanager's webhook sends")
        })?;
        Payload::deserialize(&payload).map_err(|error| {
            format!(
                "the body is not an Alertmanager payload: {error}; \
                 it needs `alerts`, each with `status` (firing or resolved) and `labels`"
            )
        })?;
        let received_at = now
            .format(&Rfc3339)
            .map_err(|error| format!("the clock of this host is off: {error}"))?;
        Ok(Self {
            received_at,
            receiver: receiver.to_owned(),
            payload,
        })
    }

    /// The page as one JSON line, without the line break.
    pub(super) fn line(&self) -> String {
        serde_json::to_string(self).expect("invariant: a page has string keys and came from JSON")
    }

    /// One line per alert: what a person must know first.
    pub(super) fn readable(&self) -> Vec<String> {
        Payload::deserialize(&self.payload)
            .map(|payload| payload.alerts.iter().map(Alert::readable).collect())
            .unwrap_or_default()
    }
}

impl Alert {
    fn readable(&self) -> String {
        let status = match self.status {
            Status::Firing => "firing",
            Status::Resolved => "resolved",
        };
        let label = |name: &str| self.labels.get(name).map_or("-", String::as_str);
        let annotations = self.annotations.as_ref();
        let summary = annotations
            .and_then(|all| all.get("summary"))
            .map_or("-", String::as_str);
        let (name, host, unit) = (label("alertname"), label("host"), label("unit"));
        printable(&format!(
            "{status:8} {name} host={host} unit={unit}: {summary}"
        ))
    }
}

/// The recorded lines as a text for people.
pub(super) fn list<'a>(lines: impl Iterator<Item = &'a str>, forgotten: u64) -> String {
    let mut body = String::new();
    let mut shown = 0_u64;
    // Writing to a String cannot fail.
    for line in lines {
        shown += 1;
        match serde_json::from_str::<Page>(line) {
            Ok(page) => {
                let _ = writeln!(
                    body,
                    "\n{} at {}",
                    printable(&page.received_at),
                    printable(&page.receiver)
                );
                for alert in page.readable() {
                    let _ = writeln!(body, "  {alert}");
                }
            }
            Err(_) => {
                let _ = writeln!(body, "\n{}", printable(line));
            }
        }
    }
    let mut head = match shown {
        0 => "No page was received so far.".to_owned(),
        _ => format!("Received payloads, newest first: {shown}."),
    };
    if forgotten > 0 {
        let _ = write!(head, " The file holds {forgotten} older ones.");
    }
    format!("{head}\n{body}")
}

#[cfg(test)]
mod tests {
    use super::{Page, list};
    use time::macros::datetime;

    const BODY: &str = r#"{"version":"4","status":"firing","alerts":[
        {"status":"firing","labels":{"alertname":"AppDown","host":"demo","unit":"shop.service"},
         "annotations":{"summary":"shop is\ndown"},"fingerprint":"00000000000000ff"},
        {"status":"resolved","labels":{"alertname":"Watchdog"},"annotations":null}]}"#;

    fn page() -> Page {
        Page::parse(
            "/people",
            BODY.as_bytes(),
            datetime!(2026-01-02 03:04:05 UTC),
        )
        .unwrap()
    }

    #[test]
    fn the_line_keeps_the_payload_and_is_one_line() {
        let line = page().line();
        assert!(!line.contains('\n'));
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["received_at"], "2026-01-02T03:04:05Z");
        assert_eq!(value["receiver"], "/people");
        assert_eq!(
            value["payload"],
            serde_json::from_str::<serde_json::Value>(BODY).unwrap()
        );
    }

    #[test]
    fn people_get_one_line_per_alert() {
        let expected = [
            "firing   AppDown host=demo unit=shop.service: shop is\\ndown",
            "resolved Watchdog host=- unit=-: -",
        ];
        assert_eq!(page().readable(), expected);
    }

    #[test]
    fn malformed_bodies_are_explained() {
        for (body, word) in [
            ("", "not JSON"),
            ("[]", "not an Alertmanager payload"),
            ("{}", "alerts"),
            (r#"{"alerts":[{"status":"sad","labels":{}}]}"#, "sad"),
            (r#"{"alerts":[{"status":"firing"}]}"#, "labels"),
            (
                r#"{"alerts":[{"status":"firing","labels":{"a":1}}]}"#,
                "string",
            ),
        ] {
            let problem =
                Page::parse("/", body.as_bytes(), datetime!(2026-01-02 03:04:05 UTC)).unwrap_err();
            assert!(problem.contains(word), "{body}: {problem}");
        }
    }

    #[test]
    fn the_list_tells_what_it_leaves_out() {
        let line = page().line();
        let text = list([line.as_str(), "3"].into_iter(), 7);
        assert!(text.starts_with("Received payloads, newest first: 2. The file holds 7 older ones.\n\n2026-01-02T03:04:05Z at /people\n  firing"), "{text}");
        assert!(text.ends_with("\n3\n"), "{text}");
        assert_eq!(
            list(std::iter::empty(), 0),
            "No page was received so far.\n"
        );
    }
}
