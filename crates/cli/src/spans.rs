//! A receiver of spans that keeps them in the log store, for a host without Tempo.
//!
//! It answers only after the store has taken the entries: what the store does not take stays in the queue of the
//! Collector, which alone sends here. A request that is tried again writes again what of it was stored before; readers
//! leave out entries that are the same.

mod bounded;
mod entry;
pub(crate) mod field;
mod portion;
mod read;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;
use reqwest::Url;
use tokio::sync::{Semaphore, mpsc};

use crate::args::SpansArgs;
use crate::terminal::complain;
use crate::{Error, client, server};

/// The largest request in bytes, before and after it is unpacked. The Collector sends at most 4,000 spans at once.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// Requests that are in memory at once, as many as the Collector has under way. Others wait, their bodies unread.
const AT_ONCE: usize = 2;

/// How long a request's body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);

const PROTOBUF: &str = "application/x-protobuf";

struct Store {
    client: reqwest::Client,
    url: Url,
    /// The last request was not taken; the journal is told of changes only.
    failing: AtomicBool,
    slots: Semaphore,
}

/// Why a request was not stored: the status for its sender, and the cause with the cure.
struct Refusal(StatusCode, String);

/// An answer with an error, as OTLP wants it (google.rpc.Status); its sender writes the message into its own journal.
#[derive(Message)]
struct Status {
    #[prost(string, tag = "2")]
    message: String,
}

/// Runs `homeostat spans` until SIGTERM or SIGINT.
///
/// # Errors
/// The port or the signals cannot be had.
pub async fn run(args: &SpansArgs) -> Result<(), Error> {
    let store = Arc::new(Store {
        client: client::direct()?,
        url: args.store.clone(),
        failing: AtomicBool::new(false),
        slots: Semaphore::new(AT_ONCE),
    });
    let router = Router::new()
        .route("/v1/traces", post(receive))
        .route("/health", get(|| async { "ok\n" }))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(store);
    let purpose = format!("spans are kept in the log store at {}", args.store);
    server::run(args.listen, &purpose, router).await
}

async fn receive(State(store): State<Arc<Store>>, request: Request) -> Response {
    match take(&store, request).await {
        Ok(rejected) => {
            let partial_success = (rejected > 0).then(|| ExportTracePartialSuccess {
                rejected_spans: rejected,
                error_message:
                    "spans need a trace id of 16 bytes and a span id of 8, not zero, and at most 512 KiB"
                        .to_owned(),
            });
            answer(
                StatusCode::OK,
                &ExportTraceServiceResponse { partial_success },
            )
        }
        Err(Refusal(status, message)) => answer(status, &Status { message }),
    }
}

/// Stores a request's spans, and says how many of them cannot be stored at all.
async fn take(store: &Arc<Store>, request: Request) -> Result<i64, Refusal> {
    let packed = is_packed(request.headers())?;
    let _slot = store
        .slots
        .acquire()
        .await
        .expect("invariant: the semaphore is never closed");
    let body = tokio::time::timeout(ARRIVAL, Bytes::from_request(request, &()))
        .await
        .map_err(|_| {
            Refusal(
                StatusCode::REQUEST_TIMEOUT,
                "the body did not arrive".to_owned(),
            )
        })?
        .map_err(|rejection| Refusal(rejection.status(), rejection.body_text()))?;
    let (sender, mut portions) = mpsc::channel(1);
    // Unpacking some megabytes takes longer than an async thread may be held.
    let reading = tokio::task::spawn_blocking(move || read::read(&body, packed, &sender));
    while let Some(portion) = portions.recv().await {
        store.keep(&portion).await?;
    }
    reading
        .await
        .expect("invariant: reading a request does not panic and is never cancelled")
}

/// Whether the body is compressed. Other forms than those of an OTLP exporter are refused.
fn is_packed(headers: &HeaderMap) -> Result<bool, Refusal> {
    let value = |name| {
        let bytes = headers.get(name).map_or(&b""[..], |value| value.as_bytes());
        String::from_utf8_lossy(bytes).into_owned()
    };
    let unsupported = |message| Err(Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    let kind = value(header::CONTENT_TYPE);
    if kind != PROTOBUF {
        return unsupported(format!(
            "Content-Type {kind:?} is not taken; send OTLP as {PROTOBUF}"
        ));
    }
    match value(header::CONTENT_ENCODING).as_str() {
        "" | "identity" => Ok(false),
        "gzip" => Ok(true),
        other => unsupported(format!(
            "Content-Encoding {other:?} is not taken; send gzip, or no compression"
        )),
    }
}

impl Store {
    /// Hands entries to the store. What it finds wrong with the entries themselves would be so again, and is refused
    /// for good; for everything else the sender has to try again.
    async fn keep(&self, entries: &ExportLogsServiceRequest) -> Result<(), Refusal> {
        let sent = self
            .client
            .post(self.url.clone())
            .header(header::CONTENT_TYPE, PROTOBUF)
            .body(entries.encode_to_vec())
            .send()
            .await;
        let (status, problem) = match sent {
            Ok(answer) if answer.status().is_success() => {
                if self.failing.swap(false, Ordering::Relaxed) {
                    server::say("the log store takes spans again");
                }
                return Ok(());
            }
            Ok(answer) => {
                let permanent = matches!(answer.status().as_u16(), 400 | 413 | 422);
                let status = if permanent {
                    StatusCode::BAD_REQUEST
                } else {
                    StatusCode::SERVICE_UNAVAILABLE
                };
                (status, format!("it answered {}", answer.status()))
            }
            Err(error) => (StatusCode::SERVICE_UNAVAILABLE, client::cause(&error)),
        };
        let message = format!(
            "the log store at {} did not take spans: {problem}",
            self.url
        );
        if !self.failing.swap(true, Ordering::Relaxed) {
            complain(format_args!(
                "error: {message}; check --store and that service"
            ));
        }
        Err(Refusal(status, message))
    }
}

fn answer(status: StatusCode, message: &impl Message) -> Response {
    let body = message.encode_to_vec();
    (status, [(header::CONTENT_TYPE, PROTOBUF)], body).into_response()
}
