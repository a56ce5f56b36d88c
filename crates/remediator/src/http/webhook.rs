//! Alerts come in.

use super::access::Sender;
use super::{App, Failure, unavailable};
use crate::engine::IntakeError;
use crate::metrics::PostResult;
use crate::systemd::UnitControl;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// The largest post, in bytes: some three thousand alerts.
pub(super) const MAX_BODY: usize = 2 * 1024 * 1024;

pub(super) async fn webhook<C: UnitControl>(
    State(shared): App<C>,
    _: Sender,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let metrics = &shared.engine.metrics;
    let body = body.map_err(|rejection| {
        let status = rejection.status();
        let mut text = format!(
            "{}; at most {MAX_BODY} bytes are taken",
            rejection.body_text()
        );
        metrics.post(match status {
            StatusCode::PAYLOAD_TOO_LARGE => {
                shared.engine.catch_up();
                text.push_str(", and all alerts of this receiver are read from Alertmanager");
                PostResult::TooLarge
            }
            _ => PostResult::Malformed,
        });
        Failure(status, text)
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
