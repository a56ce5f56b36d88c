//! A host for one test: its rules, its scripted systemd, its witnesses, its event log; and the
//! daemon, which can be killed and started again on the same log.

use crate::scripted_systemd::ScriptedSystemd;
use crate::witnesses::{Labels, Witnesses};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use homeostat_policy::alert::Fingerprint;
use homeostat_remediator::clock::Clock;
use homeostat_remediator::config::{Config, Tokens};
use homeostat_remediator::engine::Engine;
use homeostat_remediator::metrics::Metrics;
use homeostat_remediator::store::{Store, StoreError};
use homeostat_remediator::{http, pager, sources};
use homeostat_telemetry::PastTraces;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tower::ServiceExt;

pub const API: &str = "homeostat-api.service";
pub const SHOP: &str = "shop.service";
pub const ALERTMANAGER: &str = "alertmanager-token-of-32-characters";
pub const OPERATOR: &str = "operator-token-of-at-least-32-characters";
/// The post that the README tells people to try.
pub const BY_HAND: &str = r#"{"alerts":[{"status":"firing","labels":{"alertname":"HighErrorRate","severity":"critical"}}]}"#;

/// Longer than any wait that is part of the daemon's work: an unfinished call is examined for 30 seconds.
const LONGEST: Duration = Duration::from_secs(90);

/// Waits until the condition holds. Every wait of these tests ends well within the bound.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let end = tokio::time::timeout(LONGEST, wait).await;
    assert!(end.is_ok(), "waited in vain until {what}");
}

/// The labels of an alert about a unit of this host.
pub fn labels(name: &str, unit: &str) -> Labels {
    let pairs = [("alertname", name), ("host", "h"), ("unit", unit)];
    pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).into()
}

/// An alert as Alertmanager sends it.
pub fn alert(status: &str, labels: &Labels) -> Value {
    json!({ "status": status, "labels": labels, "annotations": { "summary": "it is bad" },
            "startsAt": "2026-01-02T03:04:05.678Z", "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": Fingerprint::of_labels(labels).to_string(), "generatorURL": "" })
}

/// A post of alerts.
pub fn payload(alerts: &[Value]) -> String {
    json!({ "version": "4", "receiver": "remediator", "alerts": alerts }).to_string()
}

/// A rule for an alert about a unit.
fn rule(alert: &str, unit: &str, ladder: &[&str]) -> Value {
    json!({ "name": format!("{unit}/{alert}"), "alert": alert, "unit": unit,
            "match": { "unit": unit }, "labels": { "host": "h", "unit": unit },
            "ladder": ladder, "settle_seconds": 1,
            "window_seconds": 0, "grace_seconds": 1 })
}

/// The host.
pub struct World {
    pub folder: tempfile::TempDir,
    pub systemd: ScriptedSystemd,
    pub witnesses: Witnesses,
    pub config: Value,
    pub clock: Clock,
}

impl World {
    /// A host with so many units more, each of which is restarted for the alert `UnitDown`.
    pub async fn of_many(count: usize) -> (Self, Vec<String>) {
        let mut world = Self::new().await;
        let units: Vec<String> = (0..count).map(|n| format!("u{n}.service")).collect();
        for unit in &units {
            world.config["units"][unit] = json!({ "verbs": ["restart"] });
            let rules = world.config["rules"].as_array_mut().expect("rules");
            rules.push(rule("UnitDown", unit, &["restart"]));
        }
        let names: Vec<&str> = units.iter().map(String::as_str).collect();
        let names = [&[API, SHOP], &*names].concat();
        world.systemd = ScriptedSystemd::new(&names);
        (world, units)
    }

    pub async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let witnesses = Witnesses::start().await;
        let config = json!({
            "host": "h", "database": folder.path().join("events.db"),
            "alertmanager_url": format!("{}/am", witnesses.url),
            "prometheus_url": format!("{}/prom", witnesses.url),
            "runbook_url": "https://example.org/RUNBOOK.md", "page_resend_seconds": 1,
            "switch_lock": folder.path().join("switch.lock"),
            "units": { API: { "verbs": ["restart", "reload-or-restart"] }, SHOP: { "verbs": ["restart"] } },
            "rules": [ rule("HighErrorRate", API, &["restart"]),
                       rule("HighLatency", API, &["restart", "reload-or-restart"]),
                       rule("ShopDown", SHOP, &["restart"]) ],
        });
        Self {
            folder,
            systemd: ScriptedSystemd::new(&[API, SHOP]),
            witnesses,
            config,
            clock: Clock::system(),
        }
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("events.db")
    }

    /// Starts the daemon in a runtime of its own, so that it can be killed whole.
    pub async fn start(&self) -> Daemon {
        let config = Config::parse(Path::new("test.json"), &self.config.to_string())
            .expect("the configuration of the test is good");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let systemd = self.systemd.clone();
        let clock = self.clock.clone();
        // The future is made on the thread that drives it, for it cannot change threads.
        let begin = move || {
            let begin = async {
                let store = Store::open(&config.database).await?;
                let (am, prom) = (&config.alertmanager_url, &config.prometheus_url);
                let witnesses = sources::Witnesses::new(am, prom).expect("a client");
                let metrics = Metrics::new().expect("metrics");
                let endpoint = config.otlp_endpoint.clone();
                let traces = PastTraces::new("homeostat-remediator", endpoint.as_deref())
                    .expect("a good endpoint");
                let engine =
                    Engine::new(config, store, systemd, witnesses, metrics, traces, clock).await?;
                tokio::spawn(pager::run(engine.clone(), reqwest::Client::new()));
                tokio::spawn(engine.clone().run(|| {}));
                Ok::<_, StoreError>(engine)
            };
            (runtime.block_on(begin), runtime)
        };
        let begun = tokio::task::spawn_blocking(begin).await;
        let (engine, runtime) = begun.expect("no panic");
        let engine = engine.expect("the event log opens");
        let tokens = Tokens {
            alertmanager: ALERTMANAGER.to_owned(),
            operator: OPERATOR.to_owned(),
        };
        Daemon {
            runtime: Some(runtime),
            router: http::router(engine.clone(), tokens),
            engine,
        }
    }
}

