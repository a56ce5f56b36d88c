//! What Alertmanager and Prometheus say of an incident's alerts.
//!
//! Protocol: Alertmanager API v2 `GET /api/v2/alerts` and `GET /api/v2/status` (read at 0.34), and
//! Prometheus `GET /api/v1/rules`, `GET /api/v1/query` (read at 3.14).

use homeostat_policy::alert::Fingerprint;
use homeostat_policy::log::{Moment, parse_rfc3339};
use homeostat_policy::machine::{Look, Question};
use homeostat_policy::observation::{AlertState, Fact, HeldAlert};
use reqwest::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
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

/// What the witnesses answered to one look.
#[derive(Debug, Default)]
pub struct Answers {
    /// Each alert that was asked for.
    pub alerts: BTreeMap<Fingerprint, AlertState>,
    /// All alerts about the look's host and unit that Alertmanager holds.
    pub of_unit: Fact<Vec<HeldAlert>>,
    /// For how long Alertmanager runs, in milliseconds.
    pub alertmanager_up_ms: Fact<u64>,
}

/// An alert as Alertmanager lists it.
#[derive(Deserialize)]
struct Listed {
    fingerprint: Fingerprint,
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Status {
    /// When it began, RFC 3339, though the field is called so.
    uptime: String,
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
    #[serde(default)]
    state: String,
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

    /// Asks all that a look wants to know, each question once and all side by side.
    pub async fn ask(&self, look: &Look) -> Answers {
        let names: BTreeSet<&str> = look.questions.iter().map(|q| q.name.as_str()).collect();
        let proofs: BTreeSet<&str> = look
            .questions
            .iter()
            .filter_map(|q| q.proof.as_deref())
            .collect();
        let of_unit = async {
            match &look.unit {
                Some(unit) => {
                    let filters = [equals("host", &look.host), equals("unit", unit.as_str())];
                    answer(self.listed(&filters).await)
                }
                None => Fact::Unknown,
            }
        };
        let (held, rules, proofs, of_unit, began) = tokio::join!(
            each(&names, |name| async move {
                answer(self.listed(&[equals("alertname", name)]).await)
            }),
            each(&names, |name| async move {
                answer(self.alert_rules(name).await)
            }),
            each(&proofs, |query| async move {
                answer(self.is_positive(query).await)
            }),
            of_unit,
            async { answer(self.began().await) },
        );
        let alert = |question: &Question| {
            let mut state = rules[question.name.as_str()]
                .known()
                .map_or_else(AlertState::default, |rules| judge(rules, question));
            state.in_alertmanager = match &held[question.name.as_str()] {
                Fact::Known(held) => {
                    Fact::Known(held.iter().any(|a| a.fingerprint == question.fingerprint))
                }
                Fact::Unknown => Fact::Unknown,
            };
            state.proof = question
                .proof
                .as_deref()
                .map_or(Fact::Known(true), |query| proofs[query]);
            (question.fingerprint, state)
        };
        Answers {
            alerts: look.questions.iter().map(alert).collect(),
            of_unit: match of_unit {
                Fact::Known(listed) => {
                    Fact::Known(listed.iter().map(|l| HeldAlert::of(&l.labels)).collect())
                }
                Fact::Unknown => Fact::Unknown,
            },
            alertmanager_up_ms: match began {
                Fact::Known(began) => Fact::Known(began.elapsed_ms()),
                Fact::Unknown => Fact::Unknown,
            },
        }
    }

    /// The alerts that Alertmanager holds, muted ones too: a silence or an inhibition is no recovery.
    async fn listed(&self, filters: &[String]) -> Result<Vec<Listed>, NoAnswer> {
        let url = format!("{}/api/v2/alerts", self.alertmanager);
        let query: Vec<_> = filters.iter().map(|f| ("filter", f.as_str())).collect();
        self.get(&url, &query).await
    }

    /// When Alertmanager began.
    async fn began(&self) -> Result<Began, NoAnswer> {
        let url = format!("{}/api/v2/status", self.alertmanager);
        let status: Status = self.get(&url, &[]).await?;
        parse_rfc3339(&status.uptime)
            .map(Began)
            .ok_or(NoAnswer::Status {
                url,
                status: status.uptime,
            })
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

/// A time of Alertmanager's clock, which is this host's or one that is kept by the same time,
/// in milliseconds since the Unix epoch.
struct Began(i64);

impl Began {
    /// How long that is ago. A clock that was set back makes it too short, which errs on the side of
    /// waiting.
    fn elapsed_ms(&self) -> u64 {
        let now: Moment = crate::clock::now();
        u64::try_from(now.wall_ms.saturating_sub(self.0)).unwrap_or(0)
    }
}

/// A matcher of Alertmanager's API. In its quotes a backslash escapes itself, a quote and, as `n`, the end of a line
/// (prometheus/alertmanager, `matcher/parse`); all else stands for itself.
fn equals(label: &str, value: &str) -> String {
    let value = value
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('\n', r"\n");
    format!("{label}=\"{value}\"")
}

/// Asks about each, all at once.
async fn each<'a, T, F>(all: &BTreeSet<&'a str>, ask: impl Fn(&'a str) -> F) -> BTreeMap<&'a str, T>
where
    F: Future<Output = T>,
{
    let answers = futures_util::future::join_all(all.iter().map(|one| ask(one))).await;
    all.iter().copied().zip(answers).collect()
}

fn answer<T>(result: Result<T, NoAnswer>) -> Fact<T> {
    if let Err(error) = &result {
        tracing::debug!(%error, "a witness does not answer");
    }
    result.into()
}

/// What our own rule says of one alert. A rule is ours when it writes every label that we write; a
/// stranger's of the same name says nothing.
fn judge(rules: &[AlertRule], question: &Question) -> AlertState {
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
    // Where both sides have a label it must be equal: series may add some, a relabelling take some.
    let is_meant = |alert: &&RuleAlert| {
        let agrees = |(name, value)| alert.labels.get(name).is_none_or(|own| own == value);
        question.labels.iter().all(agrees)
    };
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
