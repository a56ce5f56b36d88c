//! The status page.

use super::{App, Failure, Shared, unavailable};
use crate::page::{self, Unfolded};
use crate::systemd::UnitControl;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// For so long a page is as good as a new one.
const FRESH: Duration = Duration::from_secs(1);

/// The page that was drawn last. Many who look at once share it.
pub(super) type LastPage = Mutex<Option<(Unfolded, Instant, Bytes)>>;

pub(super) async fn status_page<C: UnitControl>(
    State(shared): App<C>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let unfolded = Unfolded::from_query(query.as_deref());
    let mut last = shared.page.lock().await;
    let fresh = last
        .as_ref()
        .filter(|(drawn, at, _)| *drawn == unfolded && at.elapsed() < FRESH)
        .map(|(.., page)| page.clone());
    let page = match fresh {
        Some(page) => page,
        None => {
            let page = draw(&shared, unfolded).await?;
            *last = Some((unfolded, Instant::now(), page.clone()));
            page
        }
    };
    Ok((
        [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'unsafe-inline'",
            ),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CACHE_CONTROL, "no-store"),
        ],
        page,
    )
        .into_response())
}

async fn draw<C: UnitControl>(shared: &Shared<C>, unfolded: Unfolded) -> Result<Bytes, Failure> {
    let engine = &shared.engine;
    let open = engine.newest_open(i64::MAX, 100);
    let mut numbers: Vec<_> = open.iter().map(|i| i.id).collect();
    // Neither a storm of refused alerts nor what is long over may push out what is open.
    let ended = engine.ended(i64::MAX, 20, 100).await;
    numbers.extend(ended.map_err(unavailable)?);
    let mut stories = engine.stories(&numbers).await.map_err(unavailable)?;
    stories.reverse();
    let seen = engine.units();
    let page = page::Page {
        host: engine.config.rules.host().to_owned(),
        now: engine.clock.now(),
        units: seen.units,
        units_age: seen.age,
        stories,
        paused: engine.paused().zip(engine.paused_since()),
        budget_left: engine.budget_left(),
        budget: engine.config.rules.budget(),
        healthy: engine.health(),
    };
    Ok(Bytes::from(page::render(&page, unfolded).into_string()))
}