/// An answer of the daemon.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
}

/// A running daemon.
pub struct Daemon {
    runtime: Option<Runtime>,
    router: Router,
    pub engine: Arc<Engine<ScriptedSystemd>>,
}

impl Daemon {
    /// Kills it: every task ends where it stands, as after `kill -9`.
    pub async fn kill(mut self) {
        if let Some(runtime) = self.runtime.take() {
            let end = move || runtime.shutdown_timeout(Duration::from_secs(10));
            tokio::task::spawn_blocking(end).await.expect("no panic");
        }
    }

    /// Serves real connections from the daemon's own runtime until `stop` is done.
    pub fn serve(
        &self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> JoinHandle<()> {
        let crowded_out = self.engine.metrics.crowded_out.clone();
        let router = self.router.clone();
        let runtime = self.runtime.as_ref().expect("it runs");
        runtime.spawn(http::serve(listener, router, crowded_out, stop))
    }

    /// Sends the request from the daemon's own runtime. Aborting it hangs up.
    pub fn send(&self, request: Request<Body>) -> JoinHandle<Answer> {
        let router = self.router.clone();
        let runtime = self.runtime.as_ref().expect("it runs");
        runtime.spawn(async move {
            let response = router.oneshot(request).await.expect("infallible");
            let status = response.status();
            let body = response.into_body().collect().await.expect("a body");
            let bytes = body.to_bytes();
            let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
            let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| text());
            Answer { status, body }
        })
    }

    pub async fn get(&self, path: &str) -> Answer {
        let request = request("GET", path, None, "");
        self.send(request).await.expect("no panic")
    }

    pub async fn post(&self, path: &str, token: &str, body: impl Into<Body>) -> Answer {
        let request = request("POST", path, Some(token), body);
        self.send(request).await.expect("no panic")
    }

    /// Posts alerts to the webhook as Alertmanager does.
    pub fn webhook(&self, body: impl Into<Body>) -> JoinHandle<Answer> {
        self.send(request("POST", "/webhook", Some(ALERTMANAGER), body))
    }

    /// Posts alerts and sees them taken.
    pub async fn take(&self, body: impl Into<Body>) -> Value {
        let answer = self.webhook(body).await.expect("no panic");
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.body
    }

    pub async fn incident(&self, id: i64) -> Value {
        self.get(&format!("/incidents/{id}")).await.body
    }

    /// Waits until the incident, as the API shows it, is as wanted, and gives it.
    pub async fn until(&self, id: i64, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let wait = async {
            loop {
                let incident = self.incident(id).await;
                if is(&incident) {
                    return incident;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        match tokio::time::timeout(LONGEST, wait).await {
            Ok(incident) => incident,
            Err(_) => panic!("waited in vain until {what}: {:#}", self.incident(id).await),
        }
    }

    pub async fn until_phase(&self, id: i64, phase: &str) -> Value {
        self.until(id, phase, |i| i["phase"] == phase).await
    }

    /// The sum of the series whose line begins so.
    pub async fn metric(&self, series: &str) -> f64 {
        let text = self.get("/metrics").await.body;
        let text = text.as_str().expect("text").to_owned();
        let lines = text.lines().filter(|line| line.starts_with(series));
        lines
            .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
            .sum()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A request to this host by its own name.
pub fn request(
    method: &str,
    path: &str,
    token: Option<&str>,
    body: impl Into<Body>,
) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("host", "127.0.0.1:5000");
    match token {
        Some(token) => request.header("authorization", format!("Bearer {token}")),
        None => request,
    }
    .body(body.into())
    .expect("a good request")
}

/// The kinds, or the reasons, of an incident's events.
pub fn column<'a>(incident: &'a Value, name: &str) -> Vec<&'a str> {
    let events = incident["events"].as_array().expect("events");
    events.iter().filter_map(|e| e[name].as_str()).collect()
}
