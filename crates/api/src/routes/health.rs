//! Whether the process lives, whether it can serve, and how its dependencies are.

use std::time::Instant;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Json, Router, routing::get};
use serde::Serialize;

use crate::{App, chain};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/health", get(health))
        .route("/live", get(live))
        .route("/ready", get(ready))
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    dependencies: [Dependency; 1],
}

#[derive(Serialize)]
struct Dependency {
    name: &'static str,
    status: &'static str,
    latency_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Asks every dependency now. The payment gateway is simulated inside this
/// process, so PostgreSQL is the only one.
async fn health(State(app): State<App>) -> (StatusCode, Json<Health>) {
    let started = Instant::now();
    let answer = app.database.ping().await;
    let latency_ms = (started.elapsed().as_secs_f64() * 1e6).round() / 1e3;
    let (code, status) = match &answer {
        Ok(()) => (StatusCode::OK, "up"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "down"),
    };
    let postgresql = Dependency {
        name: "postgresql",
        status,
        latency_ms,
        error: answer.err().map(|error| {
            tracing::debug!(error = chain(&error), "health check failed");
            error.to_string()
        }),
    };
    let health = Health {
        status,
        dependencies: [postgresql],
    };
    (code, Json(health))
}

#[derive(Serialize)]
struct Probe {
    status: &'static str,
}

/// The process answers; that is all. A restart cures what this route finds wrong.
async fn live() -> Json<Probe> {
    Json(Probe { status: "up" })
}

/// Whether requests can succeed: the tables are there and the server answers.
async fn ready(State(app): State<App>) -> (StatusCode, Json<Probe>) {
    let (code, status) = if !app.database.migrated() {
        (StatusCode::SERVICE_UNAVAILABLE, "not migrated")
    } else if app.database.ping().await.is_err() {
        (StatusCode::SERVICE_UNAVAILABLE, "PostgreSQL is away")
    } else {
        (StatusCode::OK, "ready")
    };
    (code, Json(Probe { status }))
}
