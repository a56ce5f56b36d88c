//! `homeostat trace` against servers that answer as Tempo, Loki and VictoriaLogs do. VictoriaLogs's answer is recorded from
//! 1.52.1; the others hold the same trace in the forms of Tempo's and Loki's interfaces.

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::routing::get;

use super::{output, run, serve, stderr};

const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const OTHER: &str = "00000000000000000000000000000001";

/// Where nobody listens.
fn nowhere() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

async fn tempo(answer: &'static str) -> String {
    let one = move |Path(id): Path<String>| async move {
        if id == ID {
            Ok(answer)
        } else {
            Err(StatusCode::NOT_FOUND)
        }
    };
    format!(
        "http://{}",
        serve(Router::new().route("/api/v2/traces/{id}", get(one))).await
    )
}

/// A log store that has an answer for our trace, and another for those that it does not know.
async fn store(path: &str, answer: &'static str, empty: &'static str) -> String {
    let query = move |RawQuery(query): RawQuery| async move {
        let query = query.unwrap();
        assert!(
            query.contains("start=") && query.contains("end=") && query.contains("limit=5000"),
            "{query}"
        );
        if query.contains(ID) { answer } else { empty }
    };
    format!(
        "http://{}",
        serve(Router::new().route(path, get(query))).await
    )
}

async fn loki() -> String {
    let empty = r#"{"status":"success","data":{"resultType":"streams","result":[]}}"#;
    store(
        "/loki/api/v1/query_range",
        include_str!("trace/loki.json"),
        empty,
    )
    .await
}

async fn victorialogs() -> String {
    store(
        "/select/logsql/query",
        include_str!("trace/victorialogs.jsonl"),
        "",
    )
    .await
}

/// Runs the command; it has to succeed.
async fn trace(tempo: &str, loki: &str, victorialogs: &str) -> String {
    let args = [
        "trace",
        ID,
        "--tempo",
        tempo,
        "--loki",
        loki,
        "--victorialogs",
        victorialogs,
    ];
    let output = output(&args).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// The rows alone: what is above them names free ports.
fn rows(text: &str) -> &str {
    text.split_once("\n\n").unwrap().1
}

const ROWS: &str = "\
START ms TOOK ms          STATUS SERVICE       SPAN OR LINE
   0.000  35.214 ======          homeostat-api POST /transactions/create
   1.201  19.310 ====            homeostat-api   POST /charges
  21.000  12.456     ==   error  homeostat-api   INSERT transactions: deadlock …
  34.000                  INFO   homeostat-api   | transaction created
  40.000   1.000        =        homeostat-api ? an orphan\\u{1b}[2J

? marks a span whose parent is not among these.
";

#[test]
fn one_trace_looks_the_same_from_tempo_and_from_kept_spans() {
    run(async {
        let whole = tempo(include_str!("trace/tempo.json")).await;
        let (loki, victorialogs) = (loki().await, victorialogs().await);

        let text = trace(&whole, &loki, &nowhere()).await;
        assert_eq!(rows(&text), ROWS);
        assert!(
            text.contains(&format!("Spans from Tempo at {whole}")),
            "{text}"
        );
        let text = trace(&whole, &nowhere(), &victorialogs).await;
        assert_eq!(rows(&text), ROWS);
        assert!(!text.contains("Loki"), "{text}");

        let text = trace(&nowhere(), &nowhere(), &victorialogs).await;
        assert_eq!(rows(&text), ROWS);
        assert!(
            text.contains("4 spans, 1 log line, 41.000 ms from 2026-11-26T16:45:32.362914Z on"),
            "{text}"
        );
        assert!(
            text.contains(&format!("Spans from VictoriaLogs at {victorialogs}")),
            "{text}"
        );
        assert!(
            text.contains("Tempo at http://") && text.contains("Connection refused"),
            "{text}"
        );
    });
}

#[test]
fn what_is_missing_is_said() {
    run(async {
        let part = tempo(r#"{"trace":{"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{},"spans":[{"traceId":"S/kvNXezTaajzpKdDg5HNg==","spanId":"AQEBAQEBAQE=","name":"GET /","startTimeUnixNano":"1","endTimeUnixNano":"2"}]}]}]},"status":"PARTIAL","message":"Trace exceeds maximum size"}"#).await;
        let text = trace(&part, &nowhere(), &nowhere()).await;
        assert!(
            text.contains("not whole, says Tempo: Trace exceeds maximum size"),
            "{text}"
        );
        for program in ["Loki", "VictoriaLogs"] {
            assert!(text.contains(&format!("{program} at http://")), "{text}");
        }
    });
}

#[test]
fn a_trace_that_nobody_has_is_an_error_that_names_who_was_asked() {
    run(async {
        let (tempo, loki) = (tempo("{}").await, loki().await);
        for id in [OTHER, &ID.to_uppercase()[..31]] {
            let output = output(&["trace", id, "--tempo", &tempo, "--loki", &loki]).await;
            let text = stderr(&output);
            let (code, words) = if id == OTHER {
                (
                    1,
                    vec![
                        format!("Tempo at {tempo}/: answered 404"),
                        format!("Loki at {loki}/: no entry"),
                    ],
                )
            } else {
                (64, vec!["32 hex digits".to_owned()])
            };
            assert_eq!(output.status.code(), Some(code), "{text}");
            assert!(words.iter().all(|word| text.contains(word)), "{text}");
        }
        // Another program on the port is told apart from silence.
        let other = tempo;
        let output = output(&[
            "trace",
            ID,
            "--tempo",
            &nowhere(),
            "--loki",
            &other,
            "--victorialogs",
            &nowhere(),
        ])
        .await;
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(
            text.contains(&format!("Loki at {other}/: answered 404")),
            "{text}"
        );
    });
}
