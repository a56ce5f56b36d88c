//! Alertmanager's webhook payload, version 4, as it is sent.
//!
//! Read at Alertmanager 0.34 (`notify/webhook`, `template.Data`). The wire is
//! taken tolerantly: unknown fields are ignored and absent ones allowed, and
//! each alert is read by itself, so that a bad one never sinks the others.

use serde::Deserialize;
use std::collections::BTreeMap;

/// The payload around the alerts.
#[derive(Debug, Deserialize)]
pub struct Webhook<'a> {
    /// Each alert as the text it came in.
    #[serde(borrow)]
    pub alerts: Vec<&'a serde_json::value::RawValue>,
    /// How many alerts Alertmanager left out (`max_alerts`).
    #[serde(default, rename = "truncatedAlerts")]
    pub truncated_alerts: Option<u64>,
}

/// What is used of an alert's annotations; a hand-made one need not be text.
#[derive(Debug, Default, Deserialize)]
pub struct Annotations {
    /// The annotation `summary`.
    #[serde(default)]
    pub summary: Option<serde_json::Value>,
}

/// One alert of the payload.
#[derive(Debug, Deserialize)]
pub struct WireAlert {
    /// `firing` or `resolved`.
    pub status: String,
    /// The alert's labels, `alertname` among them.
    pub labels: BTreeMap<String, String>,
    /// Texts for people.
    #[serde(default)]
    pub annotations: Option<Annotations>,
    /// When the alert began, RFC 3339; Go's zero time means not set.
    #[serde(default, rename = "startsAt")]
    pub starts_at: Option<String>,
    /// Alertmanager's hash of all labels, 16 hexadecimal digits. A post by hand has none.
    #[serde(default)]
    pub fingerprint: Option<String>,
}
