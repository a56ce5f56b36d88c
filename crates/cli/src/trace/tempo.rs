//! Spans from Tempo: OTLP in the JSON form of protobuf, with identifiers in Base64.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use std::fmt::Write as _;

use super::{Found, Span, address, body};
use crate::args::TraceArgs;
use crate::terminal::printable;

/// Asks by the trace's identifier. What is found is in `found`; the answer is how its source is called.
pub(super) async fn ask(
    client: &reqwest::Client,
    args: &TraceArgs,
    found: &mut Found,
) -> Option<String> {
    // The second version of this route, since Tempo 2.7, says when a trace is too large to be shown whole.
    let url = address(&args.tempo, &["api", "v2", "traces", &args.id], &[]);
    let body = body(client, "Tempo", &args.tempo, url, found).await?;
    let answer = match serde_json::from_slice(&body) {
        Ok(answer) => answer,
        Err(error) => {
            let note = format!("Tempo at {}: not the expected JSON ({error})", args.tempo);
            found.notes.push(note);
            return None;
        }
    };
    found.spans = spans(&answer);
    if found.spans.is_empty() {
        found
            .notes
            .push(format!("Tempo at {}: no such trace", args.tempo));
        return None;
    }
    found.notes.extend(partial(&answer));
    Some(format!("Tempo at {}", args.tempo))
}

/// What Tempo says of a trace that it does not give whole.
fn partial(answer: &Value) -> Option<String> {
    // The enumeration's name, or its number where a version writes numbers.
    let status = answer.get("status")?;
    (status == "PARTIAL" || status == 1).then(|| {
        let message = answer
            .get("message")
            .and_then(Value::as_str)
            .unwrap_or("no reason given");
        format!(
            "This trace is not whole, says Tempo: {}",
            printable(message)
        )
    })
}

/// The spans of an answer. Zeros and empty texts are left out of this JSON.
fn spans(answer: &Value) -> Vec<Span> {
    let trace = answer.get("trace").unwrap_or(answer);
    let groups = ["resourceSpans", "batches"].map(|name| list(trace, name));
    let mut spans = Vec::new();
    for group in groups.into_iter().flatten() {
        let service = list(&group["resource"], "attributes")
            .iter()
            .find(|attribute| attribute["key"] == "service.name")
            .map_or("", |attribute| text(&attribute["value"], "stringValue"));
        for span in list(group, "scopeSpans")
            .iter()
            .flat_map(|scope| list(scope, "spans"))
        {
            let (start, end) = (
                nanos(span, "startTimeUnixNano"),
                nanos(span, "endTimeUnixNano"),
            );
            spans.push(Span {
                id: id(text(span, "spanId")),
                parent: id(text(span, "parentSpanId")),
                service: service.to_owned(),
                name: text(span, "name").to_owned(),
                start,
                duration: end.saturating_sub(start),
                status: match text(&span["status"], "code") {
                    "STATUS_CODE_OK" => "ok".to_owned(),
                    "STATUS_CODE_ERROR" => "error".to_owned(),
                    _ => String::new(),
                },
                message: text(&span["status"], "message").to_owned(),
            });
        }
    }
    spans
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// JSON holds 64 bits as text.
fn nanos(span: &Value, name: &str) -> u64 {
    text(span, name).parse().unwrap_or(0)
}

/// An identifier in hex, as everywhere else. One that cannot be read stays as it is, and is then seen.
fn id(encoded: &str) -> String {
    let Ok(bytes) = BASE64_STANDARD.decode(encoded) else {
        return encoded.to_owned();
    };
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
