//! Stand-ins for Alertmanager and Prometheus: alerts in memory, and answers that a test chooses.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use homeostat_policy::alert::Fingerprint;
use homeostat_policy::log::{parse_rfc3339, rfc3339};
use homeostat_remediator::clock;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;

pub type Labels = BTreeMap<String, String>;

/// What the two hold. Alertmanager's part is under `/am`, Prometheus' under `/prom`.
pub struct Book {
    /// Alerts in Alertmanager, each with the end of its validity.
    held: BTreeMap<Labels, Option<i64>>,
    /// Alerts that Prometheus has as active.
    active: BTreeSet<Labels>,
    /// Every alert that was posted to Alertmanager, oldest first.
    pub posts: Vec<Value>,
    /// How often Prometheus was asked for its rules.
    pub questions: usize,
    /// Whether Alertmanager takes and gives answers.
    pub alertmanager_is_up: bool,
    /// When the rules were last evaluated; `None` for right now.
    pub evaluated_ms: Option<i64>,
    /// What the proof query gives.
    pub proof: String,
    /// When Alertmanager began, milliseconds since the Unix epoch.
    pub began_ms: i64,
    /// The labels that rules write, by the alert's name; a rule without an entry writes `host` and
    /// `unit` of each alert.
    pub rule_labels: BTreeMap<String, Labels>,
    /// What Prometheus says of the health of its rules.
    pub health: &'static str,
}

/// The two servers.
#[derive(Clone)]
pub struct Witnesses {
    book: Arc<Mutex<Book>>,
    /// Whether Prometheus' answer about rules is sent; while not, the asker waits for an answer
    /// that was true when it asked.
    answers: watch::Sender<bool>,
    pub url: String,
}

impl Witnesses {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("loopback");
        let address = listener.local_addr().expect("bound");
        let book = Book {
            held: BTreeMap::new(),
            active: BTreeSet::new(),
            posts: Vec::new(),
            questions: 0,
            alertmanager_is_up: true,
            evaluated_ms: None,
            proof: "1".to_owned(),
            began_ms: 0,
            rule_labels: BTreeMap::new(),
            health: "ok",
        };
        let witnesses = Self {
            book: Arc::new(Mutex::new(book)),
            answers: watch::Sender::new(true),
            url: format!("http://{address}"),
        };
        let router = Router::new()
            .route("/am/api/v2/alerts", get(held).post(posted))
            .route("/am/api/v2/status", get(status))
            .route("/prom/api/v1/rules", get(rules))
            .route("/prom/api/v1/query", get(query))
            .with_state(witnesses.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        witnesses
    }

    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("no test panics with the lock")
    }

    /// The alert is true in Prometheus and held by Alertmanager.
    pub fn fire(&self, labels: &Labels) {
        let mut book = self.book();
        book.held.insert(labels.clone(), None);
        book.active.insert(labels.clone());
    }

    /// The alert is gone from Alertmanager.
    pub fn leave_alertmanager(&self, labels: &Labels) {
        self.book().held.remove(labels);
    }

    /// The alert is not true in Prometheus any more.
    pub fn leave_prometheus(&self, labels: &Labels) {
        self.book().active.remove(labels);
    }

    /// Makes Prometheus send its answers, or keep its askers waiting for them.
    pub fn answer(&self, answers: bool) {
        self.answers.send_replace(answers);
    }

    /// How many asked Prometheus and wait for its answer.
    pub fn waiting(&self) -> usize {
        self.answers.receiver_count()
    }

    /// The labels of the alerts of this name that stand in Alertmanager now.
    pub fn standing(&self, name: &str) -> Vec<Labels> {
        let book = self.book();
        let standing = book.held.iter().filter(|(_, end)| stands(**end));
        standing
            .map(|(labels, _)| labels.clone())
            .filter(|labels| labels["alertname"] == name)
            .collect()
    }

    /// How often an alert of this name was posted without an end.
    pub fn posts_of(&self, name: &str) -> usize {
        let book = self.book();
        let of_name = |post: &&Value| post["labels"]["alertname"] == name;
        let lasting = |post: &&Value| post["endsAt"].is_null();
        book.posts.iter().filter(of_name).filter(lasting).count()
    }
}

