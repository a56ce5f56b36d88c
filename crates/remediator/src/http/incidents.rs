//! What happened: the incidents, one of them, and the evidence for a person who looks into it.

use super::access::Operator;
use super::{App, Failure, unavailable};
use crate::engine::Engine;
use crate::journal;
use crate::story;
use crate::systemd::UnitControl;
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use homeostat_policy::log::Incident;
use serde::Deserialize;
use serde_json::json;

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
pub(super) struct ListQuery {
    state: Option<Wanted>,
    limit: Option<u16>,
}

pub(super) async fn index<C: UnitControl>(
    State(shared): App<C>,
    query: Result<Query<ListQuery>, QueryRejection>,
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
        Wanted::Open | Wanted::All => engine.newest_open(usize::from(limit)),
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
pub(super) fn number(id: Result<Path<i64>, PathRejection>) -> Result<i64, Failure> {
    match id {
        Ok(Path(id)) => Ok(id),
        Err(error) => Err(Failure(
            StatusCode::BAD_REQUEST,
            format!("{}; give an incident's number", error.body_text()),
        )),
    }
}

pub(super) async fn show<C: UnitControl>(
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

pub(super) async fn evidence<C: UnitControl>(
    State(shared): App<C>,
    _: Operator,
    id: Result<Path<i64>, PathRejection>,
) -> Result<Response, Failure> {
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
