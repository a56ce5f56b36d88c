//! Traces, log lines, and what happens when nobody listens to them.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::HeaderMap;
use homeostat_telemetry::FIELDS;
use serde_json::json;
use tokio::net::TcpListener;

use crate::collector::{Collector, hex};
use crate::process::{Process, config, no_database};
use crate::{Outcome, eventually};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

/// A port on which nobody listens.
async fn closed_port() -> Result<std::net::SocketAddr, Box<dyn std::error::Error>> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?)
}

/// One request gives a server span below the caller's, with the gateway and the insert below it,
/// and the log line carries the same trace.
pub async fn spans_reach_the_collector(database: &str) -> Outcome {
    let (collector, url) = Collector::start().await?;
    let mut settings = config(database);
    settings["otlp_endpoint"] = json!(url);
    let mut process = Process::serve(&settings).await?;
    process.ready().await?;
    let response = process
        .post("/transactions/create")
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
        .send()
        .await?;
    assert_eq!(response.status(), 201);
    let line = process.line("transaction created").await?;
    assert_eq!(line.matches(TRACE).count(), 1, "{line}");

    // The end flushes: nothing has to wait for the exporter's next round.
    process.terminate()?;
    assert_eq!(process.ended().await?.code(), Some(0));
    let spans = collector.trace(TRACE);
    let named = |name: &str| {
        let found: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
        assert_eq!(found.len(), 1, "{name} in {spans:#?}");
        found[0].clone()
    };
    let server = named("POST /transactions/create");
    assert_eq!(hex(&server.parent_span_id), CALLER);
    let attribute = |key: &str| {
        let found = server.attributes.iter().find(|pair| pair.key == key);
        format!("{:?}", found.and_then(|pair| pair.value.clone()))
    };
    assert!(attribute("http.route").contains("/transactions/create"));
    assert!(attribute("http.response.status_code").contains("201"));
    for name in ["POST /charges", "INSERT transactions"] {
        assert_eq!(named(name).parent_span_id, server.span_id, "{name}");
    }
    assert_eq!(spans.len(), 3);
    Ok(())
}

/// With an endpoint where nobody listens, requests are answered, the log stays short and
/// the end comes.
pub async fn a_closed_collector_blocks_nothing() -> Outcome {
    let mut settings = no_database();
    settings["otlp_endpoint"] = json!(format!("http://{}", closed_port().await?));
    let mut process = Process::serve(&settings).await?;
    for _ in 0..50 {
        assert_eq!(process.get("/live").send().await?.status(), 200);
    }
    process.line("traces are being dropped").await?;
    assert_eq!(process.get("/live").send().await?.status(), 200);
    process.terminate()?;
    assert_eq!(process.ended().await?.code(), Some(0));
    assert_eq!(process.lines("traces are being dropped").len(), 1);
    let about_export = process.lines("opentelemetry");
    assert!(about_export.is_empty(), "{about_export:#?}");
    Ok(())
}

/// Every `name=` on our lines is in the list that the Collector's mapping knows.
pub async fn log_lines_use_the_listed_fields(database: &str) -> Outcome {
    let mut settings = config(database);
    settings["faults"] = json!(true);
    let process = Process::serve(&settings).await?;
    process.ready().await?;
    process.post("/transactions/create").send().await?;
    process.get("/error").send().await?;
    let messages = ["transaction created", "request failed", "listening"];
    for message in messages {
        let line = process.line(message).await?;
        let (_, fields) = line.split_once(message).ok_or("the message")?;
        let names: Vec<_> = fields
            .split_whitespace()
            .filter_map(|word| Some(word.split_once('=')?.0))
            .collect();
        assert!(!names.is_empty(), "{line}");
        for name in names {
            assert!(
                FIELDS.iter().any(|field| field.code == name),
                "{name} in {line}"
            );
        }
    }
    let failed = process.line("route=\"/error\"").await?;
    assert!(failed.contains("error=\"a fault on purpose\""), "{failed}");
    Ok(())
}

/// `HOMEOSTAT_INSTRUMENTATION=off` leaves the service and takes its spans, request metrics and logs.
pub async fn instrumentation_can_be_off() -> Outcome {
    let address = closed_port().await?;
    let mut settings = no_database();
    settings["listen"] = json!(address);
    let process = Process::spawn("serve", &settings, &[("HOMEOSTAT_INSTRUMENTATION", "off")])?;
    let client = reqwest::Client::new();
    eventually("the API answers", async || {
        let answer = client.get(format!("http://{address}/live")).send().await;
        Ok(answer.is_ok_and(|answer| answer.status() == 200))
    })
    .await?;
    let page = client
        .get(format!("http://{address}/metrics"))
        .send()
        .await?;
    let page = page.text().await?;
    assert!(page.contains("homeostat_build_info"));
    assert!(!page.contains("http_server_request_duration_seconds"));
    assert_eq!(process.lines(""), Vec::<String>::new());
    Ok(())
}

/// Traffic begins before the API is there, tells of it once, and finds it; each request
/// carries a trace context.
pub async fn traffic_outlives_the_api() -> Outcome {
    let address = closed_port().await?;
    let mut settings = no_database();
    settings["traffic"] = json!({"url": format!("http://{address}"), "requests_per_second": 50});
    let mut traffic = Process::spawn("traffic", &settings, &[])?;
    traffic.line("the API does not answer").await?;

    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&seen);
    let router = Router::new().fallback(async move |headers: HeaderMap| {
        let parent = headers.get("traceparent").cloned();
        record.lock().expect("no holder panics").push(parent);
    });
    let listener = TcpListener::bind(address).await?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    traffic.line("the API answers again").await?;
    eventually("ten requests came", async || {
        Ok(seen.lock().expect("no holder panics").len() >= 10)
    })
    .await?;
    for parent in seen.lock().expect("no holder panics").iter() {
        let parent = parent.as_ref().ok_or("a traceparent")?.to_str()?;
        // Version, 16 bytes, 8 bytes, flags (W3C Trace Context, 3.2).
        let lengths: Vec<_> = parent.split('-').map(str::len).collect();
        assert_eq!(lengths, [2, 32, 16, 2], "{parent}");
    }
    traffic.terminate()?;
    assert_eq!(traffic.ended().await?.code(), Some(0));
    assert_eq!(traffic.lines("the API does not answer").len(), 1);
    Ok(())
}
