//! The HTTP interface: who may ask for what, and the answers.

mod access;

use crate::config::Tokens;
use crate::engine::{AcknowledgeError, Engine, IntakeError};
use crate::journal;
use crate::metrics::PostResult;
use crate::page;
use crate::story;
use crate::systemd::UnitControl;
use access::{has_token, operator_only, refuse_other_hosts};
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use homeostat_policy::event::Entry;
use homeostat_policy::incident::Incident;
use serde::Deserialize;
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
        .route("/", get(status_page::<C>))
        .route("/webhook", post(webhook::<C>))
        .route("/incidents", get(incidents::<C>))
        .route("/incidents/{id}", get(incident::<C>))
        .route("/incidents/{id}/acknowledge", post(acknowledge::<C>))
        .route("/incidents/{id}/evidence", get(evidence::<C>))
        .route("/pause", post(pause::<C>))
        .route("/resume", post(resume::<C>))
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

/// Which incidents to list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wanted {
    Open,
    Closed,
    All,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    state: Option<Wanted>,
    limit: Option<u16>,
}

async fn incidents<C: UnitControl>(
    State(shared): App<C>,
    query: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Failure> {
    let Query(query) = query.map_err(|e| {
        Failure(
            StatusCode::BAD_REQUEST,
            format!(
                "{}; give state=open|closed|all and limit=1..1000",
                e.body_text()
            ),
        )
    })?;
    let limit = query.limit.unwrap_or(100);
    if !(1..=1_000).contains(&limit) {
        return Err(Failure(
            StatusCode::BAD_REQUEST,
            format!("limit `{limit}` is not within 1..1000"),
        ));
    }
    let incidents = list(&shared.engine, query.state.unwrap_or(Wanted::All), limit).await?;
    let views: Vec<_> = incidents.iter().map(story::incident).collect();
    Ok(Json(json!({ "incidents": views })).into_response())
}

async fn list<C: UnitControl>(
    engine: &Engine<C>,
    wanted: Wanted,
    limit: u16,
) -> Result<Vec<Incident>, Failure> {
    let open = match wanted {
        Wanted::Open | Wanted::All => engine.open_incidents(),
        Wanted::Closed => Vec::new(),
    };
    let mut incidents = Vec::new();
    if matches!(wanted, Wanted::Closed | Wanted::All) {
        let entries = engine.ended(limit, limit).await.map_err(unavailable)?;
        incidents.extend(Incident::fold(&entries).into_values());
    }
    incidents.extend(open);
    // The sort keeps an incident's end before the same incident while it was open.
    incidents.sort_by_key(|i| std::cmp::Reverse(i.id));
    incidents.dedup_by_key(|i| i.id);
    incidents.truncate(usize::from(limit));
    Ok(incidents)
}

/// The number of an incident in a path.
fn number(id: Result<Path<i64>, PathRejection>) -> Result<i64, Failure> {
    match id {
        Ok(Path(id)) => Ok(id),
        Err(error) => Err(Failure(
            StatusCode::BAD_REQUEST,
            format!("{}; give an incident's number", error.body_text()),
        )),
    }
}

async fn incident<C: UnitControl>(
    State(shared): App<C>,
    id: Result<Path<i64>, PathRejection>,
) -> Result<Response, Failure> {
    let id = number(id)?;
    let entries = shared.engine.events(id).await.map_err(unavailable)?;
    let mut incidents = Incident::fold(&entries);
    let incident = incidents
        .remove(&id)
        .ok_or_else(|| Failure(StatusCode::NOT_FOUND, format!("there is no incident {id}")))?;
    let mut view = story::incident(&incident);
    view.events = Some(story::events(&entries));
    Ok(Json(view).into_response())
}

async fn evidence<C: UnitControl>(
    State(shared): App<C>,
    headers: HeaderMap,
    id: Result<Path<i64>, PathRejection>,
) -> Result<Response, Failure> {
    operator_only(&shared, &headers)?;
    let id = number(id)?;
    let entries = shared.engine.events(id).await.map_err(unavailable)?;
    let unit = Incident::fold(&entries)
        .remove(&id)
        .and_then(|incident| incident.unit)
        .ok_or_else(|| {
            Failure(
                StatusCode::NOT_FOUND,
                format!("there is no incident {id} about a unit"),
            )
        })?;
    let lines = journal::last_lines(&unit, 200, 64 * 1024).await;
    let (journal, fault) = match lines {
        Ok(lines) => (Some(lines), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let bodies: Vec<_> = entries.iter().map(|entry| &entry.event).collect();
    Ok(
        Json(json!({ "events": bodies, "journal": journal, "journal_error": fault }))
            .into_response(),
    )
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    reason: String,
}

/// Reads `{"reason": "..."}` of a person who has the operator's token.
fn said<C>(shared: &Shared<C>, headers: &HeaderMap, body: &[u8]) -> Result<String, Failure> {
    operator_only(shared, headers)?;
    let wanted = "give {\"reason\": \"...\"} with 1 to 500 characters, so that others know why";
    let said: Said = serde_json::from_slice(body)
        .map_err(|e| Failure(StatusCode::BAD_REQUEST, format!("{e}; {wanted}")))?;
    let reason = said.reason.trim();
    if reason.is_empty() || reason.chars().count() > 500 {
        return Err(Failure(StatusCode::BAD_REQUEST, wanted.to_owned()));
    }
    Ok(reason.to_owned())
}

async fn pause<C: UnitControl>(
    State(shared): App<C>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    let reason = said(&shared, &headers, &body)?;
    shared.engine.pause(reason).await.map_err(unavailable)?;
    Ok(Json(json!({ "paused": true })).into_response())
}

async fn resume<C: UnitControl>(
    State(shared): App<C>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    let reason = said(&shared, &headers, &body)?;
    shared.engine.resume(reason).await.map_err(unavailable)?;
    Ok(Json(json!({ "paused": false })).into_response())
}

async fn acknowledge<C: UnitControl>(
    State(shared): App<C>,
    headers: HeaderMap,
    id: Result<Path<i64>, PathRejection>,
    body: Bytes,
) -> Result<Response, Failure> {
    let reason = said(&shared, &headers, &body)?;
    let id = number(id)?;
    shared
        .engine
        .acknowledge(id, reason)
        .await
        .map_err(|error| match error {
            AcknowledgeError::NotOpen => Failure(StatusCode::NOT_FOUND, error.to_string()),
            AcknowledgeError::NotPaged => Failure(StatusCode::CONFLICT, error.to_string()),
            AcknowledgeError::Store(error) => unavailable(error),
        })?;
    Ok(Json(json!({ "acknowledged": id })).into_response())
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

async fn status_page<C: UnitControl>(
    State(shared): App<C>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let engine = &shared.engine;
    let open = engine.open_incidents();
    // Neither a storm of refused alerts nor what is long over may push out what is open.
    let mut entries = engine.ended(20, 100).await.map_err(unavailable)?;
    for incident in open.iter().rev().take(100) {
        if entries.iter().all(|e| e.incident != incident.id) {
            entries.extend(engine.events(incident.id).await.map_err(unavailable)?);
        }
    }
    let mut stories: Vec<(Incident, Vec<Entry>)> = Incident::fold(&entries)
        .into_values()
        .rev()
        .map(|incident| (incident, Vec::new()))
        .collect();
    for entry in entries {
        if let Some((_, told)) = stories.iter_mut().find(|(i, _)| i.id == entry.incident) {
            told.push(entry);
        }
    }
    let mut units = Vec::new();
    for unit in engine.config.rules.units() {
        units.push((unit.clone(), engine.unit(unit).await.ok()));
    }
    let page = page::Page {
        host: engine.config.rules.host().to_owned(),
        now: crate::clock::now(),
        units,
        stories,
        paused: engine.paused().zip(engine.paused_since()),
        budget_left: engine.budget_left(),
        budget: engine.config.rules.budget(),
        healthy: engine.health(),
    };
    Ok((
        [
            (
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'unsafe-inline'",
            ),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CACHE_CONTROL, "no-store"),
        ],
        Html(page::render(&page, page::Unfolded::from_query(query.as_deref())).into_string()),
    )
        .into_response())
}
