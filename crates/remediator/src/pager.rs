//! Pages: a durable level at Alertmanager, for as long as a person is needed.
//!
//! A page is the alert `RemediationExhausted`. It is posted again and again
//! until its incident closes or a person acknowledges it; then
//! `RemediationAcknowledged` takes its place, which reaches nobody and keeps the
//! incident's own alerts muted. Alertmanager API v2 `POST /api/v2/alerts`
//! (read at 0.34): an alert without `endsAt` resolves itself some time after
//! its last post.

mod alert;
mod journals;

use crate::engine::Engine;
use crate::systemd::UnitControl;
use alert::Kind;
use homeostat_policy::log::{Incident, IncidentId, rfc3339};
use journals::Journals;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How soon a post that Alertmanager did not take is tried again.
const RETRY: Duration = Duration::from_secs(2);

/// Posts the standing pages, whenever one begins or ends and every so often, until the process
/// ends.
pub async fn run<C: UnitControl>(engine: Arc<Engine<C>>, client: reqwest::Client) {
    let url = format!("{}/api/v2/alerts", engine.config.alertmanager_url);
    // What stands at Alertmanager, so that it can be ended there when the level has changed.
    let mut standing: BTreeMap<IncidentId, (Incident, Kind)> = BTreeMap::new();
    let journals = Journals::new();
    loop {
        let level = engine.pages();
        let mut alerts = Vec::new();
        let mut now_standing = BTreeMap::new();
        for incident in level {
            let kind = Kind::of(&incident);
            let unit = incident.unit.as_ref().filter(|_| kind == Kind::Page);
            let journal = unit.and_then(|unit| journals.of(&engine, incident.id, unit));
            alerts.push(kind.alert(&engine, &incident, journal, None));
            now_standing.insert(incident.id, (incident, kind));
        }
        for (id, (incident, kind)) in &standing {
            if now_standing.get(id).is_none_or(|(_, now)| now != kind) {
                let now = rfc3339(engine.clock.now().wall_ms);
                alerts.push(kind.alert(&engine, incident, None, Some(now)));
            }
        }
        journals.keep(|id| now_standing.contains_key(&id));
        let pause = if alerts.is_empty() {
            engine.config.page_resend
        } else {
            let posted = client
                .post(&url)
                .timeout(Duration::from_secs(5))
                .json(&alerts)
                .send()
                .await
                .and_then(reqwest::Response::error_for_status);
            match posted {
                Ok(_) => {
                    standing = now_standing;
                    engine.config.page_resend
                }
                Err(error) => {
                    tracing::error!(%error, "Alertmanager did not take a page; trying again");
                    engine.metrics.page_errors.inc();
                    // What could not be ended is ended later.
                    for (id, page) in now_standing {
                        standing.entry(id).or_insert(page);
                    }
                    RETRY
                }
            }
        };
        // A time-out and a ring both lead to the next post.
        let _ = tokio::time::timeout(pause, engine.pages.notified()).await;
    }
}
