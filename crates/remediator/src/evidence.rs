//! What Alertmanager and Prometheus say of an incident's alerts.
//!
//! Protocol: Alertmanager API v2 `GET /api/v2/alerts` (read at 0.34), and
//! Prometheus `GET /api/v1/rules`, `GET /api/v1/query` (read at 3.14).

use homeostat_policy::alert::{Fingerprint, Source};
use homeostat_policy::incident::{Evidence, Incident};
use homeostat_policy::moment::parse_rfc3339;
use homeostat_policy::observation::{AlertState, Fact};
use homeostat_policy::rules::Rules;
use reqwest::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Asks Alertmanager and Prometheus.
pub struct Witnesses {
    client: Client,
    alertmanager: String,
    prometheus: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// The request failed, or the answer was not of the documented form.
    #[error("{url}: {source}")]
    Request {
        /// What was asked.
        url: String,
        /// The cause.
        source: reqwest::Error,
    },
    /// Prometheus answered with an error of its own.
    #[error("{url}: answered {status}")]
    Status {
        /// What was asked.
        url: String,
        /// Its word.
        status: String,
    },
}

#[derive(Deserialize)]
struct HeldAlert {
    fingerprint: Fingerprint,
}

#[derive(Deserialize)]
struct Answer<T> {
    status: String,
    data: Option<T>,
}

#[derive(Deserialize)]
struct RuleGroups {
    groups: Vec<RuleGroup>,
}

#[derive(Deserialize)]
struct RuleGroup {
    rules: Vec<AlertRule>,
}

#[derive(Deserialize)]
struct AlertRule {
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    health: String,
    #[serde(default, rename = "lastEvaluation")]
    last_evaluation: String,
    #[serde(default)]
    alerts: Vec<RuleAlert>,
}

#[derive(Deserialize)]
struct RuleAlert {
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct QueryResult {
    #[serde(rename = "resultType")]
    kind: String,
    result: serde_json::Value,
}

impl Witnesses {
    /// A client for the two base URLs, with a time limit on every question.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(alertmanager: &str, prometheus: &str) -> Result<Self, reqwest::Error> {
        Ok(Self {
            client: Client::builder().timeout(Duration::from_secs(3)).build()?,
            alertmanager: alertmanager.to_owned(),
            prometheus: prometheus.to_owned(),
        })
    }

    /// The state of each of the incident's alerts that Alertmanager sent and that is live, or, for
    /// a verdict, of all of them.
    pub async fn ask(
        &self,
        incident: &Incident,
        rules: &Rules,
        also_cleared: bool,
    ) -> BTreeMap<Fingerprint, AlertState> {
        let asked: Vec<(Fingerprint, &Evidence)> = incident
            .evidence
            .iter()
            .filter(|(_, e)| e.source == Source::Alertmanager)
            .filter(|(_, e)| also_cleared || e.cleared.is_none())
            .map(|(f, e)| (*f, e))
            .collect();
        let names: BTreeSet<&str> = asked.iter().map(|(_, e)| e.name.as_str()).collect();
        let mut states = BTreeMap::new();
        for name in names {
            let held = answer(self.held(name).await);
            let known = answer(self.alert_rules(name).await);
            for (fingerprint, evidence) in asked.iter().filter(|(_, e)| e.name == name) {
                let mut state = known
                    .known()
                    .map_or_else(AlertState::default, |known| judge(known, evidence));
                state.in_alertmanager = match &held {
                    Fact::Known(held) => Fact::Known(held.contains(fingerprint)),
                    Fact::Unknown => Fact::Unknown,
                };
                state.proof = self.proof(evidence, rules).await;
                states.insert(*fingerprint, state);
            }
        }
        states
    }

    async fn proof(&self, evidence: &Evidence, rules: &Rules) -> Fact<bool> {
        match rules.rule(&evidence.rule).and_then(|r| r.proof.as_deref()) {
            None => Fact::Known(true),
            Some(query) => answer(self.is_positive(query).await),
        }
    }

    /// The fingerprints of the alerts of this name that Alertmanager holds, muted ones too: a
    /// silence or an inhibition is no recovery.
    async fn held(&self, name: &str) -> Result<BTreeSet<Fingerprint>, NoAnswer> {
        let url = format!("{}/api/v2/alerts", self.alertmanager);
        let filter = format!("alertname={name:?}");
        let alerts: Vec<HeldAlert> = self.get(&url, &[("filter", &filter)]).await?;
        Ok(alerts.into_iter().map(|alert| alert.fingerprint).collect())
    }

