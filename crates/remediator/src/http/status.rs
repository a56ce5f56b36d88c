//! The status page.

use super::{App, Failure, unavailable};
use crate::page;
use crate::systemd::UnitControl;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use homeostat_policy::log::Entry;
use homeostat_policy::log::Incident;

pub(super) async fn status_page<C: UnitControl>(
    State(shared): App<C>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let engine = &shared.engine;
    let open: Vec<_> = engine.newest_open(100).iter().map(|i| i.id).collect();
    // Neither a storm of refused alerts nor what is long over may push out what is open.
    let mut entries = engine.ended(20, 100).await.map_err(unavailable)?;
    for id in open {
        if entries.iter().all(|e| e.incident != id) {
            entries.extend(engine.events(id).await.map_err(unavailable)?);
        }
    }
    let mut stories: Vec<(Incident, Vec<Entry>)> = Incident::fold(&entries)
        .into_values()
        .rev()
        .map(|incident| (incident, Vec::new()))
        .collect();
    for entry in entries {
        if let Some((_, told)) = stories.iter_mut().find(|(i, _)| i.id == entry.incident) {
            told.push(entry);
        }
    }
    let mut units = Vec::new();
    for unit in engine.config.rules.units() {
        units.push((unit.clone(), engine.unit(unit).await.ok()));
    }
    let page = page::Page {
        host: engine.config.rules.host().to_owned(),
        now: engine.clock.now(),
        units,
        stories,
        paused: engine.paused().zip(engine.paused_since()),
        budget_left: engine.budget_left(),
        budget: engine.config.rules.budget(),
        healthy: engine.health(),
    };
    Ok((
        [
            (
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'unsafe-inline'",
            ),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CACHE_CONTROL, "no-store"),
        ],
        Html(page::render(&page, page::Unfolded::from_query(query.as_deref())).into_string()),
    )
        .into_response())
}
