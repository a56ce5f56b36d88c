//! What our rules in Prometheus say.
//!
//! Protocol: Prometheus `GET /api/v1/rules`, `GET /api/v1/query` (read at 3.14).

use super::{NoAnswer, get};
use homeostat_policy::log::parse_rfc3339;
use homeostat_policy::machine::Question;
use homeostat_policy::observation::{AlertState, Fact};
use reqwest::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

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

#[derive(Debug, Deserialize)]
pub(super) struct AlertRule {
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    health: String,
    #[serde(default, rename = "lastEvaluation")]
    last_evaluation: String,
    #[serde(default)]
    alerts: Vec<RuleAlert>,
}

#[derive(Debug, Deserialize)]
struct RuleAlert {
    labels: BTreeMap<String, String>,
    #[serde(default)]
    state: String,
}

#[derive(Deserialize)]
struct QueryResult {
    #[serde(rename = "resultType")]
    kind: String,
    result: serde_json::Value,
}

/// Prometheus, to be asked.
#[derive(Debug, Clone)]
pub(super) struct Prometheus {
    pub(super) client: Client,
    /// Its base URL.
    pub(super) url: String,
}

impl Prometheus {
    /// The alerting rules of a name.
    pub(super) async fn alert_rules(&self, name: &str) -> Result<Vec<AlertRule>, NoAnswer> {
        let query = [("type", "alert"), ("rule_name[]", name)];
        let groups: RuleGroups = self.data("rules", &query).await?;
        Ok(groups.groups.into_iter().flat_map(|g| g.rules).collect())
    }

    /// Whether a query gives a value above zero.
    pub(super) async fn is_positive(&self, query: &str) -> Result<bool, NoAnswer> {
        let result: QueryResult = self.data("query", &[("query", query)]).await?;
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

    async fn data<T: DeserializeOwned>(
        &self,
        endpoint: &str,
        query: &[(&str, &str)],
    ) -> Result<T, NoAnswer> {
        let url = format!("{}/api/v1/{endpoint}", self.url);
        let answer: Answer<T> = get(&self.client, &url, query).await?;
        let status = answer.status;
        answer.data.ok_or(NoAnswer::Status { url, status })
    }
}

/// What our own rule says of one alert. A rule is ours when it writes every label that we write; a
/// stranger's of the same name says nothing.
pub(super) fn judge(rules: &[AlertRule], question: &Question) -> AlertState {
    let is_ours = |rule: &&AlertRule| {
        let label = |name: &String| rule.labels.get(name);
        question
            .own
            .iter()
            .all(|(name, value)| label(name) == Some(value))
    };
    let ours: Vec<&AlertRule> = rules.iter().filter(is_ours).collect();
    let mut state = AlertState {
        in_prometheus: Fact::Known(None),
        has_namesake: !rules.is_empty() && ours.is_empty(),
        ..AlertState::default()
    };
    // Series may add labels, and a relabelling take some.
    let is_meant = |alert: &&RuleAlert| question.agrees(&alert.labels);
    for rule in ours {
        // One that was never evaluated is `unknown`, one that fails is `err`.
        let (true, Some(evaluated)) = (rule.health == "ok", parse_rfc3339(&rule.last_evaluation))
        else {
            state.in_prometheus = Fact::Unknown;
            return state;
        };
        state.evaluated_ms = Some(state.evaluated_ms.map_or(evaluated, |at| at.min(evaluated)));
        let meant = || rule.alerts.iter().filter(is_meant);
        let was_active = matches!(state.in_prometheus, Fact::Known(Some(true)));
        state.in_prometheus = Fact::Known(Some(was_active || meant().next().is_some()));
        state.fires |= meant().any(|alert| alert.state == "firing");
    }
    state
}

#[cfg(test)]
mod tests;
