//! A local receiver that stands in for the people on call, in the demo and in the tests.
//!
//! It answers 200 only after the page is on disk, so that Alertmanager repeats what could not be kept.

mod ledger;
mod page;

pub use ledger::Ledger;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use time::OffsetDateTime;

use crate::Error;
use crate::args::SinkArgs;
use crate::server::{self, say};
use page::Page;

/// The largest payload, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;

type Shared = Arc<Mutex<Ledger>>;

/// Runs `homeostat sink` until SIGTERM or SIGINT.
///
/// # Errors
/// The port, the file or the signals cannot be had.
pub async fn run(args: &SinkArgs) -> Result<(), Error> {
    let ledger = Ledger::open(&args.file)?;
    let purpose = format!("pages are kept in {}", args.file.display());
    server::run(args.listen, &purpose, router(ledger)).await
}

fn router(ledger: Ledger) -> Router {
    Router::new()
        .route("/", get(list).post(receive))
        .route("/pages", get(pages).post(receive))
        .route("/health", get(|| async { "ok\n" }).post(receive))
        .route("/{receiver}", post(receive))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(Arc::new(Mutex::new(ledger)))
}

async fn receive(State(ledger): State<Shared>, uri: Uri, body: Bytes) -> Response {
    let page = match Page::parse(uri.path(), &body, OffsetDateTime::now_utc()) {
        Ok(page) => page,
        Err(problem) => return (StatusCode::BAD_REQUEST, format!("{problem}\n")).into_response(),
    };
    let (line, readable) = (page.line(), page.readable());
    match with_ledger(&ledger, move |ledger| ledger.append(line)).await {
        Ok(()) => {
            readable.iter().for_each(|line| say(line));
            "recorded\n".into_response()
        }
        Err(error) => {
            let cause = std::error::Error::source(&error)
                .map(ToString::to_string)
                .unwrap_or_default();
            crate::terminal::complain(format_args!("error: {error}: {cause}"));
            // Alertmanager takes a 5xx as a reason to try again.
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "not recorded: the sink cannot write its file; see its journal\n",
            )
                .into_response()
        }
    }
}

async fn pages(State(ledger): State<Shared>) -> Response {
    let array = with_ledger(&ledger, |ledger| ledger.json_array()).await;
    ([(header::CONTENT_TYPE, "application/json")], array).into_response()
}

async fn list(State(ledger): State<Shared>) -> Response {
    let text = with_ledger(&ledger, |ledger| {
        page::list(ledger.newest_first(), ledger.forgotten())
    })
    .await;
    // Plain text, and held to it: a label cannot become a script.
    (
        [
            (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ],
        text,
    )
        .into_response()
}

/// Disk flushes take milliseconds, so everything behind the lock runs off the async threads.
async fn with_ledger<T: Send + 'static>(
    ledger: &Shared,
    work: impl FnOnce(&mut Ledger) -> T + Send + 'static,
) -> T {
    let ledger = Arc::clone(ledger);
    tokio::task::spawn_blocking(move || {
        work(&mut ledger.lock().unwrap_or_else(PoisonError::into_inner))
    })
    .await
    .expect("invariant: work on the ledger does not panic and is never cancelled")
}
