//! The figures of a run, as one JSON object.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::tally::{Latency, Tally};
use crate::Error;

/// The figures of `load webhook`. Counts and rates are of posts that were answered with 2xx.
#[derive(Debug, Serialize)]
pub struct WebhookReport {
    /// Accepted posts.
    pub posts: u64,
    /// Alerts in them.
    pub alerts: u64,
    /// From the start to the last answer.
    pub seconds: f64,
    /// Accepted posts per second.
    pub posts_per_second: f64,
    /// Alerts in accepted posts, per second.
    pub alerts_per_second: f64,
    /// Every post that was due, by HTTP status or by `timeout`, `broken` (no connection, or it broke off), `unsent`.
    pub status: BTreeMap<String, u64>,
    /// Median latency of all posts in milliseconds; a failed post counts with the time that was waited for it.
    pub p50_ms: f64,
    /// 95th percentile, likewise.
    pub p95_ms: f64,
    /// 99th percentile, likewise.
    pub p99_ms: f64,
    /// Maximum, likewise.
    pub max_ms: f64,
}

/// The figures of `load http`, as those of `load webhook`.
#[derive(Debug, Serialize)]
pub struct HttpReport {
    /// Requests answered with 2xx.
    pub requests: u64,
    /// From the start to the last answer.
    pub seconds: f64,
    /// Requests answered with 2xx, per second.
    pub requests_per_second: f64,
    /// Every request, by HTTP status or by `timeout`, `broken` (no connection, or it broke off), `unsent`.
    pub status: BTreeMap<String, u64>,
    /// Median latency of all requests in milliseconds; a failed one counts with the time that was waited for it.
    pub p50_ms: f64,
    /// 95th percentile, likewise.
    pub p95_ms: f64,
    /// 99th percentile, likewise.
    pub p99_ms: f64,
    /// Maximum, likewise.
    pub max_ms: f64,
}

/// The figures of `load flush`.
#[derive(Debug, Serialize)]
pub struct FlushReport {
    /// Flushes made.
    pub flushes: u64,
    /// From the start of the first to the end of the last.
    pub seconds: f64,
    /// Median time of one write of 4 KiB with its flush, in milliseconds.
    pub p50_ms: f64,
    /// 95th percentile, likewise.
    pub p95_ms: f64,
    /// 99th percentile, likewise.
    pub p99_ms: f64,
    /// Maximum, likewise.
    pub max_ms: f64,
}

/// The figures of `load siege`.
#[derive(Debug, Serialize)]
pub struct SiegeReport {
    /// From the start to the end.
    pub seconds: f64,
    /// Connections that were opened.
    pub connections: u64,
    /// Bytes of bodies that were taken, by the service or by the kernel for it.
    pub body_bytes: u64,
    /// Posts with a bad token that were answered.
    pub posts: u64,
}

impl SiegeReport {
    pub(super) fn new(elapsed: Duration, connections: u64, body_bytes: u64, posts: u64) -> Self {
        Self {
            seconds: rounded(elapsed.as_secs_f64()),
            connections,
            body_bytes,
            posts,
        }
    }
}

impl FlushReport {
    pub(super) fn new(flushes: u64, elapsed: Duration, latency: &Latency) -> Self {
        Self {
            flushes,
            seconds: rounded(elapsed.as_secs_f64()),
            p50_ms: latency.p50,
            p95_ms: latency.p95,
            p99_ms: latency.p99,
            max_ms: latency.max,
        }
    }
}

impl WebhookReport {
    pub(super) fn new(mut tally: Tally, alerts_per_post: u16) -> Self {
        let latency = tally.latency();
        let posts = tally.accepted();
        let alerts = posts * u64::from(alerts_per_post);
        Self {
            posts,
            alerts,
            seconds: rounded(tally.elapsed.as_secs_f64()),
            posts_per_second: per_second(posts, tally.elapsed),
            alerts_per_second: per_second(alerts, tally.elapsed),
            status: status(&tally),
            p50_ms: latency.p50,
            p95_ms: latency.p95,
            p99_ms: latency.p99,
            max_ms: latency.max,
        }
    }

    /// A run of which nothing was accepted is a failure, whatever it printed.
    ///
    /// # Errors
    /// No post was answered with 2xx.
    pub fn verdict(&self, url: &str) -> Result<(), Error> {
        verdict(self.posts, &self.status, url)
    }
}

impl HttpReport {
    pub(super) fn new(mut tally: Tally) -> Self {
        let latency = tally.latency();
        let requests = tally.accepted();
        Self {
            requests,
            seconds: rounded(tally.elapsed.as_secs_f64()),
            requests_per_second: per_second(requests, tally.elapsed),
            status: status(&tally),
            p50_ms: latency.p50,
            p95_ms: latency.p95,
            p99_ms: latency.p99,
            max_ms: latency.max,
        }
    }

    /// A run of which nothing was accepted is a failure, whatever it printed.
    ///
    /// # Errors
    /// No request was answered with 2xx.
    pub fn verdict(&self, url: &str) -> Result<(), Error> {
        verdict(self.requests, &self.status, url)
    }
}

fn verdict(accepted: u64, status: &BTreeMap<String, u64>, url: &str) -> Result<(), Error> {
    if accepted > 0 {
        return Ok(());
    }
    Err(Error::NothingAccepted {
        url: url.to_owned(),
        tried: status.values().sum(),
    })
}

fn status(tally: &Tally) -> BTreeMap<String, u64> {
    tally
        .outcomes
        .iter()
        .map(|(outcome, count)| (outcome.label(), *count))
        .collect()
}

fn per_second(count: u64, elapsed: Duration) -> f64 {
    if elapsed.is_zero() {
        0.0
    } else {
        rounded(count as f64 / elapsed.as_secs_f64())
    }
}

/// Three decimals: more would be noise.
fn rounded(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}
