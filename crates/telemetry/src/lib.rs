//! How each Homeostat process speaks to journald, the Collector and Prometheus.
//!
//! Logs go to the journal (or to a terminal as text), spans go to an OTLP
//! collector when one is configured, metrics are scraped. Nothing here knows what
//! a transaction or an incident is: words of a domain belong to the other crates.

mod export;
pub mod fields;
pub mod http;
mod logs;
pub mod metrics;
mod past;
pub mod propagation;
mod signal;
pub mod spans;

use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

pub use fields::FIELDS;
pub use past::{PastSpan, PastTraces};
pub use signal::shutdown_signal;

/// The version that every binary of the workspace carries.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Longest time that [`Guard::shutdown`] may take.
const FLUSH_LIMIT: Duration = Duration::from_secs(3);

/// Why telemetry could not be set up. The process may not start: it would be mute.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The exporter refused its endpoint, usually because the URL is malformed.
    #[error("cannot export traces to {endpoint}")]
    Exporter {
        /// The endpoint as configured.
        endpoint: String,
        /// What the exporter said.
        #[source]
        source: opentelemetry_otlp::ExporterBuildError,
    },
    /// `init` was called twice in one process.
    #[error("a log subscriber is already set")]
    Subscriber(#[from] tracing_subscriber::util::TryInitError),
    /// `RUST_LOG` is set and cannot be parsed.
    #[error("the environment variable RUST_LOG is not a log filter; try RUST_LOG=info")]
    Filter(#[source] tracing_subscriber::filter::FromEnvError),
}

/// What a process says about itself.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Syslog identifier and `service.name` of its spans: the unit's name without `.service`.
    pub service_name: &'static str,
    /// Base URL of an OTLP/HTTP receiver, such as `http://127.0.0.1:4318`.
    /// Without one, spans get identifiers but leave the process nowhere.
    pub otlp_endpoint: Option<String>,
}

/// Keeps the exporter alive. Call [`Guard::shutdown`] last.
#[derive(Debug)]
#[must_use = "spans are lost unless the guard is shut down"]
pub struct Guard {
    provider: Option<SdkTracerProvider>,
}

impl Guard {
    /// Sends the spans that are still queued. Blocks for at most three seconds;
    /// what a silent collector has not taken by then is dropped.
    pub fn shutdown(self) {
        if let Some(provider) = self.provider
            && let Err(error) = provider.shutdown_with_timeout(FLUSH_LIMIT)
        {
            tracing::debug!(error = %error, "the last spans were not delivered");
        }
    }
}

/// False when `HOMEOSTAT_INSTRUMENTATION=off`. Spans, request metrics and logs
/// are then no-ops, so that a benchmark can run the same binary without them.
pub fn instrumentation_enabled() -> bool {
    static ENABLED: OnceLock<bool> = OnceLock::new();
    *ENABLED.get_or_init(|| {
        std::env::var_os("HOMEOSTAT_INSTRUMENTATION").is_none_or(|value| value != "off")
    })
}

/// What every span says of the process that it is from.
fn resource(service_name: &'static str) -> Resource {
    Resource::builder()
        .with_service_name(service_name)
        .with_attribute(opentelemetry::KeyValue::new("service.version", VERSION))
        .build()
}

/// Installs the process-wide subscriber: logs and spans.
///
/// # Errors
/// When the endpoint or `RUST_LOG` is malformed, or on a second call.
pub fn init(settings: Settings) -> Result<Guard, Error> {
    if !instrumentation_enabled() {
        return Ok(Guard { provider: None });
    }
    let mut provider = SdkTracerProvider::builder().with_resource(resource(settings.service_name));
    provider = match settings.otlp_endpoint {
        Some(endpoint) => {
            let exporter = export::exporter(&endpoint)
                .map_err(|source| Error::Exporter { endpoint, source })?;
            provider.with_batch_exporter(exporter)
        }
        // Spans have identifiers, by which log lines belong together, and are recorded for nobody.
        None => provider.with_sampler(Sampler::AlwaysOff),
    };
    let provider = provider.build();
    tracing_subscriber::registry()
        .with(logs::layer(settings.service_name).with_filter(logs::filter()?))
        .try_init()?;
    // It is set once, as the subscriber is.
    let _ = spans::TRACER.set(provider.tracer(settings.service_name));
    Ok(Guard {
        provider: Some(provider),
    })
}
