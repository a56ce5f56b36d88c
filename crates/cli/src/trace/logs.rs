//! Log lines and kept spans of a trace, from Loki or VictoriaLogs.

use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Found, Line, Span, address, body};
use crate::args::TraceArgs;
use crate::spans::field;

/// The most entries that are read; Loki gives no more by default.
const MOST: usize = 5000;

/// An entry's fields by the names that Loki gives them, its time and its text.
struct Entry<'a> {
    at: u64,
    text: &'a str,
    fields: &'a Value,
}

/// Asks Loki and, where it has no answer, VictoriaLogs, from one time to another. Log lines are in `found`; the
/// answer is how the source is called, and the spans that it keeps.
pub(super) async fn ask(
    client: &reqwest::Client,
    args: &TraceArgs,
    window: (u64, u64),
    found: &mut Found,
) -> (Option<String>, Vec<Span>) {
    let (start, end, most) = (window.0.to_string(), window.1.to_string(), MOST.to_string());
    let times = [("start", start.as_str()), ("end", &end), ("limit", &most)];

    let query = format!("{{service_name=~\".+\"}} | trace_id=\"{}\"", args.id);
    let mut parameters = vec![("query", query.as_str()), ("direction", "forward")];
    parameters.extend(times);
    let url = address(
        &args.loki,
        &["loki", "api", "v1", "query_range"],
        &parameters,
    );
    let mut base = ("Loki", &args.loki);
    let mut read: fn(&[u8], &mut Found) -> Option<Vec<Span>> = loki;
    let before = found.notes.len();
    let mut answer = body(client, base.0, base.1, url, found).await;

    if answer.is_none() {
        let query = format!("trace_id:=\"{}\"", args.id);
        let mut parameters = vec![("query", query.as_str())];
        parameters.extend(times);
        let url = address(
            &args.victorialogs,
            &["select", "logsql", "query"],
            &parameters,
        );
        base = ("VictoriaLogs", &args.victorialogs);
        read = victorialogs;
        answer = body(client, base.0, base.1, url, found).await;
        if answer.is_some() {
            // One of the two is enough.
            found.notes.remove(before);
        }
    }
    let (name, url) = base;
    let Some(body) = answer else {
        return (None, Vec::new());
    };
    let Some(spans) = read(&body, found) else {
        found.notes.push(format!(
            "{name} at {url}: not the expected JSON; is that {name}?"
        ));
        return (None, Vec::new());
    };
    let count = spans.len() + found.lines.len();
    if count == 0 {
        found.notes.push(format!(
            "{name} at {url}: no entry with this trace_id in that time"
        ));
    } else if count >= MOST {
        found.notes.push(format!(
            "{name} has more than {MOST} entries of this trace: the rest is not shown"
        ));
    }
    (Some(format!("{name} at {url}")), spans)
}

/// Loki's streams: labels and structured metadata in one object, each value with its time in nanoseconds.
fn loki(body: &[u8], found: &mut Found) -> Option<Vec<Span>> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let mut spans = Vec::new();
    for stream in answer.get("data")?.get("result")?.as_array()? {
        let fields = stream.get("stream")?;
        for value in stream.get("values")?.as_array()? {
            let entry = Entry {
                at: value.get(0)?.as_str()?.parse().ok()?,
                text: value.get(1)?.as_str()?,
                fields,
            };
            entry.sort_into(&mut spans, &mut found.lines);
        }
    }
    Some(spans)
}

/// VictoriaLogs's entries: one JSON object a line, its time in RFC 3339, names with dots as they came.
fn victorialogs(body: &[u8], found: &mut Found) -> Option<Vec<Span>> {
    let mut spans = Vec::new();
    for line in body
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let fields: Value = serde_json::from_slice(line).ok()?;
        let at = OffsetDateTime::parse(fields.get("_time")?.as_str()?, &Rfc3339).ok()?;
        let entry = Entry {
            at: u64::try_from(at.unix_timestamp_nanos()).ok()?,
            text: fields
                .get("_msg")
                .and_then(Value::as_str)
                .unwrap_or_default(),
            fields: &fields,
        };
        entry.sort_into(&mut spans, &mut found.lines);
    }
    Some(spans)
}

impl Entry<'_> {
    /// The first of these fields that is there.
    fn field(&self, names: &[&str]) -> String {
        let text = |name: &&str| self.fields.get(*name).and_then(Value::as_str);
        names.iter().find_map(text).unwrap_or_default().to_owned()
    }

    fn sort_into(self, spans: &mut Vec<Span>, lines: &mut Vec<Line>) {
        let service = self.field(&["service_name", "service.name"]);
        if self.field(&[field::ENTRY_KIND]) != field::SPAN {
            lines.push(Line {
                at: self.at,
                span: self.field(&["span_id"]),
                service,
                severity: self.field(&["severity_text", "severity"]),
                text: self.text.to_owned(),
            });
            return;
        }
        let status = self.field(&[field::STATUS]);
        spans.push(Span {
            id: self.field(&["span_id"]),
            parent: self.field(&[field::PARENT]),
            service,
            name: self.field(&[field::NAME]),
            start: self.at,
            duration: nanos(&self.field(&[field::DURATION])).unwrap_or(0),
            status: if status == "unset" {
                String::new()
            } else {
                status
            },
            message: self.field(&[field::MESSAGE]),
        });
    }
}

/// Nanoseconds of milliseconds. `homeostat spans` writes six decimals, but VictoriaLogs keeps numbers as floating-point
/// ones: `53.589350` comes back as `53.58935`, and `0.453060` as `0.45305999999999996`.
fn nanos(milliseconds: &str) -> Option<u64> {
    let seconds = milliseconds.parse::<f64>().ok()? / 1000.0;
    let duration = Duration::try_from_secs_f64(seconds).ok()?;
    duration.as_nanos().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::nanos;

    #[test]
    fn durations_are_read_with_and_without_zeros_at_their_end() {
        for (text, wanted) in [
            ("35.214000", Some(35_214_000)),
            ("53.58935", Some(53_589_350)),
            ("12", Some(12_000_000)),
            ("0.000001", Some(1)),
            ("0.45305999999999996", Some(453_060)),
            ("86400000.123456", Some(86_400_000_123_456)),
            ("-1.5", None),
            ("1e30", None),
            ("NaN", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(nanos(text), wanted, "{text}");
        }
    }
}
