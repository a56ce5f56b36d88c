//! An incident that is over is a trace at the Collector, and a Collector that is not there costs
//! nothing.

use crate::world::{API, BY_HAND, World, until};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value as Any};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::json;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

type Requests = Arc<Mutex<Vec<ExportTraceServiceRequest>>>;

/// A Collector that keeps what it is sent, and its base URL.
async fn collector() -> (Requests, String) {
    let requests = Requests::default();
    let take = async |State(requests): State<Requests>, body: Bytes| {
        let request = ExportTraceServiceRequest::decode(body).expect("OTLP");
        requests.lock().expect("no test panics here").push(request);
    };
    let router = Router::new().route("/v1/traces", post(take));
    let router = router.with_state(requests.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (requests, url)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    let attribute = attributes.iter().find(|a| a.key == key)?;
    match attribute.value.as_ref()?.value.as_ref()? {
        Any::StringValue(text) => Some(text),
        _ => None,
    }
}

/// All spans, each of which is from the remediator.
fn spans(requests: &Requests) -> Vec<Span> {
    let requests = requests.lock().expect("no test panics here");
    let mut spans = Vec::new();
    for from in requests.iter().flat_map(|r| &r.resource_spans) {
        let resource = from.resource.as_ref().expect("a resource");
        let service = text(&resource.attributes, "service.name");
        assert_eq!(service, Some("homeostat-remediator"));
        spans.extend(from.scope_spans.iter().flat_map(|s| s.spans.clone()));
    }
    spans
}

#[tokio::test]
async fn an_incident_is_sent_as_one_trace_whose_id_was_known_before() {
    let (requests, url) = collector().await;
    let mut world = World::new().await;
    world.config["otlp_endpoint"] = json!(url);
    let daemon = world.start().await;
    daemon.take(BY_HAND).await;
    let trace_id = daemon.incident(1).await["trace_id"].clone();
    let incident = daemon.until_phase(1, "closed").await;
    assert_eq!(incident["trace_id"], trace_id);
    until("the trace arrives", || !spans(&requests).is_empty()).await;
    daemon.engine.traces.shutdown();
    let spans = spans(&requests);
    let names: Vec<&str> = spans.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names.iter().filter(|n| **n == "incident").count(), 1);
    for phase in ["acting", "verifying"] {
        assert!(names.contains(&phase), "{phase} in {names:?}");
    }
    let root = spans.iter().find(|s| s.parent_span_id.is_empty());
    let root = root.expect("a root");
    assert_eq!(root.name, "incident");
    assert_eq!(text(&root.attributes, "unit_name"), Some(API));
    assert_eq!(text(&root.attributes, "end"), Some("fixed"));
    for span in &spans {
        assert_eq!(Some(hex(&span.trace_id).as_str()), trace_id.as_str());
        assert!(span.name == "incident" || span.parent_span_id == root.span_id);
        assert!(span.start_time_unix_nano >= root.start_time_unix_nano);
        assert!(span.end_time_unix_nano <= root.end_time_unix_nano);
        let same = spans.iter().filter(|s| s.span_id == span.span_id);
        assert_eq!(same.count(), 1, "an id of its own: {}", span.name);
    }
}

#[tokio::test]
async fn an_alert_that_was_refused_names_no_trace() {
    let world = World::new().await;
    let daemon = world.start().await;
    let unknown = r#"{"alerts":[{"status":"firing","labels":{"alertname":"NobodyKnows"}}]}"#;
    daemon.take(unknown).await;
    let incident = daemon.incident(1).await;
    assert_eq!(incident["end"], "refused");
    assert!(incident["trace_id"].is_null());
}

#[tokio::test]
async fn a_collector_that_is_not_there_or_does_not_answer_keeps_nothing_from_healing() {
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let nobody = closed.local_addr().expect("bound");
    drop(closed);
    // Connections are made, for the kernel takes them, and nothing is ever said.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    for address in [nobody, silent.local_addr().expect("bound")] {
        let mut world = World::new().await;
        world.config["otlp_endpoint"] = json!(format!("http://{address}"));
        let daemon = world.start().await;
        daemon.take(BY_HAND).await;
        daemon.until_phase(1, "closed").await;
        daemon.take(BY_HAND).await;
        let second = daemon.until_phase(2, "holding").await;
        assert_eq!(second["reason"], "cooldown");
        daemon.engine.traces.shutdown();
        assert_eq!(daemon.get("/incidents").await.status, 200);
    }
}
