//! Who may ask: by which host name, and with which token.

use super::{App, Failure, Shared};
use crate::systemd::UnitControl;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use subtle::ConstantTimeEq;

/// Answers only to names it was told to have: a page of another site that points its own name at
/// loopback does not get through.
pub(super) async fn refuse_other_hosts<C: UnitControl>(
    State(shared): App<C>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .map(|host| match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => host,
        });
    match host {
        Some(host) if shared.engine.config.allowed_hosts.iter().any(|h| h == host) => {
            Ok(next.run(request).await)
        }
        _ => Err(Failure(
            StatusCode::MISDIRECTED_REQUEST,
            "this Host header is not in allowed_hosts".to_owned(),
        )),
    }
}

pub(super) fn has_token(headers: &HeaderMap, tokens: &[&str]) -> bool {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or("");
    tokens
        .iter()
        .any(|token| bool::from(token.as_bytes().ct_eq(given.as_bytes())))
}

pub(super) fn operator_only<C>(shared: &Shared<C>, headers: &HeaderMap) -> Result<(), Failure> {
    if has_token(headers, &[&shared.tokens.operator]) {
        return Ok(());
    }
    Err(Failure(
        StatusCode::UNAUTHORIZED,
        "this needs the operator's token as a bearer token".to_owned(),
    ))
}
