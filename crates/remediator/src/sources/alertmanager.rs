//! What Alertmanager holds.
//!
//! Protocol: Alertmanager API v2 `GET /api/v2/alerts` and `GET /api/v2/status` (read at 0.34).

use super::{NoAnswer, get};
use homeostat_policy::alert::Fingerprint;
use homeostat_policy::alert::wire::{Annotations, WireAlert};
use homeostat_policy::log::parse_rfc3339;
use homeostat_policy::unit::UnitName;
use reqwest::Client;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// An alert as Alertmanager lists it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Listed {
    pub(super) fingerprint: Fingerprint,
    pub(super) labels: BTreeMap<String, String>,
}

/// An alert as Alertmanager lists it, with what a post of it would say.
#[derive(Deserialize)]
struct Whole {
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: Option<Annotations>,
    #[serde(rename = "startsAt")]
    starts_at: String,
    fingerprint: String,
}

#[derive(Deserialize)]
struct Status {
    /// When it began, RFC 3339, though the field is called so.
    uptime: String,
}

/// Alertmanager, to be asked.
#[derive(Debug, Clone)]
pub(super) struct Alertmanager {
    client: Client,
    /// Its base URL.
    url: String,
    /// Its present run, as far as it was asked about.
    run: Arc<Mutex<Option<Run>>>,
}

impl Alertmanager {
    pub(super) fn new(client: Client, url: &str) -> Self {
        Self {
            client,
            url: url.to_owned(),
            run: Arc::default(),
        }
    }

    /// The alerts that it holds, muted ones too: a silence or an inhibition is no recovery.
    pub(super) async fn listed(&self, filters: &[String]) -> Result<Vec<Listed>, NoAnswer> {
        let url = format!("{}/api/v2/alerts", self.url);
        let query: Vec<_> = filters.iter().map(|f| ("filter", f)).collect();
        get(&self.client, &url, &query).await
    }

    /// The alerts of a unit that it tells a receiver: those that fire and are not muted.
    pub(super) async fn told(
        &self,
        receiver: &str,
        host: &str,
        unit: &UnitName,
    ) -> Result<Vec<WireAlert>, NoAnswer> {
        let url = format!("{}/api/v2/alerts", self.url);
        let query = [
            ("receiver", escaped(receiver)),
            ("filter", equals("host", host)),
            ("filter", equals("unit", unit.as_str())),
            ("silenced", "false".to_owned()),
            ("inhibited", "false".to_owned()),
        ];
        let alerts: Vec<Whole> = get(&self.client, &url, &query).await?;
        let wire = |alert: Whole| WireAlert {
            status: "firing".to_owned(),
            labels: alert.labels,
            annotations: alert.annotations,
            starts_at: Some(alert.starts_at),
            fingerprint: Some(alert.fingerprint),
        };
        Ok(alerts.into_iter().map(wire).collect())
    }

    /// For how long it runs, in milliseconds.
    pub(super) async fn up_ms(&self) -> Result<u64, NoAnswer> {
        let url = format!("{}/api/v2/status", self.url);
        let status: Status = get::<_, &str>(&self.client, &url, &[]).await?;
        let Some(began) = parse_rfc3339(&status.uptime) else {
            let status = status.uptime;
            return Err(NoAnswer::Status { url, status });
        };
        let wall_ms = crate::clock::now().wall_ms;
        let mut run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        let known = run.filter(|run| run.began == began);
        let now = known.unwrap_or_else(|| Run::first_seen(began, wall_ms));
        *run = Some(now);
        Ok(now.age_ms())
    }
}

/// One run of Alertmanager, whose age goes on by the steady clock from when it was first seen: its own word is a time of
/// the wall clock, which may have been set since. A clock that was set before makes it too short or too long.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// When it began, milliseconds since the Unix epoch, as it says.
    began: i64,
    seen: Instant,
    age_then_ms: u64,
}

impl Run {
    fn first_seen(began: i64, wall_ms: i64) -> Self {
        Self {
            began,
            seen: Instant::now(),
            age_then_ms: u64::try_from(wall_ms.saturating_sub(began)).unwrap_or(0),
        }
    }

    fn age_ms(&self) -> u64 {
        let since = u64::try_from(self.seen.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.age_then_ms.saturating_add(since)
    }
}

/// A matcher of Alertmanager's API. In its quotes a backslash escapes itself, a quote and, as `n`, the end of a line
/// (prometheus/alertmanager, `matcher/parse`); all else stands for itself.
pub(super) fn equals(label: &str, value: &str) -> String {
    let value = value
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('\n', r"\n");
    format!("{label}=\"{value}\"")
}

/// A text as a regular expression (RE2) that matches it alone. Alertmanager anchors it.
fn escaped(text: &str) -> String {
    let mut pattern = String::new();
    for letter in text.chars() {
        if letter.is_ascii_punctuation() {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::{Run, equals, escaped};

    #[test]
    fn the_age_of_a_run_goes_on_from_when_it_was_first_seen() {
        let run = Run::first_seen(1_000, 61_000);
        assert!((60_000..70_000).contains(&run.age_ms()));
        let ahead = Run::first_seen(61_000, 1_000);
        assert!(ahead.age_ms() < 10_000, "its clock stood ahead of ours");
    }

    #[test]
    fn a_receivers_name_is_no_pattern() {
        assert_eq!(escaped("team-a.(b)"), r"team\-a\.\(b\)");
    }

    #[test]
    fn a_matcher_is_quoted_for_alertmanager_and_not_for_rust() {
        assert_eq!(equals("unit", "a.service"), r#"unit="a.service""#);
        assert_eq!(equals("unit", "a\u{ad}b"), "unit=\"a\u{ad}b\"");
        assert_eq!(equals("unit", "a\"\\\nb"), r#"unit="a\"\\\nb""#);
    }
}
