//! From the body of an OTLP request to entries of the log store, a portion at a time.

use std::io::Read as _;

use axum::http::StatusCode;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use prost::DecodeError;
use tokio::sync::mpsc::Sender;

use super::portion::Portion;
use super::wire::messages;
use super::{BODY_LIMIT, Refusal, entry};

/// Sends the entries of all spans, and returns how many spans can be none. It stops when nobody takes any more.
///
/// What is damaged in its middle is refused only then: whole spans before it are kept.
pub(super) fn read(
    body: &[u8],
    packed: bool,
    out: &Sender<ExportLogsServiceRequest>,
) -> Result<i64, Refusal> {
    if !packed {
        return split(body, out).map_err(unreadable);
    }
    let limit = u64::try_from(BODY_LIMIT).unwrap_or(u64::MAX);
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(body)
        .take(limit + 1)
        .read_to_end(&mut plain)
        .map_err(|error| bad(format!("the body is not whole gzip: {error}")))?;
    if plain.len() > BODY_LIMIT {
        return Err(Refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("more than {BODY_LIMIT} bytes when unpacked; send fewer spans at once"),
        ));
    }
    split(&plain, out).map_err(unreadable)
}

/// ExportTraceServiceRequest.resource_spans is field 1; ResourceSpans.scope_spans and ScopeSpans.spans are field 2.
fn split(request: &[u8], out: &Sender<ExportLogsServiceRequest>) -> Result<i64, DecodeError> {
    let (mut portion, mut rejected) = (Portion::default(), 0);
    for group in messages(request, 1) {
        let group = group?;
        let resource = entry::resource(group)?;
        for scope in messages(group, 2) {
            for span in messages(scope?, 2) {
                match entry::record(span?)? {
                    Some(record) => portion.push(&resource, record),
                    None => rejected += 1,
                }
                if let Some(full) = portion.full()
                    && out.blocking_send(full).is_err()
                {
                    return Ok(rejected);
                }
            }
        }
    }
    if let Some(rest) = portion.rest() {
        // Who does not take it has an error of its own to tell.
        let _ = out.blocking_send(rest);
    }
    Ok(rejected)
}

fn unreadable(error: DecodeError) -> Refusal {
    bad(format!("the body is no ExportTraceServiceRequest: {error}"))
}

fn bad(problem: String) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, problem)
}
