//! Traces of what is over: whole ones, with identifiers and times that were known before.

use std::time::SystemTime;

use opentelemetry::trace::{SpanContext, SpanKind, Status, TraceFlags, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue, SpanId, TraceId};
use opentelemetry_sdk::trace::{
    BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor as _,
};

use crate::{Error, FLUSH_LIMIT, export};

/// A span of something that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastSpan {
    /// What it was; few different words.
    pub name: &'static str,
    /// When it began.
    pub start: SystemTime,
    /// When it ended.
    pub end: SystemTime,
    /// What is to be known of it.
    pub attributes: Vec<(&'static str, String)>,
    /// Whether it ended badly.
    pub failed: bool,
}

/// Hands whole traces to the exporter's thread. Without an endpoint it takes them and does nothing.
#[derive(Debug)]
pub struct PastTraces {
    processor: Option<BatchSpanProcessor>,
    scope: InstrumentationScope,
}

impl PastTraces {
    /// For the process of this name; `endpoint` as in [`crate::Settings`].
    ///
    /// # Errors
    /// When the endpoint is malformed.
    pub fn new(service_name: &'static str, endpoint: Option<&str>) -> Result<Self, Error> {
        let endpoint = endpoint.filter(|_| crate::instrumentation_enabled());
        let processor = match endpoint {
            Some(endpoint) => {
                let exporter = export::exporter(endpoint).map_err(|source| Error::Exporter {
                    endpoint: endpoint.to_owned(),
                    source,
                })?;
                let mut processor = BatchSpanProcessor::builder(exporter).build();
                processor.set_resource(&crate::resource(service_name));
                Some(processor)
            }
            None => None,
        };
        Ok(Self {
            processor,
            scope: InstrumentationScope::builder(service_name).build(),
        })
    }

    /// Whether anyone takes what is sent.
    pub fn is_on(&self) -> bool {
        self.processor.is_some()
    }

    /// Sends a trace: its root and what is below it. Never waits; what a full queue cannot hold is lost.
    pub fn send(&self, trace_id: u128, root: PastSpan, children: Vec<PastSpan>) {
        let Some(processor) = &self.processor else {
            return;
        };
        let root_id = span_id(trace_id, 0);
        processor.on_end(self.data(trace_id, root_id, SpanId::INVALID, root));
        for (place, child) in (1..).zip(children) {
            processor.on_end(self.data(trace_id, span_id(trace_id, place), root_id, child));
        }
    }

    fn data(&self, trace_id: u128, id: SpanId, parent: SpanId, span: PastSpan) -> SpanData {
        let attribute = |(key, value): (&'static str, String)| KeyValue::new(key, value);
        SpanData {
            span_context: SpanContext::new(
                TraceId::from(trace_id),
                id,
                TraceFlags::SAMPLED,
                false,
                TraceState::default(),
            ),
            parent_span_id: parent,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: span.name.into(),
            start_time: span.start,
            // The wall clock may have been set back meanwhile.
            end_time: span.end.max(span.start),
            attributes: span.attributes.into_iter().map(attribute).collect(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: if span.failed {
                Status::error("")
            } else {
                Status::Unset
            },
            instrumentation_scope: self.scope.clone(),
        }
    }

    /// Sends what is still queued. Blocks for at most three seconds.
    pub fn shutdown(&self) {
        if let Some(processor) = &self.processor
            && let Err(error) = processor.shutdown_with_timeout(FLUSH_LIMIT)
        {
            tracing::debug!(error = %error, "the last traces were not delivered");
        }
    }
}

/// The id of the span in that place of the trace. It is of use within its trace alone, so it need
/// only differ from its neighbours'; all zeros would be no id.
fn span_id(trace_id: u128, place: u64) -> SpanId {
    let low = u64::try_from(trace_id & u128::from(u64::MAX)).unwrap_or(u64::MAX);
    SpanId::from(low.wrapping_add(place).max(1))
}
