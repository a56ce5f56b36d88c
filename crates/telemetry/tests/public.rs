//! What the other crates rely on: metric labels, and one name per log field.

use std::collections::BTreeSet;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::routing::get;
use homeostat_telemetry::http::instrument;
use homeostat_telemetry::{FIELDS, metrics};
use http_body_util::BodyExt as _;
use prometheus::Registry;
use tower::ServiceExt as _;

async fn scrape_after(requests: &[(&str, &str)]) -> String {
    let registry = Registry::new();
    metrics::register_build_info(&registry, "test").expect("a fresh registry");
    let router = Router::new().route("/things/{id}", get(async || StatusCode::OK));
    let router = instrument(router, &registry).expect("a fresh registry");
    for (method, path) in requests {
        let request = Request::builder()
            .method(*method)
            .uri(*path)
            .body(Body::empty())
            .expect("a request");
        router.clone().oneshot(request).await.expect("an answer");
    }
    let page = metrics::exposition(&registry);
    assert!(
        page.headers()["content-type"]
            .to_str()
            .expect("an ASCII header")
            .starts_with("text/plain; version=0.0.4")
    );
    let bytes = page
        .into_body()
        .collect()
        .await
        .expect("a whole page")
        .to_bytes();
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[tokio::test]
async fn labels_come_from_closed_sets() {
    let page = scrape_after(&[
        ("GET", "/things/1"),
        ("GET", "/things/2"),
        ("GET", "/nowhere/else"),
        ("BREW", "/things/1"),
    ])
    .await;
    let counts: Vec<_> = page
        .lines()
        .filter_map(|line| line.strip_prefix("http_server_request_duration_seconds_count"))
        .collect();
    let label = |method, route, status, count| {
        format!(
            "{{http_request_method=\"{method}\",http_response_status_code=\"{status}\",\
             http_route=\"{route}\"}} {count}"
        )
    };
    assert_eq!(
        counts,
        [
            label("GET", "/things/{id}", 200, 2),
            label("GET", "unmatched", 404, 1),
            label("_OTHER", "/things/{id}", 405, 1),
        ]
    );
    assert!(page.contains("http_server_active_requests 0\n"));
    assert!(page.contains("homeostat_build_info{service=\"test\",version="));
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_the_gauge() {
    let registry = Registry::new();
    let router = Router::new().route("/", get(std::future::pending::<()>));
    let router = instrument(router, &registry).unwrap();
    let active = || {
        let families = registry.gather();
        let family = families
            .iter()
            .find(|family| family.name() == "http_server_active_requests")
            .unwrap();
        family.get_metric()[0].get_gauge().get_value()
    };
    let mut answer = Box::pin(router.oneshot(Request::new(Body::empty())));
    let polled = std::future::poll_fn(|context| {
        std::task::Poll::Ready(answer.as_mut().poll(context).is_pending())
    });
    assert!(polled.await, "the handler never answers");
    assert_eq!(active(), 1.0);
    drop(answer);
    assert_eq!(active(), 0.0);
}

/// tracing-journald writes `F_`, then the name in capitals with dots as
/// underscores. journald itself takes capitals, digits and underscores, 64 at most.
#[test]
fn journald_and_loki_names_follow_from_the_code_name() {
    for field in FIELDS {
        let capitals = field.code.to_ascii_uppercase().replace('.', "_");
        assert_eq!(field.journal, format!("F_{capitals}"));
        assert_eq!(field.loki, field.code.replace('.', "_"));
        assert!(field.journal.len() <= 64, "{} is too long", field.journal);
        assert!(
            field
                .journal
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_'),
            "journald drops {}",
            field.journal
        );
    }
}

#[test]
fn no_name_appears_twice() {
    let names: BTreeSet<_> = FIELDS.iter().map(|field| field.journal).collect();
    assert_eq!(names.len(), FIELDS.len());
}
