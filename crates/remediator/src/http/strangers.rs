//! What those without a token may have of the pages that are read from the event log: a few at a time, and so many bytes
//! on their way. Whoever reads slowly keeps other strangers waiting, and nobody else.

use super::connections::Guest;
use super::{App, Failure};
use crate::systemd::UnitControl;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How many of their pages are drawn at once.
const TURNS: usize = 2;
/// The most KiB of their pages that are drawn and not yet sent.
const MOST_KIB: u32 = 8 * 1024;
/// How long one waits for a turn, and for its bytes.
const PATIENCE: Duration = Duration::from_secs(5);

/// The room that there is for them.
pub(super) struct Room {
    turns: Semaphore,
    kib: Arc<Semaphore>,
}

impl Room {
    pub(super) fn new() -> Self {
        Self {
            turns: Semaphore::new(TURNS),
            kib: Arc::new(Semaphore::new(MOST_KIB as usize)),
        }
    }
}

/// Lets a request in when there is room for its answer.
pub(super) async fn make_room<C: UnitControl>(
    State(shared): App<C>,
    request: Request,
    next: Next,
) -> Response {
    let guest = request.extensions().get::<Guest>();
    if guest.is_none_or(Guest::is_proven) {
        return next.run(request).await;
    }
    let room = &shared.room;
    let answer = async {
        // Neither is ever closed.
        let _turn = room.turns.acquire().await.ok()?;
        let response = next.run(request).await;
        let bytes = response.body().size_hint().upper().unwrap_or(u64::MAX);
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        let held = room.kib.clone().acquire_many_owned(kib.min(MOST_KIB));
        let held = held.await.ok()?;
        Some(response.map(|body| Body::new(Held { body, _held: held })))
    };
    match timeout(PATIENCE, answer).await {
        Ok(Some(response)) => response,
        _ => Failure(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many ask for pages at once; send again".to_owned(),
        )
        .into_response(),
    }
}

/// A body that gives its room back when it is sent, or given up.
struct Held {
    body: Body,
    _held: OwnedSemaphorePermit,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
