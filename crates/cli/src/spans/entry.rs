//! From spans to entries of the log store: OTLP log records, one for each span, of a bounded size.

use std::fmt::{self, Write as _};

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};

use super::bounded::{self, Bounded};
use super::field;

/// The most bytes of each text of an entry, before the mark that something was cut. An entry has less than 6 KiB; Loki
/// takes lines of 256 KiB with 64 KiB of fields.
const NAME_BYTES: usize = 256;
const MESSAGE_BYTES: usize = 512;
const ATTRIBUTES_BYTES: usize = 2048;
const EVENTS_BYTES: usize = 2048;

/// Spans that are entries at the same time: they bound what is in memory beside the request itself.
const PORTION: usize = 500;

/// What a program is called that does not say its name: OpenTelemetry's own word.
const UNKNOWN_SERVICE: &str = "unknown_service";

/// Whether a span can be found: its identifiers have their length and are not zero.
pub(super) fn is_valid(span: &Span) -> bool {
    let set = |id: &[u8], length| id.len() == length && id.iter().any(|byte| *byte != 0);
    set(&span.trace_id, 16) && set(&span.span_id, 8)
}

/// The valid spans of a request as requests to the log store, each of them of fewer than two portions.
pub(super) fn portions(
    request: ExportTraceServiceRequest,
) -> impl Iterator<Item = ExportLogsServiceRequest> {
    let mut groups = request.resource_spans.into_iter().flat_map(groups);
    std::iter::from_fn(move || {
        let (mut resource_logs, mut count) = (Vec::new(), 0);
        while count < PORTION
            && let Some((records, group)) = groups.next()
        {
            count += records;
            resource_logs.push(group);
        }
        (count > 0).then_some(ExportLogsServiceRequest { resource_logs })
    })
}

/// The spans of one program, at most a portion at a time, and how many those are.
fn groups(spans: ResourceSpans) -> impl Iterator<Item = (usize, ResourceLogs)> {
    let resource = resource(spans.resource.unwrap_or_default());
    let mut valid = spans
        .scope_spans
        .into_iter()
        .flat_map(|scope| scope.spans)
        .filter(is_valid);
    std::iter::from_fn(move || {
        let log_records: Vec<_> = valid.by_ref().take(PORTION).map(record).collect();
        let count = log_records.len();
        let scope_logs = ScopeLogs {
            scope: Some(InstrumentationScope {
                name: "homeostat.spans".to_owned(),
                ..InstrumentationScope::default()
            }),
            log_records,
            ..ScopeLogs::default()
        };
        (count > 0).then(|| {
            let logs = ResourceLogs {
                resource: Some(resource.clone()),
                scope_logs: vec![scope_logs],
                ..ResourceLogs::default()
            };
            (count, logs)
        })
    })
}

/// Service and host, as log lines have them. VictoriaLogs makes a stream of each combination, so no more than these.
fn resource(given: Resource) -> Resource {
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
    Resource {
        attributes,
        ..Resource::default()
    }
}

fn record(span: Span) -> LogRecord {
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
