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
    pub(super) client: Client,
    /// Its base URL.
    pub(super) url: String,
}

impl Alertmanager {
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

    /// For how long it runs, in milliseconds. Its clock is this host's or one that is kept by the same time; one that
    /// was set back makes it too short, which errs on the side of waiting.
    pub(super) async fn up_ms(&self) -> Result<u64, NoAnswer> {
        let url = format!("{}/api/v2/status", self.url);
        let status: Status = get::<_, &str>(&self.client, &url, &[]).await?;
        let Some(began) = parse_rfc3339(&status.uptime) else {
            let status = status.uptime;
            return Err(NoAnswer::Status { url, status });
        };
        let now = crate::clock::now().wall_ms;
        Ok(u64::try_from(now.saturating_sub(began)).unwrap_or(0))
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
    use super::{equals, escaped};

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
