//! An alert, checked and bounded.

pub mod wire;

use crate::log::evidence::bytes;
use crate::log::{Moment, parse_rfc3339};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use wire::WireAlert;

/// The most labels an alert may carry.
pub const MAX_LABELS: usize = 256;
/// The most bytes of all its labels.
pub const MAX_LABEL_BYTES: usize = 64 * 1024;
/// The longest value in an alert's outline, in bytes; longer ones are cut.
const MAX_OUTLINE_BYTES: usize = 256;
/// The longest summary that is kept, in bytes; a longer one is cut.
pub const MAX_SUMMARY_BYTES: usize = 512;

/// Alertmanager's 64-bit hash of an alert's labels.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    /// Reads the 16 hexadecimal digits of the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // `from_str_radix` would take a sign as well.
        if text.len() != 16 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        u64::from_str_radix(text, 16).ok().map(Self)
    }

    /// The hash that Prometheus' `model.LabelSet.Fingerprint` gives: FNV-1a over the sorted
    /// labels, each name and value followed by the byte 0xFF.
    #[must_use]
    pub fn of_labels(labels: &BTreeMap<String, String>) -> Self {
        let mut hash = Fnv::new();
        for (name, value) in labels {
            hash.write(name.as_bytes());
            hash.write(&[0xff]);
            hash.write(value.as_bytes());
            hash.write(&[0xff]);
        }
        Self(hash.0)
    }
}

/// FNV-1a, 64 bits: stable across versions and hosts, unlike the standard library's hasher.
pub(crate) struct Fnv(u64);

impl Fnv {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

impl Fnv {
    pub(crate) fn finish(&self) -> u64 {
        self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is not 16 hexadecimal digits"))
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> String {
        fingerprint.to_string()
    }
}

/// Whether the fault is there or over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertStatus {
    /// The fault is there.
    Firing,
    /// The fault is over.
    Resolved,
}

/// An alert as the decisions see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The label `alertname`.
    pub name: String,
    /// Firing or resolved.
    pub status: AlertStatus,
    /// All labels.
    pub labels: BTreeMap<String, String>,
    /// The annotation `summary`, cut to a bound.
    #[serde(default)]
    pub summary: String,
    /// When it began, milliseconds since the Unix epoch; the time of receipt when not said.
    pub starts_ms: i64,
    /// The hash of all labels.
    pub fingerprint: Fingerprint,
}

/// Why one alert of a payload was not taken. The payload's other alerts are not touched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAlert {
    /// The alert's JSON does not have the form of an alert.
    #[error("not an alert: {0}")]
    Form(String),
    /// A status other than the two.
    #[error("status `{0}` is neither firing nor resolved")]
    Status(String),
    /// No `alertname`.
    #[error("the label alertname is absent or empty")]
    NoName,
    /// Too many labels.
    #[error("{0} labels; at most {MAX_LABELS} are taken")]
    TooManyLabels(usize),
    /// Labels beyond the bound.
    #[error("labels of {0} bytes; at most {MAX_LABEL_BYTES} are taken")]
    LongLabels(usize),
    /// `fingerprint` in another form than Alertmanager's.
    #[error("fingerprint `{0}` is not 16 hexadecimal digits")]
    Fingerprint(String),
    /// `startsAt` that is no time.
    #[error("startsAt `{0}` is not an RFC 3339 time")]
    StartsAt(String),
}

