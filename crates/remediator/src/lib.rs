//! The daemon that heals systemd units over D-Bus and proves that it helped.
//!
//! `http` takes alerts and shows incidents, `engine` drives each incident,
//! `store` keeps the event log, `systemd` and `journal` reach the host, and
//! `sources` and `pager` speak with Prometheus and Alertmanager. No decision
//! is made here: they are all in the policy crate.

pub mod canary;
pub mod check;
pub mod clock;
pub mod config;
pub mod engine;

pub mod http;
pub mod journal;
pub mod metrics;
pub mod page;
pub mod pager;
pub mod sources;
pub mod store;
pub mod story;
pub mod switch;
pub mod systemd;
pub mod trace;

use clock::Clock;
use config::{Config, Tokens};
use engine::Engine;
use homeostat_telemetry::PastTraces;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// What this program is called in metrics, traces and log lines: the name of its unit.
pub const SERVICE: &str = "homeostat-remediator";

/// Why the daemon could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The event log.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// A metric's name.
    #[error("the metrics could not be registered: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The export of traces.
    #[error("{0} (key `otlp_endpoint`)")]
    Traces(#[from] homeostat_telemetry::Error),
    /// The HTTP client.
    #[error("the HTTP client could not be made: {0}")]
    Client(#[from] reqwest::Error),
    /// A task that must not end.
    #[error("the {0} failed: {1}")]
    Task(&'static str, tokio::task::JoinError),
}

/// Runs the daemon until `shutdown` is done. What is in flight is left to systemd; the next start
/// examines it.
///
/// # Errors
/// When the event log cannot be opened, or a task fails that must not.
pub async fn run<C: systemd::UnitControl>(
    config: Config,
    tokens: Tokens,
    control: C,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), RunError> {
    let store = store::Store::open(&config.database).await?;
    let metrics = metrics::Metrics::new()?;
    homeostat_telemetry::metrics::register_build_info(&metrics.registry, SERVICE)?;
    let witnesses = sources::Witnesses::new(&config.alertmanager_url, &config.prometheus_url)?;
    let canary = match &config.log_store {
        Some(told) => {
            let store = sources::LogStore::new(told.kind, &told.url)?;
            let every = Duration::from_secs(told.canary_seconds);
            Some(canary::Canary::new(store, every, &metrics.registry)?)
        }
        None => None,
    };
    let traces = PastTraces::new(SERVICE, config.otlp_endpoint.as_deref())?;
    let engine = Engine::new(
        config,
        store,
        control,
        witnesses,
        metrics,
        traces,
        Clock::system(),
    )
    .await?;
    let router = homeostat_telemetry::http::instrument(
        http::router(engine.clone(), tokens),
        &engine.metrics.registry,
    )?;
    let pager = tokio::spawn(pager::run(engine.clone(), reqwest::Client::new()));
    let worker = tokio::spawn(Arc::clone(&engine).run(feed_watchdog));
    let canary = tokio::spawn(async {
        match canary {
            Some(canary) => canary.run().await,
            None => std::future::pending().await,
        }
    });
    let crowded_out = engine.metrics.crowded_out.clone();
    let server = http::serve(listener, router, crowded_out, shutdown);
    // Without systemd nobody listens, and that is well.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    // The tasks end by a panic alone; then it is better to be started anew than to look alive.
    tokio::select! {
        () = server => {}
        ended = pager => ended.map_err(|error| RunError::Task("pager", error))?,
        ended = canary => ended.map_err(|error| RunError::Task("log canary", error))?,
        ended = worker => ended.map_err(|error| RunError::Task("worker", error))?,
    }
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    engine.traces.shutdown();
    Ok(())
}

fn feed_watchdog() {
    // Without systemd nobody listens, and that is well.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
}
