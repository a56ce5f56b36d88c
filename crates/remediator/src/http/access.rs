//! Who may ask: by which host name, and with which token.

use super::connections::Guest;
use super::{App, Failure, Shared};
use crate::metrics::PostResult;
use crate::systemd::UnitControl;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// Answers only to names it was told to have: a page of another site that points its own name at
/// loopback does not get through. A connection whose token is valid is noted as such.
pub(super) async fn admit<C: UnitControl>(
    State(shared): App<C>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    if let Some(guest) = request.extensions().get::<Guest>()
        && has_token(request.headers(), &shared.may_post())
    {
        guest.prove();
    }
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .map(name_of);
    let is_ours = |host: &str| {
        let allowed = &shared.engine.config.allowed_hosts;
        allowed
            .iter()
            .any(|h| name_of(h).eq_ignore_ascii_case(host))
    };
    match host {
        Some(host) if is_ours(host) => Ok(next.run(request).await),
        _ => Err(Failure(
            StatusCode::MISDIRECTED_REQUEST,
            "this Host header is not in allowed_hosts".to_owned(),
        )),
    }
}

/// The name in a Host header (RFC 9110, 7.2), without its port and without the brackets of an IPv6 address.
fn name_of(host: &str) -> &str {
    let name = match host.rsplit_once(':') {
        // An address without brackets has its colons elsewhere too.
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !is_bare_ipv6(host) => {
            name
        }
        _ => host,
    };
    name.strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name)
}

fn is_bare_ipv6(host: &str) -> bool {
    host.parse::<std::net::Ipv6Addr>().is_ok()
}

/// Whether the request has one of these as its bearer token. The scheme is written in any case (RFC 9110, 11.1).
fn has_token(headers: &HeaderMap, tokens: &[&str]) -> bool {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
        .map_or("", |(_, token)| token.trim_start_matches(' '));
    tokens
        .iter()
        .any(|token| bool::from(token.as_bytes().ct_eq(given.as_bytes())))
}

impl<C> Shared<C> {
    /// The tokens of those who may post alerts.
    fn may_post(&self) -> [&str; 2] {
        [&self.tokens.alertmanager, &self.tokens.operator]
    }

    fn missing(&self, whose: &str) -> Failure {
        let text = format!("this needs {whose} token as a bearer token");
        Failure(StatusCode::UNAUTHORIZED, text)
    }
}

/// The request is of one who may post alerts. As an extractor it stands before the body, of which nothing is read
/// otherwise.
pub(super) struct Sender;

impl<C: UnitControl> FromRequestParts<Arc<Shared<C>>> for Sender {
    type Rejection = Failure;

    async fn from_request_parts(
        parts: &mut Parts,
        shared: &Arc<Shared<C>>,
    ) -> Result<Self, Failure> {
        if has_token(&parts.headers, &shared.may_post()) {
            return Ok(Self);
        }
        shared.engine.metrics.post(PostResult::Unauthorized);
        let path = parts.uri.path();
        shared.strangers.happened(&format_args!("a post to {path}"));
        Err(shared.missing("Alertmanager's"))
    }
}

/// The request is the operator's. As an extractor it stands before the body, of which nothing is read otherwise.
pub(super) struct Operator;

impl<C: UnitControl> FromRequestParts<Arc<Shared<C>>> for Operator {
    type Rejection = Failure;

    async fn from_request_parts(
        parts: &mut Parts,
        shared: &Arc<Shared<C>>,
    ) -> Result<Self, Failure> {
        if has_token(&parts.headers, &[&shared.tokens.operator]) {
            return Ok(Self);
        }
        let (method, path) = (&parts.method, parts.uri.path());
        shared.strangers.happened(&format_args!("{method} {path}"));
        Err(shared.missing("the operator's"))
    }
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn a_host_is_known_by_its_name_alone() {
        for (header, name) in [
            ("localhost", "localhost"),
            ("LocalHost:5000", "LocalHost"),
            ("127.0.0.1:5000", "127.0.0.1"),
            ("[::1]:5000", "::1"),
            ("[::1]", "::1"),
            ("::1", "::1"),
            ("evil.example:localhost", "evil.example:localhost"),
        ] {
            assert_eq!(name_of(header), name, "{header}");
        }
    }
}
