//! Load for measurements, on loopback only.
//!
//! Each connection is a worker with its own client, so there are exactly as many connections as were asked for. The
//! generator shares the machine with what it measures; it builds a request before its slot is due, so that this work is
//! not counted as the service's latency.

mod alerts;
mod flush;
mod report;
mod schedule;
mod siege;
mod tally;

pub use flush::flush;
pub use report::{FlushReport, HttpReport, SiegeReport, WebhookReport};
pub use siege::siege;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, RequestBuilder};
use time::OffsetDateTime;
use tokio::task::JoinSet;

use crate::args::{HttpArgs, MAX_SECONDS, WebhookArgs};
use crate::{Error, client, token};
use alerts::Alerts;
use schedule::{Pace, Schedule};
use tally::{Outcome, Tally};

/// Runs `homeostat load webhook`.
///
/// # Errors
/// The token file cannot be used, or there is no HTTP client. What happens to a single post is in the report.
pub async fn webhook(args: &WebhookArgs) -> Result<WebhookReport, Error> {
    let token = token::read(&args.token_file)?;
    let length = Duration::from_secs(args.seconds);
    let pace = if args.posts_per_second > 0.0 {
        Pace::Fixed {
            per_second: args.posts_per_second,
            length,
        }
    } else {
        Pace::Closed {
            limit: u64::MAX,
            length,
        }
    };
    let alerts = Alerts::new(
        &args.alertname,
        args.unit.as_deref(),
        args.alerts_per_post,
        OffsetDateTime::now_utc(),
    );
    let repeated = args.resend.then(|| Bytes::from(alerts.next_post()));
    let url = args.url.clone();
    let next = move |client: &Client| {
        let body = repeated
            .clone()
            .unwrap_or_else(|| Bytes::from(alerts.next_post()));
        client
            .post(url.clone())
            .bearer_auth(&token)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(body)
    };
    let tally = drive(pace, args.connections, next).await?;
    Ok(WebhookReport::new(tally, args.alerts_per_post))
}

/// Runs `homeostat load http`.
///
/// # Errors
/// There is no HTTP client. What happens to a single request is in the report.
pub async fn http(args: &HttpArgs) -> Result<HttpReport, Error> {
    let pace = Pace::Closed {
        limit: args.requests,
        length: Duration::from_secs(MAX_SECONDS),
    };
    let url = args.url.clone();
    let tally = drive(pace, args.connections, move |client: &Client| {
        client.get(url.clone())
    })
    .await?;
    Ok(HttpReport::new(tally))
}

/// Lets `connections` workers send what `next` builds, until the pace ends.
async fn drive(
    pace: Pace,
    connections: u16,
    next: impl Fn(&Client) -> RequestBuilder + Send + Sync + 'static,
) -> Result<Tally, Error> {
    let clients = (0..connections)
        .map(|_| client::direct())
        .collect::<Result<Vec<_>, _>>()?;
    let next = Arc::new(next);
    let schedule = Arc::new(Schedule::start(pace, connections));
    let mut workers = JoinSet::new();
    for client in clients {
        let (next, schedule) = (Arc::clone(&next), Arc::clone(&schedule));
        workers.spawn(async move { work(&client, &schedule, &*next).await });
    }
    let mut tally = Tally::default();
    while let Some(part) = workers.join_next().await {
        tally.merge(part.expect("invariant: a worker does not panic and is never cancelled"));
    }
    tally.elapsed = schedule.started().elapsed();
    Ok(tally)
}

async fn work(
    client: &Client,
    schedule: &Schedule,
    next: &impl Fn(&Client) -> RequestBuilder,
) -> Tally {
    let mut tally = Tally::default();
    loop {
        let request = next(client);
        let Some(intended) = schedule.next_slot().await else {
            return tally;
        };
        let outcome = if Instant::now() < schedule.give_up() {
            send(request).await
        } else {
            Outcome::Unsent
        };
        tally.note(outcome, intended.elapsed());
    }
}

/// Sends and reads the answer to its end, for only then is the connection free again.
async fn send(request: RequestBuilder) -> Outcome {
    let answer = async {
        let mut response = request.send().await?;
        while response.chunk().await?.is_some() {}
        Ok::<_, reqwest::Error>(response.status().as_u16())
    };
    match answer.await {
        Ok(status) => Outcome::Answered(status),
        Err(error) if error.is_timeout() => Outcome::Timeout,
        Err(_) => Outcome::Broken,
    }
}
