//! The HTTP interface: who may ask for what, and the answers.

mod access;
mod connections;
mod episode;
mod incidents;
mod operator;
mod status;
mod strangers;
mod webhook;

pub use connections::serve;

use crate::config::Tokens;
use crate::engine::Engine;
use crate::systemd::UnitControl;
use access::admit;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use episode::Episode;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use strangers::{Room, make_room};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

/// What the handlers share.
pub struct Shared<C> {
    engine: Arc<Engine<C>>,
    tokens: Tokens,
    /// Requests without a token that they need.
    strangers: Episode,
    room: Room,
    page: status::LastPage,
}

type App<C> = State<Arc<Shared<C>>>;

/// All routes.
pub fn router<C: UnitControl>(engine: Arc<Engine<C>>, tokens: Tokens) -> Router {
    let shared = Arc::new(Shared {
        engine,
        tokens,
        strangers: Episode::new("requests came without a valid token"),
        room: Room::new(),
        page: status::LastPage::default(),
    });
    Router::new()
        .route("/", get(status::status_page::<C>))
        .route("/incidents", get(incidents::index::<C>))
        .route("/incidents/{id}", get(incidents::show::<C>))
        .route_layer(middleware::from_fn_with_state(
            shared.clone(),
            make_room::<C>,
        ))
        .route("/webhook", post(webhook::webhook::<C>))
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
        .layer(middleware::from_fn_with_state(shared.clone(), admit::<C>))
        .layer(DefaultBodyLimit::max(webhook::MAX_BODY))
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
