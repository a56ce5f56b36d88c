//! The rows as text for a terminal of some width.

use std::fmt::Write as _;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::tree::{self, Item, Row};
use super::{Found, Span};
use crate::terminal::printable;

/// So much of the last column is for names, however deep a span is.
const NAME: usize = 20;

/// The head, a row for each span and line, and what the reader has to know.
pub(super) fn print(id: &str, source: Option<String>, mut found: Found, width: usize) -> String {
    tree::distinct(&mut found.spans, &mut found.lines);
    let Found {
        spans,
        lines,
        notes,
    } = &found;
    let starts = spans.iter().map(|span| span.start);
    let first = starts
        .chain(lines.iter().map(|line| line.at))
        .min()
        .unwrap_or(0);
    let ends = spans.iter().map(Span::end);
    let last = ends
        .chain(lines.iter().map(|line| line.at))
        .max()
        .unwrap_or(0);

    let mut text = format!("Trace {id}\n");
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{}, {}, {} ms from {} on\nSpans from {}",
        count(spans.len(), "span"),
        count(lines.len(), "log line"),
        milliseconds(last - first),
        moment(first),
        source.as_deref().unwrap_or("nobody"),
    );
    for note in notes {
        let _ = writeln!(text, "{note}");
    }
    text.push('\n');

    let rows = tree::rows(spans, lines);
    let cells: Vec<_> = rows
        .iter()
        .map(|row| cells(row, first, last, width))
        .collect();
    let widest = |column: usize, heading: &str| {
        let cells = cells.iter().map(|cells| cells[column].chars().count());
        cells.max().unwrap_or(0).max(heading.len())
    };
    let (offset, duration) = (widest(0, "START ms"), widest(1, "TOOK ms"));
    let (bar, status, service) = (width / 10, widest(3, "STATUS"), widest(4, "SERVICE"));
    let left = width.saturating_sub(offset + duration + bar + status + service + 5);
    let mut line = |[a, b, c, d, e]: [&str; 5], name: &str| {
        let row = format!("{a:>offset$} {b:>duration$} {c:bar$} {d:status$} {e:service$} {name}");
        let _ = writeln!(text, "{}", row.trim_end());
    };
    line(
        ["START ms", "TOOK ms", "", "STATUS", "SERVICE"],
        "SPAN OR LINE",
    );
    for (row, cells) in rows.iter().zip(&cells) {
        let [a, b, c, d, e] = cells;
        let indent = (2 * row.depth).min(left.saturating_sub(NAME));
        let name = cut(&name(row), left.saturating_sub(indent));
        line([a, b, c, d, e], &format!("{:indent$}{name}", ""));
    }
    if rows.iter().any(|row| matches!(row.item, Item::Orphan(_))) {
        text.push_str("\n? marks a span whose parent is not among these.\n");
    }
    text
}

/// Everything of a row before its name: start, duration, bar, status, service.
fn cells(row: &Row, first: u64, last: u64, width: usize) -> [String; 5] {
    let service = |name: &str| cut(&printable(name), width / 4);
    match row.item {
        Item::Span(span) | Item::Orphan(span) => [
            milliseconds(span.start - first),
            milliseconds(span.duration),
            bar(
                span.start - first,
                span.end() - first,
                last - first,
                width / 10,
            ),
            cut(&printable(&span.status), 5),
            service(&span.service),
        ],
        Item::Line(line) => [
            milliseconds(line.at - first),
            String::new(),
            String::new(),
            cut(&printable(&line.severity), 6),
            service(&line.service),
        ],
    }
}

fn name(row: &Row) -> String {
    let (mark, name, message) = match row.item {
        Item::Span(span) => ("", &span.name, &span.message),
        Item::Orphan(span) => ("? ", &span.name, &span.message),
        Item::Line(line) => ("| ", &line.text, &String::new()),
    };
    let separator = if message.is_empty() { "" } else { ": " };
    printable(&format!("{mark}{name}{separator}{message}"))
}

/// Where in the whole trace a span lies. Even the shortest is seen.
fn bar(start: u64, end: u64, whole: u64, width: usize) -> String {
    let place = |at: u64| {
        let place = u128::from(at) * width as u128 / u128::from(whole.max(1));
        usize::try_from(place).unwrap_or(width)
    };
    let begins = place(start).min(width.saturating_sub(1));
    let ends = place(end).clamp(begins + 1, width);
    format!("{:begins$}{:=<length$}", "", "", length = ends - begins)
}

/// At most so many characters; the last says that there were more.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    kept + "…"
}

fn milliseconds(nanos: u64) -> String {
    format!("{}.{:03}", nanos / 1_000_000, nanos / 1000 % 1000)
}

fn moment(nanos: u64) -> String {
    let seconds = i64::try_from(nanos / 1_000_000_000).unwrap_or(0);
    let micros = nanos / 1000 % 1_000_000 * 1000;
    let at = OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|at| {
            at.replace_nanosecond(u32::try_from(micros).unwrap_or(0))
                .ok()
        });
    at.and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_else(|| "an unknown time".to_owned())
}

fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

#[cfg(test)]
mod tests;