fn cut(text: &str, bytes: usize) -> String {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

impl Alert {
    /// Checks one alert of a payload.
    ///
    /// An alert without a fingerprint was posted by hand: its fingerprint is computed here.
    ///
    /// # Errors
    /// When it lacks a name or status, or goes beyond a bound.
    pub fn parse(json: &str, received: &Moment) -> Result<Self, BadAlert> {
        let wire =
            serde_json::from_str(json).map_err(|e| BadAlert::Form(cut(&e.to_string(), 200)))?;
        Self::check(wire, received)
    }

    /// Checks one alert, as [`Alert::parse`].
    ///
    /// # Errors
    /// When it lacks a name, or goes beyond a bound.
    pub fn check(wire: WireAlert, received: &Moment) -> Result<Self, BadAlert> {
        let status = match wire.status.as_str() {
            "firing" => AlertStatus::Firing,
            "resolved" => AlertStatus::Resolved,
            other => return Err(BadAlert::Status(cut(other, 40))),
        };
        if wire.labels.len() > MAX_LABELS {
            return Err(BadAlert::TooManyLabels(wire.labels.len()));
        }
        let size = bytes(&wire.labels);
        if size > MAX_LABEL_BYTES {
            return Err(BadAlert::LongLabels(size));
        }
        let name = wire.labels.get("alertname").cloned().unwrap_or_default();
        if name.is_empty() {
            return Err(BadAlert::NoName);
        }
        let starts_ms = match wire.starts_at.as_deref() {
            None | Some("") => received.wall_ms,
            Some(text) if text.starts_with("0001-01-01T00:00:00") => received.wall_ms,
            Some(text) => parse_rfc3339(text).ok_or_else(|| BadAlert::StartsAt(cut(text, 40)))?,
        };
        let fingerprint = match wire.fingerprint.as_deref() {
            None | Some("") => Fingerprint::of_labels(&wire.labels),
            Some(text) => {
                Fingerprint::parse(text).ok_or_else(|| BadAlert::Fingerprint(cut(text, 40)))?
            }
        };
        let annotations = wire.annotations.unwrap_or_default();
        let summary = match annotations.summary {
            None | Some(serde_json::Value::Null) => String::new(),
            Some(serde_json::Value::String(text)) => cut(&text, MAX_SUMMARY_BYTES),
            Some(other) => cut(&other.to_string(), MAX_SUMMARY_BYTES),
        };
        Ok(Self {
            name,
            status,
            summary,
            labels: wire.labels,
            starts_ms,
            fingerprint,
        })
    }

    /// The alert with what it is about and nothing else, which takes little room.
    #[must_use]
    pub fn outline(&self) -> Self {
        let about = ["alertname", "host", "unit"];
        let kept = self
            .labels
            .iter()
            .filter(|(name, _)| about.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), cut(value, MAX_OUTLINE_BYTES)));
        Self {
            name: cut(&self.name, MAX_OUTLINE_BYTES),
            labels: kept.collect(),
            summary: String::new(),
            ..*self
        }
    }

    /// The number of the alert's episode: its fingerprint and its start. Alertmanager sends at least
    /// once and says of the same episode that it fires, is over and fires again, so an episode that was
    /// seen before is no proof of anything new.
    #[must_use]
    pub fn episode(&self) -> Episode {
        Episode::of(self.fingerprint, self.starts_ms)
    }
}

/// One (fingerprint, startsAt) of an alert, as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Episode(pub i64);

