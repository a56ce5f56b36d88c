//! One trace in the terminal: its spans as a waterfall, its log lines between them.
//!
//! Spans come from Tempo or, where it has none, from the entries that `homeostat spans` wrote into the log store. Lines
//! come from that store: Loki, or VictoriaLogs where Loki does not answer.

mod logs;
mod tempo;
mod tree;
mod waterfall;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::Url;

use crate::Error;
use crate::args::TraceArgs;
use crate::client::{self, Answer};
use crate::terminal::printable;

/// Lines of a trace may be written, and stamped by the journal, somewhat outside the time of its spans.
const MARGIN: Duration = Duration::from_secs(300);

/// One span. Times are in nanoseconds, `start` since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    id: String,
    /// Empty for a root.
    parent: String,
    service: String,
    name: String,
    start: u64,
    duration: u64,
    /// `ok`, `error`, or empty where nothing was said.
    status: String,
    message: String,
}

impl Span {
    fn end(&self) -> u64 {
        self.start.saturating_add(self.duration)
    }
}

/// One log line. `span` is empty where the line does not say in which span it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    at: u64,
    span: String,
    service: String,
    severity: String,
    text: String,
}

/// What is known of a trace.
#[derive(Debug, Default)]
struct Found {
    spans: Vec<Span>,
    lines: Vec<Line>,
    /// What the reader has to know of it: who was asked in vain, what is missing.
    notes: Vec<String>,
}

/// Asks Tempo and the log store, and returns what is to be printed.
///
/// # Errors
/// Nobody has anything of this trace; the error names whom it asked and what they said.
pub async fn show(args: &TraceArgs) -> Result<String, Error> {
    let client = client::direct()?;
    let mut found = Found::default();
    let source = tempo::ask(&client, args, &mut found).await;
    let window = window(&found.spans, args.hours);
    let (store, entries) = logs::ask(&client, args, window, &mut found).await;
    let source = if found.spans.is_empty() {
        found.spans = entries;
        store
    } else {
        source
    };
    if found.spans.is_empty() && found.lines.is_empty() {
        return Err(Error::TraceNotFound {
            id: args.id.clone(),
            asked: found.notes.join("\n  "),
        });
    }
    Ok(waterfall::print(&args.id, source, found, args.width.into()))
}

/// From when to when the log store is asked, in nanoseconds since 1970.
fn window(spans: &[Span], hours: u32) -> (u64, u64) {
    let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let first = spans.iter().map(|span| span.start).min();
    let last = spans.iter().map(Span::end).max();
    if let (Some(first), Some(last)) = (first, last) {
        return (
            first.saturating_sub(nanos(MARGIN)),
            last.saturating_add(nanos(MARGIN)),
        );
    }
    // A host's clock may be behind that of whoever wrote.
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let back = Duration::from_secs(u64::from(hours) * 3600);
    (nanos(now.saturating_sub(back)), nanos(now + MARGIN))
}

/// The body of a 200; anything else is noted.
async fn body(
    client: &reqwest::Client,
    program: &str,
    base: &Url,
    url: Url,
    found: &mut Found,
) -> Option<Vec<u8>> {
    let problem = match client::ask(client, url).await {
        Ok(Answer { status: 200, body }) => return Some(body),
        Ok(Answer { status, body }) => {
            let text = String::from_utf8_lossy(&body);
            let said: String = text.trim().chars().take(200).collect();
            format!("answered {status} {}", printable(&said))
        }
        Err(silence) => silence.to_string(),
    };
    let note = format!("{program} at {base}: {problem}");
    found.notes.push(note.trim_end().to_owned());
    None
}

/// `base` with these segments and this query.
fn address(base: &Url, path: &[&str], query: &[(&str, &str)]) -> Url {
    let mut url = base.clone();
    url.path_segments_mut()
        .expect("invariant: an http URL has a path")
        .pop_if_empty()
        .extend(path);
    url.set_query(None);
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    url
}
