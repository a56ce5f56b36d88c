//! From spans and lines to the rows of a waterfall, whatever the spans say of their parents.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{Line, Span};

/// One row, with how deep it is below its root.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row<'a> {
    pub(super) depth: usize,
    pub(super) item: Item<'a>,
}

/// What a row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item<'a> {
    /// A span below its parent, or one without a parent.
    Span(&'a Span),
    /// A span whose parent is not there, or is below itself.
    Orphan(&'a Span),
    Line(&'a Line),
}

impl Item<'_> {
    fn start(&self) -> u64 {
        match self {
            Self::Span(span) | Self::Orphan(span) => span.start,
            Self::Line(line) => line.at,
        }
    }
}

/// Orders what is in time, and leaves out what is there twice: whoever sends tries again when in doubt.
pub(super) fn distinct(spans: &mut Vec<Span>, lines: &mut Vec<Line>) {
    spans.sort_by(|a, b| (a.start, &a.id, &a.name).cmp(&(b.start, &b.id, &b.name)));
    spans.dedup();
    lines.sort_by_key(|line| line.at);
    lines.dedup();
}

/// Each span below its parent, each line below the span that it names or, without one, the innermost span of its
/// service at its time; siblings in the order of time. Every span and line is there once.
pub(super) fn rows<'a>(spans: &'a [Span], lines: &'a [Line]) -> Vec<Row<'a>> {
    let known: BTreeSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
    let mut below: BTreeMap<&str, Vec<Item>> = BTreeMap::new();
    let mut tops = Vec::new();
    for span in spans {
        if known.contains(span.parent.as_str()) {
            below
                .entry(&span.parent)
                .or_default()
                .push(Item::Span(span));
        } else if span.parent.is_empty() {
            tops.push(Item::Span(span));
        } else {
            tops.push(Item::Orphan(span));
        }
    }
    for line in lines {
        match home(spans, &known, line) {
            Some(id) => below.entry(id).or_default().push(Item::Line(line)),
            None => tops.push(Item::Line(line)),
        }
    }
    let mut rows = Vec::new();
    descend(tops, &mut below, &mut rows);
    // What is left hangs on a circle of parents. It is opened at its earliest span.
    while let Some((id, item)) = earliest(&below) {
        let siblings = below
            .get_mut(id)
            .expect("invariant: the id is a key that was just found");
        siblings.retain(|other| *other != item);
        let top = match item {
            Item::Span(span) => Item::Orphan(span),
            other => other,
        };
        descend(vec![top], &mut below, &mut rows);
    }
    rows
}

/// Appends these items in order of time, each with everything below it. Without recursion: a chain of spans may be
/// longer than the stack.
fn descend<'a>(
    tops: Vec<Item<'a>>,
    below: &mut BTreeMap<&'a str, Vec<Item<'a>>>,
    rows: &mut Vec<Row<'a>>,
) {
    let latest_first = |mut items: Vec<Item<'a>>| {
        items.sort_by_key(Item::start);
        items.reverse();
        items
    };
    let mut waiting: Vec<_> = latest_first(tops)
        .into_iter()
        .map(|item| (0, item))
        .collect();
    while let Some((depth, item)) = waiting.pop() {
        if let Item::Span(span) | Item::Orphan(span) = item {
            // Of several spans with one id, the first gets what is below.
            let children = below.remove(span.id.as_str()).unwrap_or_default();
            waiting.extend(
                latest_first(children)
                    .into_iter()
                    .map(|item| (depth + 1, item)),
            );
        }
        rows.push(Row { depth, item });
    }
}

fn earliest<'a>(below: &BTreeMap<&'a str, Vec<Item<'a>>>) -> Option<(&'a str, Item<'a>)> {
    let spans = below
        .iter()
        .flat_map(|(id, items)| items.iter().map(|item| (*id, *item)));
    spans
        .filter(|(_, item)| matches!(item, Item::Span(_)))
        .min_by_key(|(_, item)| item.start())
}

/// The id of the span that a line belongs to.
fn home<'a>(spans: &'a [Span], known: &BTreeSet<&'a str>, line: &Line) -> Option<&'a str> {
    if let Some(id) = known.get(line.span.as_str()) {
        return Some(id);
    }
    spans
        .iter()
        .filter(|span| span.service == line.service)
        .filter(|span| span.start <= line.at && line.at <= span.end())
        .min_by_key(|span| (span.duration, Reverse(span.start)))
        .map(|span| span.id.as_str())
}

#[cfg(test)]
mod tests;