impl Episode {
    /// The episode of the alert with this fingerprint that began then.
    #[must_use]
    pub fn of(fingerprint: Fingerprint, starts_ms: i64) -> Self {
        let mut hash = Fnv::new();
        hash.write(&fingerprint.0.to_le_bytes());
        hash.write(&starts_ms.to_le_bytes());
        Self(hash.0.cast_signed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment {
        wall_ms: 1_700_000_000_000,
        boot_ms: 1_000,
        boot_id: 7,
    };

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn a_post_by_hand_gets_a_fingerprint_and_the_time_of_receipt() {
        let json =
            r#"{"status":"firing","labels":{"alertname":"HighErrorRate","severity":"critical"}}"#;
        let alert = Alert::parse(json, &NOW).unwrap();
        assert_eq!(alert.starts_ms, NOW.wall_ms);
        assert_eq!(alert.fingerprint, Fingerprint::of_labels(&alert.labels));
    }

    #[test]
    fn what_is_not_used_sinks_no_alert() {
        let parse = |rest: &str| {
            let json = format!(r#"{{"status":"firing","labels":{{"alertname":"A"}}{rest}}}"#);
            Alert::parse(&json, &NOW).expect("it is taken")
        };
        for (annotations, summary) in [
            ("null", ""),
            (r#"{"summary":null}"#, ""),
            (r#"{"summary":7,"other":[1]}"#, "7"),
            (r#"{"summary":"it is bad","value":0.5}"#, "it is bad"),
        ] {
            let alert = parse(&format!(r#","annotations":{annotations}"#));
            assert_eq!(alert.summary, summary, "{annotations}");
        }
        let zoned = parse(r#","startsAt":"2023-11-14T23:13:20+0100""#);
        assert_eq!(zoned.starts_ms, NOW.wall_ms);
    }

    #[test]
    fn the_fingerprint_is_prometheus_own() {
        // An empty label set hashes to FNV-1a's offset basis, as in prometheus/common.
        assert_eq!(
            Fingerprint::of_labels(&BTreeMap::new()).to_string(),
            "cbf29ce484222325"
        );
        assert_ne!(
            Fingerprint::of_labels(&labels(&[("a", "bc")])),
            Fingerprint::of_labels(&labels(&[("ab", "c")]))
        );
    }

    #[test]
    fn a_resend_and_a_resolution_are_of_the_same_episode_and_another_start_is_not() {
        let json = |status: &str, start: &str| {
            format!(
                r#"{{"status":"{status}","labels":{{"alertname":"A"}},"startsAt":"{start}","fingerprint":"00000000000000ff","unknown":1}}"#
            )
        };
        let first = Alert::parse(&json("firing", "2026-01-01T00:00:00Z"), &NOW).unwrap();
        let again = Alert::parse(&json("firing", "2026-01-01T00:00:00Z"), &NOW).unwrap();
        let over = Alert::parse(&json("resolved", "2026-01-01T00:00:00Z"), &NOW).unwrap();
        let later = Alert::parse(&json("firing", "2026-01-01T00:05:00Z"), &NOW).unwrap();
        assert_eq!(first.episode(), again.episode());
        assert_eq!(first.episode(), over.episode());
        assert_ne!(first.episode(), later.episode());
    }

    #[test]
    fn each_fault_of_form_is_named() {
        let parse = |json: &str| Alert::parse(json, &NOW).unwrap_err();
        assert!(matches!(parse("{}"), BadAlert::Form(_)));
        assert!(matches!(
            parse(r#"{"status":"x","labels":{}}"#),
            BadAlert::Status(_)
        ));
        assert_eq!(
            parse(r#"{"status":"firing","labels":{"a":"b"}}"#),
            BadAlert::NoName
        );
        let labels = |count: usize, bytes: usize| {
            let label = |n: usize| format!(r#","x{n:03}":"{}""#, "y".repeat(bytes));
            let more: String = (0..count).map(label).collect();
            format!(r#"{{"status":"firing","labels":{{"alertname":"A"{more}}}}}"#)
        };
        assert_eq!(parse(&labels(1, 65_523)), BadAlert::LongLabels(65_537));
        assert_eq!(parse(&labels(256, 1)), BadAlert::TooManyLabels(257));
        for (count, bytes) in [(1, 65_522), (255, 200)] {
            let taken = Alert::parse(&labels(count, bytes), &NOW).expect("it is taken");
            assert_eq!(taken.labels.len(), count + 1);
        }
        for print in ["zz", "+00000000000000f", "00000000000000000"] {
            let json = format!(
                r#"{{"status":"firing","labels":{{"alertname":"A"}},"fingerprint":"{print}"}}"#
            );
            assert_eq!(parse(&json), BadAlert::Fingerprint(print.to_owned()));
        }
    }

    #[test]
    fn a_summary_is_cut_at_a_character() {
        assert_eq!(cut("äöü", 3), "ä");
    }
}
