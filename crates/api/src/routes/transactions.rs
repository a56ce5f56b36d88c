//! The ledger over HTTP.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::database;
use crate::gateway;
use crate::problem::Problem;
use crate::transaction::{Draft, Request, Status, Transaction};
use crate::{App, chain};

/// Rows of a page unless the client asks for another number.
const DEFAULT_LIMIT: u16 = 50;

/// Most rows of a page.
const LARGEST_LIMIT: u16 = 500;

/// Longest idempotency key, in characters.
const KEY_LIMIT: usize = 255;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/transactions", get(list).post(create))
        .route("/transactions/create", post(create_random))
        .route("/transactions/{id}", get(show))
}

impl From<database::Error> for Problem {
    fn from(error: database::Error) -> Self {
        let problem = match &error {
            database::Error::Unavailable(_) | database::Error::Timeout => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "database_unavailable",
                "the database does not answer; try again",
            )
            .retry_after(1),
            database::Error::Refused(_) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "database_error",
                "the request could not be carried out",
            ),
        };
        problem.caused_by(chain(&error))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    cursor: Option<i64>,
    limit: Option<u16>,
    status: Option<Status>,
}

#[derive(Serialize)]
struct Listing {
    transactions: Vec<Transaction>,
    /// Pass it as `cursor` for the next page; null on the last one.
    next_cursor: Option<i64>,
}

async fn list(
    State(app): State<App>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Listing>, Problem> {
    let Query(page) = page?;
    let limit = page.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=LARGEST_LIMIT).contains(&limit) {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "limit_out_of_range",
            format!("limit {limit} is not within 1 and {LARGEST_LIMIT}"),
        ));
    }
    // One row more than asked for tells whether there is another page.
    let mut transactions = app
        .database
        .list(page.cursor, page.status, i64::from(limit) + 1)
        .await?;
    let more = transactions.len() > usize::from(limit);
    transactions.truncate(usize::from(limit));
    let next_cursor = transactions.last().filter(|_| more).map(|last| last.id);
    Ok(Json(Listing {
        transactions,
        next_cursor,
    }))
}

async fn show(
    State(app): State<App>,
    id: Result<Path<i64>, PathRejection>,
) -> Result<Json<Transaction>, Problem> {
    let Path(id) = id?;
    match app.database.get(id).await? {
        Some(transaction) => Ok(Json(transaction)),
        None => Err(Problem::new(
            StatusCode::NOT_FOUND,
            "transaction_unknown",
            format!("there is no transaction {id}"),
        )),
    }
}

/// Records a transaction as pending. A repeated key gets the first answer again.
async fn create(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Json<Request>, JsonRejection>,
) -> Result<Response, Problem> {
    let key = idempotency_key(&headers)?;
    let Json(request) = body?;
    let draft = Draft::check(request)?;
    if let Some(transaction) = app.database.insert(&draft, Status::Pending, key).await? {
        return Ok(created(&app, transaction));
    }
    let key = key.expect("invariant: only a key can conflict");
    match app.database.by_key(key).await? {
        Some(first) if draft.matches(&first) => {
            let mut response = answer(first);
            response
                .headers_mut()
                .insert("idempotent-replayed", HeaderValue::from_static("true"));
            Ok(response)
        }
        Some(_) => Err(Problem::unprocessable(
            "idempotency_key_reused",
            "this Idempotency-Key came with another body before; use a new key",
        )),
        None => Err(Problem::new(
            StatusCode::CONFLICT,
            "idempotency_key_lost",
            "the row of this Idempotency-Key has just been deleted; try again",
        )),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(key) if (1..=KEY_LIMIT).contains(&key.len()) => Ok(Some(key)),
        _ => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "idempotency_key_malformed",
            format!("Idempotency-Key must be 1 to {KEY_LIMIT} visible ASCII characters"),
        )),
    }
}

/// A random transaction through the payment gateway, for demos.
async fn create_random(State(app): State<App>) -> Result<Response, Problem> {
    const CURRENCIES: [&str; 3] = ["EUR", "GBP", "USD"];
    let draft = Draft {
        amount: Decimal::new(rand::random_range(100..=50_000), 2),
        currency: CURRENCIES[rand::random_range(0..CURRENCIES.len())],
        description: format!("order {}", rand::random_range(1000..10_000)),
    };
    let status = gateway::charge().await;
    let inserted = app.database.insert(&draft, status, None).await?;
    let transaction = inserted.expect("invariant: without a key nothing conflicts");
    Ok(created(&app, transaction))
}

fn created(app: &App, transaction: Transaction) -> Response {
    app.metrics.recorded(transaction.status);
    tracing::info!(
        transaction_id = transaction.id,
        amount = %transaction.amount,
        currency = transaction.currency,
        status = transaction.status.label(),
        "transaction created"
    );
    answer(transaction)
}

fn answer(transaction: Transaction) -> Response {
    let location = format!("/transactions/{}", transaction.id);
    (
        StatusCode::CREATED,
        [(LOCATION, location)],
        Json(transaction),
    )
        .into_response()
}
