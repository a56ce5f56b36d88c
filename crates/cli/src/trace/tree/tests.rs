use super::{Item, distinct, rows};
use crate::trace::{Line, Span};

/// A span of the service `api` that takes from one time to another.
fn span(id: &str, parent: &str, start: u64, end: u64) -> Span {
    Span {
        id: id.to_owned(),
        parent: parent.to_owned(),
        service: "api".to_owned(),
        name: String::new(),
        start,
        duration: end - start,
        status: String::new(),
        message: String::new(),
    }
}

fn line(at: u64, span: &str, service: &str) -> Line {
    Line {
        at,
        span: span.to_owned(),
        service: service.to_owned(),
        severity: String::new(),
        text: format!("line {at}"),
    }
}

/// The rows as depth and name, with `?` before orphans.
fn drawn(spans: &[Span], lines: &[Line]) -> Vec<String> {
    let rows = rows(spans, lines);
    let show = |item| match item {
        Item::Span(span) => span.id.clone(),
        Item::Orphan(span) => format!("?{}", span.id),
        Item::Line(line) => line.text.clone(),
    };
    rows.iter()
        .map(|row| format!("{} {}", row.depth, show(row.item)))
        .collect()
}

#[test]
fn children_stand_below_their_parents_in_order_of_time() {
    let spans = [
        span("late", "root", 60, 80),
        span("root", "", 0, 100),
        span("deep", "early", 20, 30),
        span("early", "root", 10, 50),
    ];
    assert_eq!(
        drawn(&spans, &[]),
        ["0 root", "1 early", "2 deep", "1 late"]
    );
}

#[test]
fn lines_stand_in_the_span_that_they_name_or_the_innermost_of_their_service_and_time() {
    let mut other = span("other", "root", 10, 50);
    other.service = "shop".to_owned();
    let spans = [
        span("root", "", 0, 100),
        other,
        span("inner", "root", 60, 80),
    ];
    let lines = [
        line(5, "other", "api"),
        line(20, "", "api"),
        line(30, "unknown", "shop"),
        line(70, "", "api"),
        line(200, "", "api"),
        line(40, "", "elsewhere"),
    ];
    assert_eq!(
        drawn(&spans, &lines),
        [
            "0 root",
            "1 other",
            "2 line 5",
            "2 line 30",
            "1 line 20",
            "1 inner",
            "2 line 70",
            "0 line 40",
            "0 line 200",
        ]
    );
}

#[test]
fn orphans_are_shown_with_all_that_is_below_them() {
    let spans = [
        span("root", "", 0, 100),
        span("orphan", "gone", 10, 50),
        span("child", "orphan", 20, 30),
    ];
    assert_eq!(drawn(&spans, &[]), ["0 root", "0 ?orphan", "1 child"]);
}

#[test]
fn circles_of_parents_are_opened_at_their_earliest_span() {
    let spans = [
        span("a", "b", 20, 30),
        span("b", "a", 10, 50),
        span("below", "a", 25, 26),
        span("self", "self", 5, 6),
    ];
    assert_eq!(
        drawn(&spans, &[line(7, "a", "api")]),
        ["0 ?self", "0 ?b", "1 a", "2 line 7", "2 below"]
    );
}

#[test]
fn what_came_twice_is_there_once_and_ids_used_twice_are_both_there() {
    let mut spans = vec![
        span("x", "", 0, 9),
        span("x", "", 0, 9),
        span("x", "", 1, 2),
        span("y", "x", 3, 4),
    ];
    let mut lines = vec![line(5, "", "api"), line(5, "", "api")];
    distinct(&mut spans, &mut lines);
    assert_eq!(drawn(&spans, &lines), ["0 x", "1 y", "1 line 5", "0 x"]);
}

#[test]
fn a_long_chain_of_spans_does_not_exhaust_the_stack() {
    let spans: Vec<_> = (0..100_000u64)
        .map(|n| {
            span(
                &n.to_string(),
                &n.checked_sub(1).map_or(String::new(), |n| n.to_string()),
                n,
                n + 1,
            )
        })
        .collect();
    assert_eq!(
        drawn(&spans, &[]).last().map(String::as_str),
        Some("99999 99999")
    );
}
