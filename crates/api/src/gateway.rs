//! The payment gateway, simulated: it takes its time, and it declines some.
//!
//! It stands in for a remote service, so it shows in a trace as a client span.
//! Nothing leaves the process.

use std::time::Duration;

use homeostat_telemetry::spans;
use opentelemetry::KeyValue;
use opentelemetry::context::FutureExt as _;

use crate::transaction::Status;

/// Time of one charge, in milliseconds.
const LATENCY_MS: std::ops::RangeInclusive<u64> = 50..=150;

/// Share of charges that are declined.
const DECLINED_SHARE: f64 = 0.05;

/// Charges once. A declined payment is an outcome, not an error.
pub(crate) async fn charge() -> Status {
    let context = spans::client("POST /charges", || {
        vec![
            KeyValue::new("peer.service", "payment-gateway"),
            KeyValue::new("server.address", "payment-gateway"),
            KeyValue::new("http.request.method", "POST"),
            KeyValue::new("http.response.status_code", 200),
        ]
    });
    async {
        let latency = rand::random_range(LATENCY_MS);
        tokio::time::sleep(Duration::from_millis(latency)).await;
        if rand::random_bool(DECLINED_SHARE) {
            Status::Failed
        } else {
            Status::Completed
        }
    }
    .with_context(context)
    .await
}
