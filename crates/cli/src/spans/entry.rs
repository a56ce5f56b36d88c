//! From spans to entries of the log store: OTLP log records, one for each span, of a bounded size.

use std::fmt::{self, Write as _};

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, SeverityNumber};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::{DecodeError, Message as _};

use super::bounded::{self, Bounded};
use super::field;
use super::wire::messages;

/// The most bytes of each text of an entry, before the mark that something was cut. An entry has less than 6 KiB; Loki
/// takes lines of 256 KiB with 64 KiB of fields.
const NAME_BYTES: usize = 256;
const MESSAGE_BYTES: usize = 512;
const ATTRIBUTES_BYTES: usize = 2048;
const EVENTS_BYTES: usize = 2048;

/// The largest span, and the largest description of a program, that is decoded. In memory it may take a hundred times
/// as much.
const DECODED_BYTES: usize = 512 * 1024;

/// What a program is called that does not say its name: OpenTelemetry's own word.
const UNKNOWN_SERVICE: &str = "unknown_service";

/// Service and host, as log lines have them. VictoriaLogs makes a stream of each combination, so no more than these.
pub(super) fn resource(group: &[u8]) -> Result<Resource, DecodeError> {
    // ResourceSpans.resource is field 1.
    let given = match messages(group, 1).next().transpose()? {
        Some(bytes) if bytes.len() <= DECODED_BYTES => Resource::decode(bytes)?,
        _ => Resource::default(),
    };
    let named = |wanted: &str| {
        given.attributes.iter().find_map(|attribute| {
            match attribute
                .value
                .as_ref()
                .and_then(|value| value.value.as_ref())
            {
                Some(Value::StringValue(text)) if attribute.key == wanted && !text.is_empty() => {
                    Some(bounded::text(text, NAME_BYTES))
                }
                _ => None,
            }
        })
    };
    let service = named("service.name").unwrap_or_else(|| UNKNOWN_SERVICE.to_owned());
    let mut attributes = vec![string("service.name", service)];
    attributes.extend(named("host.name").map(|host| string("host.name", host)));
    Ok(Resource {
        attributes,
        ..Resource::default()
    })
}

/// The entry of a span; none where it could never be found, because its identifiers are not valid, or where it is too
/// large.
pub(super) fn record(span: &[u8]) -> Result<Option<LogRecord>, DecodeError> {
    if span.len() > DECODED_BYTES {
        return Ok(None);
    }
    let span = Span::decode(span)?;
    let set = |id: &[u8], length| id.len() == length && id.iter().any(|byte| *byte != 0);
    let valid = set(&span.trace_id, 16) && set(&span.span_id, 8);
    Ok(valid.then(|| written_down(span)))
}

fn written_down(span: Span) -> LogRecord {
    let nanos = span
        .end_time_unix_nano
        .saturating_sub(span.start_time_unix_nano);
    let name = bounded::text(&span.name, NAME_BYTES);
    let status = span.status.clone().unwrap_or_default();
    let message = bounded::text(&status.message, MESSAGE_BYTES);
    let (kind, outcome) = (kind(span.kind()), outcome(status.code()));

    let mut body = format!("{kind} span {name}, {}, {outcome}", milliseconds(nanos));
    if !message.is_empty() {
        let _ = write!(body, ": {message}");
    }
    let texts = [
        (field::ENTRY_KIND, field::SPAN.to_owned()),
        (field::PARENT, hex(&span.parent_span_id)),
        (field::NAME, name),
        (field::SPAN_KIND, kind.to_owned()),
        (field::STATUS, outcome.to_owned()),
        (field::MESSAGE, message),
        (
            field::ATTRIBUTES,
            written(ATTRIBUTES_BYTES, |out| {
                bounded::write_attributes(out, &span.attributes)
            }),
        ),
        (
            field::EVENTS,
            written(EVENTS_BYTES, |out| {
                write_events(out, &span.events, span.start_time_unix_nano)
            }),
        ),
    ];
    let mut attributes: Vec<_> = texts
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(key, text)| string(key, text))
        .collect();
    attributes.push(string(field::DURATION, decimal(nanos)));

    LogRecord {
        time_unix_nano: span.start_time_unix_nano,
        observed_time_unix_nano: span.end_time_unix_nano,
        // Below every log line's: who looks for errors among the lines does not find them twice.
        severity_number: SeverityNumber::Trace.into(),
        severity_text: "TRACE".to_owned(),
        body: Some(AnyValue {
            value: Some(Value::StringValue(body)),
        }),
        attributes,
        trace_id: span.trace_id,
        span_id: span.span_id,
        ..LogRecord::default()
    }
}

/// `NAME +1.500 ms key=value; NAME ...`, with the time since the span's start.
fn write_events(out: &mut Bounded, events: &[Event], start: u64) -> fmt::Result {
    for (index, event) in events.iter().enumerate() {
        let after = milliseconds(event.time_unix_nano.saturating_sub(start));
        let separator = if index > 0 { "; " } else { "" };
        write!(out, "{separator}{} +{after}", event.name)?;
        if !event.attributes.is_empty() {
            out.write_char(' ')?;
            bounded::write_attributes(out, &event.attributes)?;
        }
    }
    Ok(())
}

fn written(limit: usize, write: impl FnOnce(&mut Bounded) -> fmt::Result) -> String {
    let mut out = Bounded::new(limit);
    // What does not fit is marked by `finish`.
    let _ = write(&mut out);
    out.finish()
}

fn kind(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
        SpanKind::Internal | SpanKind::Unspecified => "internal",
    }
}

fn outcome(code: StatusCode) -> &'static str {
    match code {
        StatusCode::Unset => "unset",
        StatusCode::Ok => "ok",
        StatusCode::Error => "error",
    }
}

/// Milliseconds with every nanosecond, as a decimal number.
fn decimal(nanos: u64) -> String {
    format!("{}.{:06}", nanos / 1_000_000, nanos % 1_000_000)
}

/// Milliseconds for reading, cut to the microsecond.
fn milliseconds(nanos: u64) -> String {
    format!("{}.{:03} ms", nanos / 1_000_000, nanos / 1000 % 1000)
}

fn hex(id: &[u8]) -> String {
    id.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn string(key: &str, text: String) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(text)),
        }),
        ..KeyValue::default()
    }
}

#[cfg(test)]
mod tests;
