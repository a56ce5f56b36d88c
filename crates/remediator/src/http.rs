//! The HTTP interface: who may ask for what, and the answers.

mod access;
mod incidents;
mod operator;
mod status;

use crate::config::Tokens;
use crate::engine::{Engine, IntakeError};
use crate::metrics::PostResult;
use crate::systemd::UnitControl;
use access::{has_token, refuse_other_hosts};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

/// The largest post, in bytes: some three thousand alerts.
const MAX_BODY: usize = 2 * 1024 * 1024;

/// What the handlers share.
pub struct Shared<C> {
    engine: Arc<Engine<C>>,
    tokens: Tokens,
}

type App<C> = State<Arc<Shared<C>>>;

/// All routes.
pub fn router<C: UnitControl>(engine: Arc<Engine<C>>, tokens: Tokens) -> Router {
    let shared = Arc::new(Shared { engine, tokens });
    Router::new()
        .route("/", get(status::status_page::<C>))
        .route("/webhook", post(webhook::<C>))
        .route("/incidents", get(incidents::index::<C>))
        .route("/incidents/{id}", get(incidents::show::<C>))
        .route(
            "/incidents/{id}/acknowledge",
            post(operator::acknowledge::<C>),
        )
        .route("/incidents/{id}/close", post(operator::close::<C>))
        .route("/incidents/{id}/evidence", get(incidents::evidence::<C>))
        .route("/pause", post(operator::pause::<C>))
        .route("/resume", post(operator::resume::<C>))
        .route("/health", get(health::<C>))
        .route("/metrics", get(metrics::<C>))
        .fallback(async || Failure(StatusCode::NOT_FOUND, "there is no such page".to_owned()))
        .method_not_allowed_fallback(async || {
            Failure(
                StatusCode::METHOD_NOT_ALLOWED,
                "this path does not take this method".to_owned(),
            )
        })
        .layer(middleware::from_fn_with_state(
            shared.clone(),
            refuse_other_hosts::<C>,
        ))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::GATEWAY_TIMEOUT,
            Duration::from_secs(15),
        ))
        .layer(CatchPanicLayer::new())
        .with_state(shared)
}

/// An error as JSON: `{"error": "..."}`.
struct Failure(StatusCode, String);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = (self.0, Json(json!({ "error": self.1 }))).into_response();
        if self.0 == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                header::HeaderValue::from_static("Bearer"),
            );
        }
        response
    }
}

fn unavailable(error: impl ToString) -> Failure {
    Failure(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
}

async fn webhook<C: UnitControl>(
    State(shared): App<C>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let metrics = &shared.engine.metrics;
    let tokens = &shared.tokens;
    if !has_token(&headers, &[&tokens.alertmanager, &tokens.operator]) {
        metrics.post(PostResult::Unauthorized);
        tracing::warn!("a post to the webhook came without a valid token");
        return Err(Failure(
            StatusCode::UNAUTHORIZED,
            "this needs Alertmanager's token as a bearer token".to_owned(),
        ));
    }
    let body = body.map_err(|rejection| {
        let status = rejection.status();
        metrics.post(match status {
            StatusCode::PAYLOAD_TOO_LARGE => PostResult::TooLarge,
            _ => PostResult::Malformed,
        });
        Failure(
            status,
            format!(
                "{}; at most {MAX_BODY} bytes are taken",
                rejection.body_text()
            ),
        )
    })?;
    match shared.engine.accept(&body).await {
        Ok(accepted) => {
            metrics.post(PostResult::Accepted);
            Ok(Json(accepted).into_response())
        }
        Err(error @ IntakeError::Malformed(_)) => {
            metrics.post(PostResult::Malformed);
            Err(Failure(StatusCode::BAD_REQUEST, error.to_string()))
        }
        Err(error @ (IntakeError::Full | IntakeError::Store(_))) => {
            metrics.post(PostResult::Unavailable);
            Err(unavailable(error))
        }
    }
}

async fn health<C: UnitControl>(State(shared): App<C>) -> Response {
    let (store, bus) = shared.engine.health();
    let word = |well| if well { "ok" } else { "failed" };
    let status = if store && bus {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = json!({
        "status": if store && bus { "ok" } else { "degraded" },
        "store": word(store),
        "bus": word(bus),
        "paused": shared.engine.paused(),
        "version": env!("CARGO_PKG_VERSION"),
    });
    (status, Json(body)).into_response()
}

async fn metrics<C: UnitControl>(State(shared): App<C>) -> Response {
    shared.engine.update_gauges();
    homeostat_telemetry::metrics::exposition(&shared.engine.metrics.registry)
}
