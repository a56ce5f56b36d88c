//! The OTLP exporter, and how it reports a collector that is not there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter as OtlpExporter, WithExportConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

/// One attempt may take this long. Exports run on a thread of their own, and a full
/// queue drops spans, so a slow collector never slows a request.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(2);

/// Builds an exporter that posts protobuf to `<endpoint>/v1/traces`, the path
/// that the OTLP specification gives for traces over HTTP.
pub(crate) fn exporter(endpoint: &str) -> Result<Reporting<OtlpExporter>, ExporterBuildError> {
    let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let inner = OtlpExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(ATTEMPT_LIMIT)
        .with_endpoint(&url)
        .build()?;
    Ok(Reporting {
        inner,
        url,
        failing: AtomicBool::new(false),
    })
}

/// Logs when exports begin to fail and when they work again: two lines for an
/// outage of any length, where a line per batch would flood the journal.
#[derive(Debug)]
pub(crate) struct Reporting<E> {
    inner: E,
    url: String,
    failing: AtomicBool,
}

impl<E: SpanExporter> SpanExporter for Reporting<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let result = self.inner.export(batch).await;
        let was_failing = self.failing.swap(result.is_err(), Ordering::Relaxed);
        match &result {
            Err(error) if !was_failing => {
                tracing::warn!(error = %error, endpoint = self.url, "traces are being dropped");
            }
            Ok(()) if was_failing => {
                tracing::info!(endpoint = self.url, "traces are delivered again");
            }
            _ => {}
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
