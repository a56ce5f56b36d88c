//! Steady demo traffic: reads and creates, so that rates and latencies have something to show.
//! It makes no errors by itself and outlives an API that is down.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use homeostat_telemetry::{propagation, spans};
use opentelemetry::KeyValue;
use opentelemetry::context::FutureExt as _;
use reqwest::{Method, Url};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::MissedTickBehavior;

use crate::config::Traffic;

/// Longest wait for one answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Requests that may be open at once; beyond it a slow API is spared, not buried.
const MOST_OPEN: usize = 64;

/// Why traffic could not be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL is not one; `Config` has checked that.
    #[error("the traffic URL cannot be used")]
    Url,
    /// The HTTP client could not be made.
    #[error("the HTTP client cannot be made")]
    Client(#[from] reqwest::Error),
}

/// What the requests share.
struct Caller {
    client: reqwest::Client,
    base: Url,
    /// The newest id that was seen; reads ask for it.
    newest: AtomicI64,
    /// Whether the last request got an answer, so that an outage is two lines.
    answered: AtomicBool,
}

/// One kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    List,
    Show,
    Create,
    CreateRandom,
}

impl Kind {
    /// Half lists, a fifth single reads, the rest creates.
    fn pick(percent: u32) -> Self {
        match percent {
            0..50 => Self::List,
            50..70 => Self::Show,
            70..80 => Self::Create,
            _ => Self::CreateRandom,
        }
    }
}

/// Sends requests until `shutdown` ends.
///
/// # Errors
/// Only at the start. Requests that fail are logged and forgotten.
pub async fn run(traffic: &Traffic, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
    let caller = Arc::new(Caller {
        client: reqwest::Client::builder().timeout(ANSWER_LIMIT).build()?,
        base: Url::parse(&traffic.url).map_err(|_| Error::Url)?,
        newest: AtomicI64::new(0),
        answered: AtomicBool::new(true),
    });
    let open = Arc::new(Semaphore::new(MOST_OPEN));
    let mut ticks =
        tokio::time::interval(Duration::from_secs_f64(1.0 / traffic.requests_per_second));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    tracing::info!(endpoint = %caller.base, "traffic begins");
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            _ = ticks.tick() => {}
        }
        if let Ok(permit) = Arc::clone(&open).try_acquire_owned() {
            let caller = Arc::clone(&caller);
            tokio::spawn(async move {
                caller.call(Kind::pick(rand::random_range(0..100))).await;
                drop(permit);
            });
        }
    }
    tracing::info!("traffic ends");
    Ok(())
}

impl Caller {
    async fn call(&self, kind: Kind) {
        let (method, path, body) = match kind {
            Kind::List => (Method::GET, "/transactions?limit=20".to_owned(), None),
            Kind::Show => match self.newest.load(Ordering::Relaxed) {
                0 => (Method::GET, "/transactions?limit=1".to_owned(), None),
                id => (Method::GET, format!("/transactions/{id}"), None),
            },
            Kind::Create => {
                let cents = rand::random_range(100..10_000);
                let amount = format!("{}.{:02}", cents / 100, cents % 100);
                let body = json!({"amount": amount, "currency": "EUR", "description": "traffic"});
                (Method::POST, "/transactions".to_owned(), Some(body))
            }
            Kind::CreateRandom => (Method::POST, "/transactions/create".to_owned(), None),
        };
        let context = spans::client(method.to_string(), || {
            let url_path = path.split('?').next().unwrap_or_default();
            vec![
                KeyValue::new("peer.service", "homeostat-api"),
                KeyValue::new("http.request.method", method.to_string()),
                KeyValue::new("url.path", url_path.to_owned()),
            ]
        });
        let outcome = self.send(method, &path, body).with_context(context).await;
        let answered = self.answered.swap(outcome.is_ok(), Ordering::Relaxed);
        match outcome {
            Err(error) if answered => tracing::warn!(error = %error, "the API does not answer"),
            Ok(()) if !answered => tracing::info!("the API answers again"),
            _ => {}
        }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> reqwest::Result<()> {
        let mut url = self.base.clone();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url.set_query((!query.is_empty()).then_some(query));
        let mut request = self.client.request(method, url).build()?;
        propagation::inject(request.headers_mut());
        if let Some(body) = body {
            let json = reqwest::header::HeaderValue::from_static("application/json");
            request
                .headers_mut()
                .insert(reqwest::header::CONTENT_TYPE, json);
            *request.body_mut() = Some(body.to_string().into());
        }
        let response = self.client.execute(request).await?;
        let success = response.status().is_success();
        let bytes = response.bytes().await?;
        if success && let Ok(answer) = serde_json::from_slice::<Value>(&bytes) {
            let first = answer.pointer("/transactions/0/id").or(answer.get("id"));
            if let Some(id) = first.and_then(Value::as_i64) {
                self.newest.store(id, Ordering::Relaxed);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn traffic_is_a_mix_of_reads_and_creates() {
        let share = |kind| (0..100).filter(|n| Kind::pick(*n) == kind).count();
        assert_eq!(share(Kind::List), 50);
        assert_eq!(share(Kind::Show), 20);
        assert_eq!(share(Kind::Create), 10);
        assert_eq!(share(Kind::CreateRandom), 20);
    }
}
