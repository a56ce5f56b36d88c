//! The page that Prometheus scrapes.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use prometheus::{Encoder as _, IntGaugeVec, Opts, Registry, TEXT_FORMAT, TextEncoder};

/// Registers `homeostat_build_info{service,version}`, which is always 1.
///
/// # Errors
/// When the registry holds a metric of that name already.
pub fn register_build_info(registry: &Registry, service: &str) -> prometheus::Result<()> {
    let info = IntGaugeVec::new(
        Opts::new(
            "homeostat_build_info",
            "Always 1; the labels tell which build runs.",
        ),
        &["service", "version"],
    )?;
    info.with_label_values(&[service, crate::VERSION]).set(1);
    registry.register(Box::new(info))
}

/// The registry in Prometheus's text format 0.0.4, with its content type,
/// which Prometheus 3 insists on.
pub fn exposition(registry: &Registry) -> Response {
    let mut page = Vec::new();
    match TextEncoder::new().encode(&registry.gather(), &mut page) {
        Ok(()) => (
            [(CONTENT_TYPE, HeaderValue::from_static(TEXT_FORMAT))],
            page,
        )
            .into_response(),
        Err(error) => {
            tracing::error!(error = %error, "metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
