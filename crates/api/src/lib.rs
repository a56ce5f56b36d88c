//! The demo workload of Homeostat: a small ledger on PostgreSQL, instrumented as a real
//! service would be, with faults that can be switched on.

pub mod config;
mod currency;
mod database;
mod faults;
mod gateway;
mod metrics;
mod problem;
mod routes;
pub mod traffic;
mod transaction;

use std::future::Future;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::serve::ListenerExt as _;
use homeostat_telemetry as telemetry;
use sd_notify::NotifyState;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tower_http::catch_panic::CatchPanicLayer;

use config::Config;
use database::Database;
use faults::Faults;
use metrics::Metrics;
use problem::Problem;

/// Largest request body, in bytes.
const BODY_LIMIT: usize = 16 * 1024;

/// Longest time for one request.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// How long open requests may take to end after SIGTERM.
const DRAIN_LIMIT: Duration = Duration::from_secs(12);

/// What every handler can reach.
#[derive(Debug, Clone)]
struct App {
    database: Database,
    metrics: Metrics,
}

/// Why the service could not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database URL is not one.
    #[error("the database pool cannot be made")]
    Database(#[from] sqlx::Error),
    /// Two metrics share a name.
    #[error("metrics cannot be registered")]
    Metrics(#[from] prometheus::Error),
    /// The listener failed.
    #[error("the HTTP server failed")]
    Serve(#[from] std::io::Error),
}

fn router(app: App, with_faults: bool) -> Result<Router, Error> {
    let registry = app.metrics.registry.clone();
    let mut transactions = routes::transactions::routes();
    let mut switches = Router::new();
    if with_faults {
        let faults = Faults::default();
        transactions = transactions.route_layer(from_fn_with_state(faults.clone(), faults::suffer));
        switches = faults::routes(faults);
    }
    let router = transactions
        .merge(routes::health::routes())
        .merge(routes::metrics::routes())
        .with_state(app)
        .merge(switches)
        .fallback(problem::unknown_route)
        .method_not_allowed_fallback(problem::wrong_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn(limit_time))
        .layer(CatchPanicLayer::custom(|_panic| panicked()));
    Ok(telemetry::http::instrument(router, &registry)?)
}

async fn limit_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "request_timeout",
            format!("no answer within {} s", REQUEST_LIMIT.as_secs()),
        )
        .caused_by("the request limit")
        .into_response(),
    }
}

fn panicked() -> Response {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal_error",
        "the request could not be carried out",
    )
    .caused_by("a handler panicked")
    .into_response()
}

/// Answers requests until `shutdown` ends, then lets the open ones finish. Tells systemd
/// READY at once: a start does not wait for PostgreSQL.
///
/// # Errors
/// When the server cannot be set up or its listener fails.
pub async fn serve(
    config: &Config,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let metrics = Metrics::new()?;
    let database = Database::new(config, metrics.clone())?;
    let keeper = tokio::spawn(database.clone().keep(config.seed));
    let router = router(App { database, metrics }, config.faults)?;

    let address = listener.local_addr()?;
    // An answer is one small write; waiting to fill a packet would only delay it.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(error = %error, "TCP_NODELAY was refused");
        }
    });
    let (draining, drain) = oneshot::channel();
    let server = axum::serve(listener, router).with_graceful_shutdown(async move {
        shutdown.await;
        tracing::info!("stopping");
        tell_systemd(&NotifyState::Stopping);
        if draining.send(()).is_err() {
            tracing::debug!("the server ended first");
        }
    });
    tracing::info!(address = %address, "listening");
    tell_systemd(&NotifyState::Ready);

    let too_late = async {
        match drain.await {
            Ok(()) => tokio::time::sleep(DRAIN_LIMIT).await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = async { server.await } => ended?,
        () = too_late => tracing::warn!("requests were still open after the drain limit"),
    }
    keeper.abort();
    Ok(())
}

/// systemd is not there in a terminal; a lost message is worth a line, no more.
fn tell_systemd(state: &NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(std::slice::from_ref(state)) {
        tracing::warn!(error = %error, "systemd could not be told");
    }
}

/// An error and its causes on one line, for the log and the terminal.
pub fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
