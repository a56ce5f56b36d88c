//! What a person asks for who has the operator's token.

use super::access::Operator;
use super::incidents::number;
use super::{App, Failure, Shared, unavailable};
use crate::engine::CommandError;
use crate::systemd::UnitControl;
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use homeostat_policy::machine::{Command, Refusal};
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    reason: String,
}

/// Reads `{"reason": "..."}`.
fn said(body: &[u8]) -> Result<String, Failure> {
    let wanted = "give {\"reason\": \"...\"} with 1 to 500 characters, so that others know why";
    let said: Said = serde_json::from_slice(body)
        .map_err(|e| Failure(StatusCode::BAD_REQUEST, format!("{e}; {wanted}")))?;
    let reason = said.reason.trim();
    if reason.is_empty() || reason.chars().count() > 500 {
        return Err(Failure(StatusCode::BAD_REQUEST, wanted.to_owned()));
    }
    Ok(reason.to_owned())
}

fn failure(error: CommandError) -> Failure {
    match error {
        CommandError::Refused(refusal @ Refusal::NotOpen) => {
            Failure(StatusCode::NOT_FOUND, refusal.to_string())
        }
        CommandError::Refused(refusal) => Failure(StatusCode::CONFLICT, refusal.to_string()),
        CommandError::Store(error) => unavailable(error),
    }
}

/// Takes what a person says about the whole host.
async fn about_the_host<C: UnitControl>(
    shared: &Shared<C>,
    body: &[u8],
    command: fn(String) -> Command,
) -> Result<(), Failure> {
    let reason = said(body)?;
    shared
        .engine
        .command(command(reason))
        .await
        .map_err(failure)
}

/// Takes what a person says about one incident, and gives its number.
async fn about_an_incident<C: UnitControl>(
    shared: &Shared<C>,
    id: Result<Path<i64>, PathRejection>,
    body: &[u8],
    command: fn(i64, String) -> Command,
) -> Result<i64, Failure> {
    let reason = said(body)?;
    let incident = number(id)?;
    let command = command(incident, reason);
    shared.engine.command(command).await.map_err(failure)?;
    Ok(incident)
}

pub(super) async fn pause<C: UnitControl>(
    State(shared): App<C>,
    _: Operator,
    body: Bytes,
) -> Result<Response, Failure> {
    about_the_host(&shared, &body, |reason| Command::Pause { reason }).await?;
    Ok(Json(json!({ "paused": true })).into_response())
}

pub(super) async fn resume<C: UnitControl>(
    State(shared): App<C>,
    _: Operator,
    body: Bytes,
) -> Result<Response, Failure> {
    about_the_host(&shared, &body, |reason| Command::Resume { reason }).await?;
    Ok(Json(json!({ "paused": false })).into_response())
}

pub(super) async fn acknowledge<C: UnitControl>(
    State(shared): App<C>,
    _: Operator,
    id: Result<Path<i64>, PathRejection>,
    body: Bytes,
) -> Result<Response, Failure> {
    let command = |incident, reason| Command::Acknowledge { incident, reason };
    let incident = about_an_incident(&shared, id, &body, command).await?;
    Ok(Json(json!({ "acknowledged": incident })).into_response())
}

pub(super) async fn close<C: UnitControl>(
    State(shared): App<C>,
    _: Operator,
    id: Result<Path<i64>, PathRejection>,
    body: Bytes,
) -> Result<Response, Failure> {
    let command = |incident, reason| Command::Close { incident, reason };
    let incident = about_an_incident(&shared, id, &body, command).await?;
    Ok(Json(json!({ "closed": incident })).into_response())
}