    async fn alert_rules(&self, name: &str) -> Result<Vec<AlertRule>, NoAnswer> {
        let url = format!("{}/api/v1/rules", self.prometheus);
        let groups: RuleGroups = self
            .prometheus_get(&url, &[("type", "alert"), ("rule_name[]", name)])
            .await?;
        Ok(groups.groups.into_iter().flat_map(|g| g.rules).collect())
    }

    async fn is_positive(&self, query: &str) -> Result<bool, NoAnswer> {
        let url = format!("{}/api/v1/query", self.prometheus);
        let result: QueryResult = self.prometheus_get(&url, &[("query", query)]).await?;
        let samples: Vec<&serde_json::Value> = match result.kind.as_str() {
            "vector" => result
                .result
                .as_array()
                .map(|series| series.iter().map(|s| &s["value"][1]).collect())
                .unwrap_or_default(),
            _ => vec![&result.result[1]],
        };
        let value = |sample: &&serde_json::Value| sample.as_str()?.parse::<f64>().ok();
        Ok(samples.iter().filter_map(value).any(|v| v > 0.0))
    }

    async fn prometheus_get<T: DeserializeOwned>(
        &self,
        url: &str,
        query: &[(&str, &str)],
    ) -> Result<T, NoAnswer> {
        let answer: Answer<T> = self.get(url, query).await?;
        answer.data.ok_or_else(|| NoAnswer::Status {
            url: url.to_owned(),
            status: answer.status,
        })
    }

    async fn get<T: DeserializeOwned>(
        &self,
        url: &str,
        query: &[(&str, &str)],
    ) -> Result<T, NoAnswer> {
        let request = async {
            self.client
                .get(url)
                .query(query)
                .send()
                .await?
                .error_for_status()?
                .json()
                .await
        };
        request.await.map_err(|source| NoAnswer::Request {
            url: url.to_owned(),
            source,
        })
    }
}

fn answer<T>(result: Result<T, NoAnswer>) -> Fact<T> {
    if let Err(error) = &result {
        tracing::debug!(%error, "a witness does not answer");
    }
    result.into()
}

/// What the rules of the alert's name say of this one alert. The rule's own labels choose among
/// several rules of one name.
fn judge(rules: &[AlertRule], evidence: &Evidence) -> AlertState {
    let is_within = |labels: &BTreeMap<String, String>| {
        labels
            .iter()
            .all(|(name, value)| evidence.labels.get(name) == Some(value))
    };
    let mut state = AlertState {
        in_prometheus: Fact::Known(None),
        ..AlertState::default()
    };
    let mut is_active = None;
    for rule in rules.iter().filter(|rule| is_within(&rule.labels)) {
        if rule.health != "ok" {
            state.in_prometheus = Fact::Unknown;
            return state;
        }
        let evaluated = parse_rfc3339(&rule.last_evaluation);
        state.evaluated_ms = match (state.evaluated_ms, evaluated) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let active = rule.alerts.iter().any(|alert| is_within(&alert.labels));
        is_active = Some(is_active.unwrap_or(false) || active);
    }
    state.in_prometheus = Fact::Known(is_active);
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_policy::moment::Moment;

    fn rule(json: &str) -> AlertRule {
        serde_json::from_str(json).unwrap()
    }

    fn evidence() -> Evidence {
        let labels = [
            ("alertname", "HighErrorRate"),
            ("unit", "a.service"),
            ("extra", "x"),
        ];
        Evidence {
            name: "HighErrorRate".to_owned(),
            labels: labels
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
            source: Source::Alertmanager,
            rule: "r".to_owned(),
            seen: Moment {
                wall_ms: 0,
                boot_ms: 0,
                boot_id: 0,
            },
            cleared: None,
        }
    }

    #[test]
    fn the_rules_own_labels_choose_and_a_pending_alert_is_active() {
        let ours = rule(
            r#"{"labels":{"unit":"a.service"},"health":"ok","lastEvaluation":"2026-01-01T00:00:00Z",
                "alerts":[{"labels":{"alertname":"HighErrorRate","unit":"a.service"},"state":"pending"}]}"#,
        );
        let other = rule(
            r#"{"labels":{"unit":"b.service"},"health":"err","lastEvaluation":"x","alerts":[]}"#,
        );
        let state = judge(&[ours, other], &evidence());
        assert!(state.in_prometheus.is(Some(true)));
        assert_eq!(state.evaluated_ms, Some(1_767_225_600_000));
    }

    #[test]
    fn no_rule_is_neither_firing_nor_quiet() {
        assert!(judge(&[], &evidence()).in_prometheus.is(None));
    }

    #[test]
    fn a_rule_that_cannot_be_evaluated_tells_nothing() {
        let broken = rule(r#"{"labels":{"unit":"a.service"},"health":"err","alerts":[]}"#);
        assert_eq!(judge(&[broken], &evidence()).in_prometheus, Fact::Unknown);
    }
}