fn stands(end: Option<i64>) -> bool {
    end.is_none_or(|end| end > clock::now().wall_ms)
}

type Asked = Query<Vec<(String, String)>>;

async fn held(State(w): State<Witnesses>, asked: Asked) -> Result<Json<Value>, StatusCode> {
    let book = w.book();
    if !book.alertmanager_is_up {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let is_filter = |(key, _): &&(String, String)| key == "filter";
    let filters = asked.iter().filter(is_filter);
    let filters: Vec<&str> = filters.map(|(_, filter)| filter.as_str()).collect();
    let is_wanted = |labels: &Labels| {
        filters.iter().all(|filter| {
            let (name, value) = filter.split_once('=').expect("a matcher");
            let value = value.trim_matches('"');
            labels.get(name).is_some_and(|label| label == value)
        })
    };
    let alerts = book
        .held
        .iter()
        .filter(|(l, end)| stands(**end) && is_wanted(l));
    let view = |(labels, _): (&Labels, _)| {
        json!({ "labels": labels, "fingerprint": Fingerprint::of_labels(labels).to_string(),
                "startsAt": "2026-01-02T03:04:05.678Z", "annotations": { "summary": "it is bad" },
                "status": { "state": "active" } })
    };
    Ok(Json(alerts.map(view).collect()))
}

async fn status(State(w): State<Witnesses>) -> Result<Json<Value>, StatusCode> {
    let book = w.book();
    if !book.alertmanager_is_up {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    Ok(Json(
        json!({ "uptime": rfc3339(book.began_ms), "versionInfo": {} }),
    ))
}

async fn posted(State(w): State<Witnesses>, Json(alerts): Json<Vec<Value>>) -> StatusCode {
    let mut book = w.book();
    if !book.alertmanager_is_up {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    for alert in alerts {
        let labels = serde_json::from_value(alert["labels"].clone()).expect("labels");
        let end = alert["endsAt"].as_str().and_then(parse_rfc3339);
        book.held.insert(labels, end);
        book.posts.push(alert);
    }
    StatusCode::OK
}

async fn rules(State(w): State<Witnesses>, asked: Asked) -> Json<Value> {
    let name = asked.iter().find(|(key, _)| key == "rule_name[]");
    let answer = rules_now(&w, &name.expect("a rule is asked for").1);
    let mut answers = w.answers.subscribe();
    answers.wait_for(|answers| *answers).await.expect("lives");
    Json(answer)
}

/// One rule for each unit that an alert of this name could be about.
fn rules_now(w: &Witnesses, name: &str) -> Value {
    let mut book = w.book();
    book.questions += 1;
    let evaluated = book.evaluated_ms.unwrap_or_else(|| clock::now().wall_ms);
    let rule = |labels: &Labels| {
        let is_of = |alert: &&Labels| {
            let has = |(key, value): (&String, &String)| alert.get(key) == Some(value);
            alert["alertname"] == name && labels.iter().all(has)
        };
        let active: Vec<Value> = book
            .active
            .iter()
            .filter(is_of)
            .map(|labels| json!({ "labels": labels, "state": "firing" }))
            .collect();
        json!({ "name": name, "labels": labels, "health": book.health, "type": "alerting",
                "lastEvaluation": rfc3339(evaluated), "alerts": active })
    };
    let of = |unit: &str| {
        [("host", "h"), ("unit", unit)]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into()
    };
    let written = match book.rule_labels.get(name) {
        Some(labels) => vec![labels.clone()],
        None => vec![of(crate::world::API), of(crate::world::SHOP)],
    };
    let rules: Vec<Value> = written.iter().map(rule).collect();
    json!({ "status": "success", "data": { "groups": [ { "name": "g", "rules": rules } ] } })
}

async fn query(State(w): State<Witnesses>) -> Json<Value> {
    let result = json!([{ "metric": {}, "value": [0, w.book().proof] }]);
    Json(json!({ "status": "success", "data": { "resultType": "vector", "result": result } }))
}
