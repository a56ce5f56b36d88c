//! What happened: the incidents, one of them, and the evidence for a person who looks into it.

use super::access::Operator;
use super::{App, Failure, unavailable};
use crate::engine::Engine;
use crate::journal;
use crate::store::Part;
use crate::story;
use crate::systemd::UnitControl;
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use homeostat_policy::log::{Incident, IncidentId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

/// The most bytes of a list, and of the events that one answer tells.
const MOST_BYTES: usize = 1024 * 1024;
/// The most events that one answer tells.
const MOST_EVENTS: u16 = 500;

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
    before: Option<IncidentId>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoryQuery {
    after: Option<u32>,
}

/// The query, or what it may be.
fn wanted<T>(query: Result<Query<T>, QueryRejection>, may_be: &str) -> Result<T, Failure> {
    query.map(|Query(query)| query).map_err(|error| {
        let text = format!("{}; give {may_be}", error.body_text());
        Failure(StatusCode::BAD_REQUEST, text)
    })
}

pub(super) async fn index<C: UnitControl>(
    State(shared): App<C>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    let query = wanted(
        query,
        "state=open|closed|all, limit=1..1000 and before=an incident's number",
    )?;
    let limit = query.limit.unwrap_or(100);
    if !(1..=1_000).contains(&limit) {
        return Err(Failure(
            StatusCode::BAD_REQUEST,
            format!("limit `{limit}` is not within 1..1000"),
        ));
    }
    let before = query.before.unwrap_or(IncidentId::MAX);
    let state = query.state.unwrap_or(Wanted::All);
    let mut incidents = list(&shared.engine, state, before, limit + 1).await?;
    let mut views = Vec::new();
    let mut size = 0;
    let mut next = None;
    incidents.truncate(usize::from(limit) + 1);
    for (place, incident) in incidents.iter().enumerate() {
        let view = serde_json::to_string(&story::incident(incident)).map_err(unavailable)?;
        size += view.len();
        if place == usize::from(limit) || (size > MOST_BYTES && place > 0) {
            next = place.checked_sub(1).map(|place| incidents[place].id);
            break;
        }
        views.push(RawValue::from_string(view).map_err(unavailable)?);
    }
    Ok(Json(List {
        incidents: views,
        next,
    })
    .into_response())
}

/// A list of incidents, each of which is JSON already.
#[derive(Serialize)]
struct List {
    incidents: Vec<Box<RawValue>>,
    /// What `before` has to be for those that follow; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<IncidentId>,
}

async fn list<C: UnitControl>(
    engine: &Engine<C>,
    wanted: Wanted,
    before: IncidentId,
    limit: u16,
) -> Result<Vec<Incident>, Failure> {
    let open = match wanted {
        Wanted::Open | Wanted::All => engine.newest_open(before, usize::from(limit)),
        Wanted::Closed => Vec::new(),
    };
    let mut incidents = Vec::new();
    if matches!(wanted, Wanted::Closed | Wanted::All) {
        let ended = engine.ended(before, limit, limit).await;
        let mut ended = ended.map_err(unavailable)?;
        ended.sort_unstable_by_key(|id| std::cmp::Reverse(*id));
        ended.truncate(usize::from(limit));
        incidents = engine.folded(&ended).await.map_err(unavailable)?;
    }
    incidents.extend(open);
    // The sort keeps an incident's end before the same incident while it was open.
    incidents.sort_by_key(|i| std::cmp::Reverse(i.id));
    incidents.dedup_by_key(|i| i.id);
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

/// The part of an incident's story that a request asks for, and how many events are before it.
async fn part<C: UnitControl>(
    engine: &Engine<C>,
    id: Result<Path<i64>, PathRejection>,
    query: Result<Query<StoryQuery>, QueryRejection>,
) -> Result<(Part, u32), Failure> {
    let id = number(id)?;
    let query = wanted(query, "after=the number of an event")?;
    let after = query.after.unwrap_or(0);
    let part = engine.part(id, after, MOST_EVENTS, MOST_BYTES).await;
    let part = part
        .map_err(unavailable)?
        .ok_or_else(|| Failure(StatusCode::NOT_FOUND, format!("there is no incident {id}")))?;
    Ok((part, after))
}

pub(super) async fn show<C: UnitControl>(
    State(shared): App<C>,
    id: Result<Path<i64>, PathRejection>,
    query: Result<Query<StoryQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    let (part, after) = part(&shared.engine, id, query).await?;
    let mut view = story::incident(&part.incident);
    let told = story::events(&part.entries, after);
    view.next = told.last().filter(|_| part.more).map(|event| event.id);
    view.events = Some(told);
    Ok(Json(view).into_response())
}

pub(super) async fn evidence<C: UnitControl>(
    State(shared): App<C>,
    _: Operator,
    id: Result<Path<i64>, PathRejection>,
    query: Result<Query<StoryQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    let (part, after) = part(&shared.engine, id, query).await?;
    let id = part.incident.id;
    let unit = part.incident.unit.ok_or_else(|| {
        let text = format!("there is no incident {id} about a unit");
        Failure(StatusCode::NOT_FOUND, text)
    })?;
    let lines = journal::last_lines(&unit, 200, 64 * 1024).await;
    let (journal, fault) = match lines {
        Ok(lines) => (Some(lines), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let bodies: Vec<_> = part.entries.iter().map(|entry| &entry.event).collect();
    let place = u32::try_from(bodies.len()).unwrap_or(u32::MAX);
    let next = part.more.then(|| after.saturating_add(place));
    Ok(
        Json(json!({ "events": bodies, "next": next, "journal": journal, "journal_error": fault }))
            .into_response(),
    )
}
