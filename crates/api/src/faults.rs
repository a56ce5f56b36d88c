//! Faults on purpose, for demos and drills. The switches live in memory, so that a
//! restart cures them. None of this exists unless the configuration says `faults`.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// Longest delay that can be set, in milliseconds; below the request timeout.
const LONGEST_DELAY_MS: u64 = 5000;

/// What the transaction routes suffer. The default is nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Switches {
    /// Added to every answer, 0 to 5000.
    pub delay_ms: u64,
    /// Share of requests that end as a 500, 0 to 1.
    pub error_share: f64,
}

/// The switches as the process holds them.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<RwLock<Switches>>);

impl Faults {
    /// What is set now.
    pub fn switches(&self) -> Switches {
        *self.0.read().expect("invariant: no holder panics")
    }

    fn set(&self, switches: Switches) {
        *self.0.write().expect("invariant: no holder panics") = switches;
        tracing::warn!(
            delay_ms = switches.delay_ms,
            error_share = switches.error_share,
            "fault switches set"
        );
    }
}

/// The routes that exist only with faults on.
pub(crate) fn routes(faults: Faults) -> Router {
    Router::new()
        .route("/error", get(error))
        .route("/faults", get(show).put(replace).delete(clear))
        .with_state(faults)
}

/// Goes around the transaction routes only: health, metrics and the switches themselves
/// must answer while everything else fails.
pub(crate) async fn suffer(State(faults): State<Faults>, request: Request, next: Next) -> Response {
    let switches = faults.switches();
    if switches.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(switches.delay_ms)).await;
    }
    if rand::random_bool(switches.error_share) {
        return injected("the fault switch error_share chose this request").into_response();
    }
    next.run(request).await
}

fn injected(detail: &str) -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "fault_injected", detail)
        .caused_by("a fault on purpose")
}

async fn error() -> Problem {
    injected("this route fails on purpose")
}

async fn show(State(faults): State<Faults>) -> Json<Switches> {
    Json(faults.switches())
}

async fn replace(
    State(faults): State<Faults>,
    body: Result<Json<Switches>, JsonRejection>,
) -> Result<Json<Switches>, Problem> {
    let Json(switches) = body?;
    if switches.delay_ms > LONGEST_DELAY_MS {
        return Err(Problem::unprocessable(
            "delay_out_of_range",
            format!(
                "delay_ms {} is more than {LONGEST_DELAY_MS}",
                switches.delay_ms
            ),
        ));
    }
    if !(0.0..=1.0).contains(&switches.error_share) {
        return Err(Problem::unprocessable(
            "share_out_of_range",
            format!("error_share {} is not within 0 and 1", switches.error_share),
        ));
    }
    faults.set(switches);
    Ok(Json(switches))
}

async fn clear(State(faults): State<Faults>) -> Json<Switches> {
    faults.set(Switches::default());
    Json(faults.switches())
}
