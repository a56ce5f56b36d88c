//! Alerts as Alertmanager would post them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What Alertmanager sends as the end of an alert that still fires: Go's zero time.
const NOT_ENDED: &str = "0001-01-01T00:00:00Z";

/// An endless supply of distinct alerts. Runs differ from each other too, by the start time in every `instance`.
#[derive(Debug)]
pub(super) struct Alerts {
    alertname: String,
    unit: Option<String>,
    per_post: u16,
    run: String,
    starts_at: String,
    next: AtomicU64,
}

/// Alertmanager's webhook form, version 4.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    version: &'static str,
    group_key: String,
    truncated_alerts: u64,
    status: &'static str,
    receiver: &'static str,
    group_labels: BTreeMap<&'static str, &'a str>,
    common_labels: BTreeMap<&'static str, &'a str>,
    common_annotations: BTreeMap<&'static str, &'static str>,
    #[serde(rename = "externalURL")]
    external_url: &'static str,
    alerts: Vec<Alert<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Alert<'a> {
    status: &'static str,
    labels: Labels<'a>,
    annotations: BTreeMap<&'static str, &'static str>,
    starts_at: &'a str,
    ends_at: &'static str,
    #[serde(rename = "generatorURL")]
    generator_url: &'static str,
    fingerprint: String,
}

/// In the order of their names, which is the order in which the fingerprint takes them.
#[derive(Serialize)]
struct Labels<'a> {
    alertname: &'a str,
    instance: String,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
}

impl Alerts {
    pub(super) fn new(
        alertname: &str,
        unit: Option<&str>,
        per_post: u16,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            alertname: alertname.to_owned(),
            unit: unit.map(str::to_owned),
            per_post,
            run: format!("{:x}", now.unix_timestamp_nanos() / 1_000_000),
            starts_at: now
                .format(&Rfc3339)
                .expect("invariant: the clock is between the years 0 and 9999"),
            next: AtomicU64::new(0),
        }
    }

    /// The body of a post with alerts that no other post has.
    pub(super) fn next_post(&self) -> Vec<u8> {
        let count = u64::from(self.per_post);
        let first = self.next.fetch_add(count, Ordering::Relaxed);
        let annotations =
            BTreeMap::from([("summary", "An alert of a load run: nothing is wrong.")]);
        let mut common_labels =
            BTreeMap::from([("alertname", self.alertname.as_str()), ("severity", "info")]);
        common_labels.extend(self.unit.as_deref().map(|unit| ("unit", unit)));
        let payload = Payload {
            version: "4",
            group_key: format!("{{}}:{{alertname={:?}}}", self.alertname),
            truncated_alerts: 0,
            status: "firing",
            receiver: "remediator",
            group_labels: BTreeMap::from([("alertname", self.alertname.as_str())]),
            common_labels,
            common_annotations: annotations.clone(),
            external_url: "http://127.0.0.1:9093",
            alerts: (first..first + count)
                .map(|number| self.alert(number, annotations.clone()))
                .collect(),
        };
        serde_json::to_vec(&payload).expect("invariant: a payload has string keys only")
    }

    fn alert(&self, number: u64, annotations: BTreeMap<&'static str, &'static str>) -> Alert<'_> {
        let labels = Labels {
            alertname: &self.alertname,
            instance: format!("load-{}-{number}", self.run),
            severity: "info",
            unit: self.unit.as_deref(),
        };
        Alert {
            status: "firing",
            fingerprint: format!("{:016x}", labels.fingerprint()),
            labels,
            annotations,
            starts_at: &self.starts_at,
            ends_at: NOT_ENDED,
            generator_url: "http://127.0.0.1:9090/graph",
        }
    }
}

impl Labels<'_> {
    fn fingerprint(&self) -> u64 {
        let fixed = [
            ("alertname", self.alertname),
            ("instance", &self.instance),
            ("severity", self.severity),
        ];
        fingerprint(
            fixed
                .into_iter()
                .chain(self.unit.map(|unit| ("unit", unit))),
        )
    }
}

/// The fingerprint of labels in the order of their names, as Prometheus and Alertmanager make it: 64-bit FNV-1a over
/// each name and value, a byte 0xff after each of them (prometheus/common, `model/signature.go`).
fn fingerprint<'a>(labels: impl Iterator<Item = (&'a str, &'a str)>) -> u64 {
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let separated = |text: &'a str| text.bytes().chain([0xff]);
    labels
        .flat_map(|(name, value)| separated(name).chain(separated(value)))
        .fold(OFFSET_BASIS, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(PRIME)
        })
}

#[cfg(test)]
mod tests {
    use super::{Alerts, fingerprint};
    use serde_json::Value;
    use std::collections::BTreeSet;
    use time::macros::datetime;

    fn alerts(unit: Option<&str>) -> Alerts {
        Alerts::new("LoadTest", unit, 3, datetime!(2026-01-02 03:04:05.678 UTC))
    }

    fn post(alerts: &Alerts) -> Value {
        serde_json::from_slice(&alerts.next_post()).unwrap()
    }

    #[test]
    fn fingerprints_are_those_of_prometheus() {
        assert_eq!(fingerprint(std::iter::empty()), 14_695_981_039_346_656_037);
        let labels = [("fear", "love is not enough"), ("name", "garland, briggs")];
        assert_eq!(fingerprint(labels.into_iter()), 5_799_056_148_416_392_346);
    }

    #[test]
    fn a_post_has_the_form_that_alertmanager_sends() {
        let post = post(&alerts(Some("shop.service")));
        assert_eq!(post["version"], "4");
        assert_eq!(post["groupKey"], "{}:{alertname=\"LoadTest\"}");
        assert_eq!(post["commonLabels"]["unit"], "shop.service");
        assert_eq!(post["externalURL"], "http://127.0.0.1:9093");
        let alert = &post["alerts"][0];
        assert_eq!(alert["status"], "firing");
        assert_eq!(alert["startsAt"], "2026-01-02T03:04:05.678Z");
        assert_eq!(alert["endsAt"], "0001-01-01T00:00:00Z");
        assert_eq!(alert["labels"]["alertname"], "LoadTest");
        assert_eq!(alert["labels"]["unit"], "shop.service");
        let labels = alert["labels"].as_object().unwrap();
        let sorted = labels
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
        assert_eq!(
            alert["fingerprint"],
            format!("{:016x}", fingerprint(sorted))
        );
    }

    #[test]
    fn without_a_unit_there_is_no_such_label() {
        let post = post(&alerts(None));
        assert_eq!(post["alerts"][0]["labels"].get("unit"), None);
        assert_eq!(post["commonLabels"].get("unit"), None);
    }

    #[test]
    fn every_alert_is_another() {
        let alerts = alerts(None);
        let mut seen = BTreeSet::new();
        for _ in 0..100 {
            for alert in post(&alerts)["alerts"].as_array().unwrap() {
                let fingerprint = alert["fingerprint"].as_str().unwrap();
                assert_eq!(fingerprint.len(), 16);
                seen.insert(fingerprint.to_owned());
            }
        }
        assert_eq!(seen.len(), 300);
    }
}
