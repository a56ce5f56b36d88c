use super::print;
use crate::trace::{Found, Line, Span};

const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn span(id: &str, parent: &str, name: &str, start: u64, duration: u64) -> Span {
    Span {
        id: id.to_owned(),
        parent: parent.to_owned(),
        service: "homeostat-api".to_owned(),
        name: name.to_owned(),
        start: 1_764_172_800_000_000_000 + start,
        duration,
        status: String::new(),
        message: String::new(),
    }
}

#[test]
fn the_waterfall_shows_when_how_long_who_and_how_it_ended() {
    let mut failed = span("3", "1", "INSERT transactions", 21_000_999, 12_456_000);
    failed.status = "error".to_owned();
    failed.message = "deadlock detected".to_owned();
    let found = Found {
        spans: vec![
            span("1", "", "POST /transactions/create", 0, 35_214_000),
            failed,
            span("4", "9", "odd\u{1b}[2J", 40_000_000, 500),
        ],
        lines: vec![Line {
            at: 1_764_172_800_034_000_000,
            span: String::new(),
            service: "homeostat-api".to_owned(),
            severity: "INFO".to_owned(),
            text: "transaction\ncreated".to_owned(),
        }],
        notes: vec!["Tempo at http://127.0.0.1:3200/: silent".to_owned()],
    };
    let expected = "\
Trace 4bf92f3577b34da6a3ce929d0e0e4736
3 spans, 1 log line, 40.000 ms from 2025-11-26T16:00:00Z on
Spans from VictoriaLogs
Tempo at http://127.0.0.1:3200/: silent

START ms TOOK ms          STATUS SERVICE       SPAN OR LINE
   0.000  35.214 =======         homeostat-api POST /transactions/create
  21.000  12.456     ==   error  homeostat-api   INSERT transactions: deadlock …
  34.000                  INFO   homeostat-api   | transaction\\ncreated
  40.000   0.000        =        homeostat-api ? odd\\u{1b}[2J

? marks a span whose parent is not among these.
";
    assert_eq!(
        print(ID, Some("VictoriaLogs".to_owned()), found, 80),
        expected
    );
}

#[test]
fn no_row_is_wider_than_the_terminal_however_deep_the_span() {
    let mut spans: Vec<_> = (0..60u64)
        .map(|n| {
            span(
                &n.to_string(),
                &n.checked_sub(1).map_or(String::new(), |n| n.to_string()),
                &"ü".repeat(300),
                n * 1_000_000_000,
                9_000_000_000,
            )
        })
        .collect();
    for span in &mut spans {
        span.service = "a-service-with-a-long-name".to_owned();
        span.status = "error".to_owned();
    }
    for width in [80, 200] {
        let found = Found {
            spans: spans.clone(),
            ..Found::default()
        };
        let text = print(ID, None, found, width);
        assert!(
            text.lines().all(|line| line.chars().count() <= width),
            "{text}"
        );
        assert!(
            text.lines()
                .last()
                .is_some_and(|line| line.chars().count() == width && line.ends_with("üüü…")),
            "{text}"
        );
    }
}

#[test]
fn lines_without_spans_are_a_trace_too() {
    let line = Line {
        at: 1,
        span: String::new(),
        service: "shop".to_owned(),
        severity: "ERROR".to_owned(),
        text: "refused".to_owned(),
    };
    let found = Found {
        lines: vec![line],
        ..Found::default()
    };
    let text = print(ID, None, found, 80);
    assert!(
        text.contains("0 spans, 1 log line, 0.000 ms from 1970-01-01T00:00:00Z on"),
        "{text}"
    );
    assert!(
        text.ends_with("   0.000                  ERROR  shop    | refused\n"),
        "{text}"
    );
}
