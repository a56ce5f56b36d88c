//! `homeostat load` against servers that count what arrives.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Redirect;
use axum::routing::{get, post};
use serde_json::Value;

use super::{output, run, serve, stderr};

const TOKEN: &str = "0123456789abcdef";

/// Every body that came with the right token.
type Received = Arc<Mutex<Vec<String>>>;

async fn webhook(received: Received) -> String {
    let handler = move |headers: HeaderMap, body: String| async move {
        let expected = format!("Bearer {TOKEN}");
        if headers
            .get(header::AUTHORIZATION)
            .is_none_or(|value| value.as_bytes() != expected.as_bytes())
        {
            return StatusCode::UNAUTHORIZED;
        }
        received.lock().unwrap().push(body);
        StatusCode::OK
    };
    format!(
        "http://{}/webhook",
        serve(Router::new().route("/webhook", post(handler))).await
    )
}

fn token_file(folder: &Path, token: &str) -> String {
    let path = folder.join("token");
    std::fs::write(&path, format!("{token}\n")).unwrap();
    path.to_str().unwrap().to_owned()
}

fn fingerprints(received: &Received) -> Vec<String> {
    let bodies = received.lock().unwrap();
    let posts = bodies
        .iter()
        .map(|body| serde_json::from_str::<Value>(body).unwrap());
    posts
        .flat_map(|post| post["alerts"].as_array().unwrap().clone())
        .map(|alert| alert["fingerprint"].as_str().unwrap().to_owned())
        .collect()
}

async fn webhook_load(url: &str, token: &str, more: &[&str]) -> (Option<i32>, Value, String) {
    let mut args = vec![
        "load",
        "webhook",
        "--url",
        url,
        "--token-file",
        token,
        "--seconds",
        "1",
    ];
    args.extend(more);
    let output = output(&args).await;
    (
        output.status.code(),
        serde_json::from_slice(&output.stdout).unwrap_or_default(),
        stderr(&output),
    )
}

#[test]
fn the_open_loop_sends_each_post_that_is_due_with_new_alerts() {
    let folder = tempfile::tempdir().unwrap();
    let token = token_file(folder.path(), TOKEN);
    run(async {
        let received = Received::default();
        let url = webhook(Arc::clone(&received)).await;
        let more = [
            "--posts-per-second",
            "40",
            "--alerts-per-post",
            "5",
            "--unit",
            "shop.service",
        ];
        let (code, report, error) = webhook_load(&url, &token, &more).await;
        assert_eq!(code, Some(0), "{error}");
        assert_eq!(report["posts"], 40);
        assert_eq!(report["alerts"], 200);
        assert_eq!(report["status"], serde_json::json!({"200": 40}));
        for key in [
            "seconds",
            "posts_per_second",
            "alerts_per_second",
            "p50_ms",
            "p95_ms",
            "p99_ms",
            "max_ms",
        ] {
            assert!(
                report[key].as_f64().is_some_and(|value| value > 0.0),
                "{key}: {report}"
            );
        }
        let seen = fingerprints(&received);
        assert_eq!(seen.len(), 200);
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 200);
        let first: Value = serde_json::from_str(&received.lock().unwrap()[0]).unwrap();
        assert_eq!(first["alerts"][0]["labels"]["unit"], "shop.service");
    });
}

#[test]
fn the_closed_loop_can_send_the_same_alerts_again() {
    let folder = tempfile::tempdir().unwrap();
    let token = token_file(folder.path(), TOKEN);
    run(async {
        let received = Received::default();
        let url = webhook(Arc::clone(&received)).await;
        let more = [
            "--posts-per-second",
            "0",
            "--alerts-per-post",
            "2",
            "--connections",
            "3",
            "--resend",
        ];
        let (code, report, error) = webhook_load(&url, &token, &more).await;
        assert_eq!(code, Some(0), "{error}");
        let posts = received.lock().unwrap().len();
        assert_eq!(report["posts"], posts);
        assert!(posts > 3, "{report}");
        let seen = fingerprints(&received);
        assert_eq!(seen.len(), posts * 2);
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 2);
    });
}

