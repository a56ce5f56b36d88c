//! Spans, by OpenTelemetry's own API.
//!
//! A span is held by a context, which a future carries (`opentelemetry::context::FutureExt`): what is begun below it becomes
//! its child. It ends with the last of its contexts. Whether anybody gets it is decided first, and only then is it given
//! attributes.

use opentelemetry::trace::{Span as _, SpanKind, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;
use std::borrow::Cow;
use std::sync::OnceLock;

/// The tracer of this process; none where instrumentation is off.
pub(crate) static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// A call of another service, below the current span.
pub fn client(
    name: impl Into<Cow<'static, str>>,
    attributes: impl FnOnce() -> Vec<KeyValue>,
) -> Context {
    begin(name, SpanKind::Client, &Context::current(), attributes)
}

/// A request of another service, whose own span is in `parent`.
pub(crate) fn server(
    name: impl Into<Cow<'static, str>>,
    parent: &Context,
    attributes: impl FnOnce() -> Vec<KeyValue>,
) -> Context {
    begin(name, SpanKind::Server, parent, attributes)
}

fn begin(
    name: impl Into<Cow<'static, str>>,
    kind: SpanKind,
    parent: &Context,
    attributes: impl FnOnce() -> Vec<KeyValue>,
) -> Context {
    let Some(tracer) = TRACER.get() else {
        return parent.clone();
    };
    let builder = tracer.span_builder(name).with_kind(kind);
    let mut span = tracer.build_with_context(builder, parent);
    if span.is_recording() {
        span.set_attributes(attributes());
    }
    parent.with_span(span)
}
