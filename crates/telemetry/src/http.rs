//! Server spans and request metrics for an axum router.
//!
//! Names follow OpenTelemetry's semantic conventions for HTTP. Label values come from
//! closed sets: a client cannot make new series by inventing paths or methods.

use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use opentelemetry::context::FutureExt as _;
use opentelemetry::trace::{Status, TraceContextExt as _};
use opentelemetry::{Context, KeyValue};
use prometheus::{HistogramOpts, HistogramVec, IntGauge, Registry};
use tracing::{Instrument as _, Span};

use crate::{propagation, spans};

/// Bucket bounds in seconds that the conventions advise for `http.server.request.duration`.
pub const DURATION_BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Put into an answer's extensions: why it is a 5xx. It goes to the log line that tells of the
/// failure and never to the client. A 503 without one is not logged as a failure.
#[derive(Debug, Clone)]
pub struct Cause(pub String);

#[derive(Clone)]
struct Metrics {
    duration: HistogramVec,
    active: IntGauge,
}

/// Wraps every route and the fallback of `router`, so call it last. Returns the router as
/// it came when instrumentation is off.
///
/// # Errors
/// When the registry already holds request metrics.
pub fn instrument<S>(router: Router<S>, registry: &Registry) -> prometheus::Result<Router<S>>
where
    S: Clone + Send + Sync + 'static,
{
    if !crate::instrumentation_enabled() {
        return Ok(router);
    }
    let metrics = Metrics {
        duration: HistogramVec::new(
            HistogramOpts::new(
                "http_server_request_duration_seconds",
                "Time from a request's headers to its answer's headers.",
            )
            .buckets(DURATION_BUCKETS.to_vec()),
            &[
                "http_request_method",
                "http_route",
                "http_response_status_code",
            ],
        )?,
        active: IntGauge::new(
            "http_server_active_requests",
            "Requests that are being answered now.",
        )?,
    };
    registry.register(Box::new(metrics.duration.clone()))?;
    registry.register(Box::new(metrics.active.clone()))?;
    Ok(router.layer(from_fn_with_state(metrics, observe)))
}

/// A client that hangs up drops the handler's future; the gauge must fall all the same.
struct Active(IntGauge);

impl Active {
    fn enter(gauge: &IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.dec();
    }
}

async fn observe(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let _active = Active::enter(&metrics.active);
    let method = method_label(request.method());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("unmatched", MatchedPath::as_str);
    let name = match &matched {
        Some(route) => format!("{} {}", spoken(method), route.as_str()),
        None => spoken(method).to_owned(),
    };
    let context = server_span(name.clone(), method, matched.as_ref(), &request);
    let lines = lines_of(&context, &name);

    let work = next.run(request).with_context(context.clone());
    let response = work.instrument(lines.clone()).await;

    let status = response.status();
    let elapsed = started.elapsed().as_secs_f64();
    metrics
        .duration
        .with_label_values(&[method, route, status.as_str()])
        .observe(elapsed);
    let span = context.span();
    if span.is_recording() {
        let code = i64::from(status.as_u16());
        span.set_attribute(KeyValue::new("http.response.status_code", code));
    }
    if status.is_server_error() {
        span.set_attribute(KeyValue::new("error.type", status.as_str().to_owned()));
        span.set_status(Status::error(""));
        lines.in_scope(|| log_failure(method, route, &response, elapsed));
    }
    response
}

/// One line for each 5xx. A 503 without a cause is a health route that says no: probes ask every few
/// seconds, and whoever found the fault has logged it once.
fn log_failure(method: &str, route: &str, response: &Response, seconds: f64) {
    let status_code = response.status().as_u16();
    let duration_ms = (seconds * 1e6).round() / 1e3;
    let cause = response.extensions().get();
    let error = cause.map(|Cause(cause)| cause.as_str());
    if response.status() == StatusCode::SERVICE_UNAVAILABLE && error.is_none() {
        tracing::debug!(method, route, status_code, duration_ms, "not available");
    } else {
        tracing::error!(
            method,
            route,
            status_code,
            duration_ms,
            error,
            "request failed"
        );
    }
}

/// The method as it stands in a span's name.
fn spoken(method: &'static str) -> &'static str {
    match method {
        "_OTHER" => "HTTP",
        method => method,
    }
}

fn server_span(
    name: String,
    method: &'static str,
    matched: Option<&MatchedPath>,
    request: &Request,
) -> Context {
    let parent = propagation::extract(request.headers());
    spans::server(name, &parent, || {
        let mut attributes = vec![
            KeyValue::new("http.request.method", method),
            KeyValue::new("url.scheme", "http"),
            KeyValue::new("url.path", request.uri().path().to_owned()),
        ];
        if method == "_OTHER" {
            let original: String = request.method().as_str().chars().take(32).collect();
            attributes.push(KeyValue::new("http.request.method_original", original));
        }
        if let Some(route) = matched {
            attributes.push(KeyValue::new("http.route", route.as_str().to_owned()));
        }
        attributes
    })
}

/// What every log line of the request carries: its trace, and the name of its span. The level is ERROR so that RUST_LOG=error still leaves `trace_id` on the
/// lines.
fn lines_of(context: &Context, request: &str) -> Span {
    match propagation::trace_id(context) {
        Some(trace_id) => tracing::error_span!("request", %trace_id, request),
        None => Span::none(),
    }
}

/// The method, or `_OTHER` for one that RFC 9110 and RFC 5789 do not define.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "CONNECT" => "CONNECT",
        "OPTIONS" => "OPTIONS",
        "TRACE" => "TRACE",
        "PATCH" => "PATCH",
        _ => "_OTHER",
    }
}
