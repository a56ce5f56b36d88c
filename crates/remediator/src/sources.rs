//! What Alertmanager and Prometheus say of an incident's alerts, and the log store of our own lines: one file per service
//! that is asked.

mod alertmanager;
mod logs;
mod once;
mod prometheus;

pub use logs::{LogStore, StoreKind};

use alertmanager::{Alertmanager, Listed, equals};
use homeostat_policy::alert::Fingerprint;
use homeostat_policy::alert::wire::WireAlert;
use homeostat_policy::machine::{Look, Question};
use homeostat_policy::observation::{AlertState, Fact, HeldAlert};
use homeostat_policy::unit::UnitName;
use once::Once;
use prometheus::{AlertRule, Prometheus};
use reqwest::Client;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(3);
/// The most bytes of an answer.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// Asks Alertmanager and Prometheus.
pub struct Witnesses {
    alertmanager: Alertmanager,
    prometheus: Prometheus,
    listed: Once<Vec<String>, Fact<Arc<Vec<Listed>>>>,
    up_ms: Once<(), Fact<u64>>,
    rules: Once<String, Fact<Arc<Vec<AlertRule>>>>,
    proofs: Once<String, Fact<bool>>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// The request failed.
    #[error("{url}: {source}")]
    Request {
        /// What was asked.
        url: String,
        /// The cause.
        source: reqwest::Error,
    },
    /// The answer is none.
    #[error("{url}: answered {status}")]
    Status {
        /// What was asked.
        url: String,
        /// What it said.
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

impl Witnesses {
    /// A client for the two base URLs, with a time limit on every question.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(alertmanager: &str, prometheus: &str) -> Result<Self, reqwest::Error> {
        let client = Client::builder().timeout(LIMIT).build()?;
        Ok(Self {
            alertmanager: Alertmanager::new(client.clone(), alertmanager),
            prometheus: Prometheus {
                client,
                url: prometheus.to_owned(),
            },
            listed: Once::default(),
            up_ms: Once::default(),
            rules: Once::default(),
            proofs: Once::default(),
        })
    }

    /// Asks all that a look wants to know, all side by side, and each once for all looks that wait for it.
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
                    self.listed(filters.to_vec()).await
                }
                None => Fact::Unknown,
            }
        };
        let (held, rules, proofs, of_unit, alertmanager_up_ms) = tokio::join!(
            each(&names, |name| self.listed(vec![equals("alertname", name)])),
            each(&names, |name| self.alert_rules(name.to_owned())),
            each(&proofs, |query| self.is_positive(query.to_owned())),
            of_unit,
            self.up_ms(),
        );
        let alert = |question: &Question| {
            let mut state = rules[question.name.as_str()]
                .known()
                .map_or_else(AlertState::default, |rules| {
                    prometheus::judge(rules, question)
                });
            state.in_alertmanager = match &held[question.name.as_str()] {
                Fact::Known(held) => Fact::Known(held.iter().any(|alert| match question.is_any {
                    true => question.agrees(&alert.labels),
                    false => alert.fingerprint == question.fingerprint,
                })),
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
            alertmanager_up_ms,
        }
    }

    /// The alerts of a unit that Alertmanager tells a receiver.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn told(
        &self,
        receiver: &str,
        host: &str,
        unit: &UnitName,
    ) -> Result<Vec<WireAlert>, NoAnswer> {
        self.alertmanager.told(receiver, host, unit).await
    }

    async fn listed(&self, filters: Vec<String>) -> Fact<Arc<Vec<Listed>>> {
        let asked = self.alertmanager.clone();
        let question = move |filters: Vec<String>| {
            let asked = asked.clone();
            async move { fact(asked.listed(&filters).await.map(Arc::new)) }
        };
        self.listed.ask(filters, question).await
    }

    async fn up_ms(&self) -> Fact<u64> {
        let asked = self.alertmanager.clone();
        let question = move |()| {
            let asked = asked.clone();
            async move { fact(asked.up_ms().await) }
        };
        self.up_ms.ask((), question).await
    }

    async fn alert_rules(&self, name: String) -> Fact<Arc<Vec<AlertRule>>> {
        let asked = self.prometheus.clone();
        let question = move |name: String| {
            let asked = asked.clone();
            async move { fact(asked.alert_rules(&name).await.map(Arc::new)) }
        };
        self.rules.ask(name, question).await
    }

    async fn is_positive(&self, query: String) -> Fact<bool> {
        let asked = self.prometheus.clone();
        let question = move |query: String| {
            let asked = asked.clone();
            async move { fact(asked.is_positive(&query).await) }
        };
        self.proofs.ask(query, question).await
    }
}

async fn get<T: DeserializeOwned, V: AsRef<str>>(
    client: &Client,
    url: &str,
    query: &[(&str, V)],
) -> Result<T, NoAnswer> {
    parse(url, &body(client, url, query).await?)
}

fn parse<T: DeserializeOwned>(url: &str, body: &[u8]) -> Result<T, NoAnswer> {
    serde_json::from_slice(body).map_err(|error| NoAnswer::Status {
        url: url.to_owned(),
        status: format!("in a form that is not known: {error}"),
    })
}

async fn body<V: AsRef<str>>(
    client: &Client,
    url: &str,
    query: &[(&str, V)],
) -> Result<Vec<u8>, NoAnswer> {
    let query: Vec<_> = query.iter().map(|(key, v)| (*key, v.as_ref())).collect();
    let failed = |source| NoAnswer::Request {
        url: url.to_owned(),
        source,
    };
    let sent = client.get(url).query(&query).send().await;
    let mut answer = sent
        .and_then(reqwest::Response::error_for_status)
        .map_err(failed)?;
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(failed)? {
        body.extend_from_slice(&part);
        if body.len() > MOST_BYTES {
            let status = format!("with more than {MOST_BYTES} bytes");
            let url = url.to_owned();
            return Err(NoAnswer::Status { url, status });
        }
    }
    Ok(body)
}

/// Asks about each, all at once.
async fn each<'a, T, F>(all: &BTreeSet<&'a str>, ask: impl Fn(&'a str) -> F) -> BTreeMap<&'a str, T>
where
    F: Future<Output = T>,
{
    let answers = futures_util::future::join_all(all.iter().map(|one| ask(one))).await;
    all.iter().copied().zip(answers).collect()
}

fn fact<T>(result: Result<T, NoAnswer>) -> Fact<T> {
    if let Err(error) = &result {
        tracing::debug!(%error, "a witness does not answer");
    }
    result.into()
}