/// One connection and 20 ms for each answer: 100 posts take two seconds, and the last was due after 0.99. Counted from
/// the true time of sending, each would seem to take 20 ms.
#[test]
fn latency_counts_from_the_intended_time() {
    let folder = tempfile::tempdir().unwrap();
    let token = token_file(folder.path(), TOKEN);
    run(async {
        let slow = post(|| async { tokio::time::sleep(Duration::from_millis(20)).await });
        let url = format!("http://{}/", serve(Router::new().route("/", slow)).await);
        let more = [
            "--posts-per-second",
            "100",
            "--alerts-per-post",
            "1",
            "--connections",
            "1",
        ];
        let (code, report, error) = webhook_load(&url, &token, &more).await;
        assert_eq!(code, Some(0), "{error}");
        assert_eq!(report["posts"], 100);
        assert!(
            report["max_ms"].as_f64().is_some_and(|max| max >= 1_000.0),
            "{report}"
        );
        assert!(
            report["p50_ms"].as_f64().is_some_and(|p50| p50 >= 480.0),
            "{report}"
        );
    });
}

#[test]
fn a_run_of_which_nothing_was_accepted_fails_and_still_reports() {
    let folder = tempfile::tempdir().unwrap();
    let token = token_file(folder.path(), "another");
    run(async {
        let received = Received::default();
        let url = webhook(Arc::clone(&received)).await;
        let more = ["--posts-per-second", "10", "--alerts-per-post", "1"];
        let (code, report, error) = webhook_load(&url, &token, &more).await;
        assert_eq!(code, Some(1));
        assert_eq!(report["posts"], 0);
        assert_eq!(report["status"], serde_json::json!({"401": 10}));
        assert!(error.contains("none of 10 requests"), "{error}");
        assert!(!error.contains("another"), "the token is shown: {error}");
        assert_eq!(received.lock().unwrap().len(), 0);
    });
}

#[test]
fn http_load_sends_exactly_what_was_asked_for() {
    run(async {
        let count = Arc::new(Mutex::new(0_u64));
        let counted = Arc::clone(&count);
        let router = Router::new().route(
            "/transactions",
            get(move || async move {
                *counted.lock().unwrap() += 1;
                "x".repeat(100_000)
            }),
        );
        let url = format!(
            "http://localhost:{}/transactions",
            serve(router).await.port()
        );
        let output = output(&[
            "load",
            "http",
            "--url",
            &url,
            "--requests",
            "57",
            "--connections",
            "4",
        ])
        .await;
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["requests"], 57);
        assert_eq!(report["status"], serde_json::json!({"200": 57}));
        assert_eq!(*count.lock().unwrap(), 57);
    });
}

#[test]
fn load_does_not_follow_a_redirect_away_from_loopback() {
    run(async {
        let router = Router::new().route(
            "/",
            get(|| async { Redirect::temporary("http://192.0.2.1/") }),
        );
        let url = format!("http://{}/", serve(router).await);
        let output = output(&[
            "load",
            "http",
            "--url",
            &url,
            "--requests",
            "2",
            "--connections",
            "1",
        ])
        .await;
        assert_eq!(output.status.code(), Some(1));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["status"], serde_json::json!({"307": 2}));
    });
}

#[test]
fn an_address_where_nobody_listens_is_counted_as_broken() {
    run(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        let output = output(&[
            "load",
            "http",
            "--url",
            &url,
            "--requests",
            "3",
            "--connections",
            "2",
        ])
        .await;
        assert_eq!(output.status.code(), Some(1));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["status"], serde_json::json!({"broken": 3}));
    });
}

#[test]
fn a_siege_comes_from_all_sides_at_once() {
    run(async {
        let handler = |headers: HeaderMap| async move {
            let is_bad = headers.get(header::AUTHORIZATION);
            assert!(is_bad.is_none_or(|value| value == "Bearer besieger"));
            StatusCode::UNAUTHORIZED
        };
        let router = Router::new()
            .route("/webhook", post(handler))
            .route("/metrics", get(async || "x".repeat(10_000)));
        let url = format!("http://{}", serve(router).await);
        let output = output(&[
            "load",
            "siege",
            "--url",
            &url,
            "--seconds",
            "2",
            "--connections",
            "20",
            "--body-megabytes",
            "1",
            "--posts-per-second",
            "100",
        ])
        .await;
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        for figure in ["connections", "body_bytes", "posts"] {
            assert!(report[figure].as_u64() > Some(0), "{figure}: {report}");
        }
        assert!(report["connections"].as_u64() >= Some(40), "{report}");
    });
}
