//! Pages: a durable level at Alertmanager, for as long as a person is needed.
//!
//! A page is the alert `RemediationExhausted`. It is posted again and again
//! until its incident closes or a person acknowledges it; then
//! `RemediationAcknowledged` takes its place, which reaches nobody and keeps the
//! incident's own alerts muted. Alertmanager API v2 `POST /api/v2/alerts`
//! (read at 0.34): an alert without `endsAt` resolves itself some time after
//! its last post.

use crate::clock;
use crate::engine::Engine;
use crate::journal;
use crate::story;
use crate::systemd::UnitControl;
use homeostat_policy::incident::{Incident, Phase};
use homeostat_policy::moment::rfc3339;
use homeostat_policy::reason::Reason;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Serialize)]
struct PostedAlert {
    labels: BTreeMap<&'static str, String>,
    annotations: BTreeMap<&'static str, String>,
    #[serde(rename = "startsAt")]
    starts_at: String,
    #[serde(rename = "endsAt", skip_serializing_if = "Option::is_none")]
    ends_at: Option<String>,
    #[serde(rename = "generatorURL")]
    generator_url: String,
}

/// How soon a post that Alertmanager did not take is tried again.
const RETRY: Duration = Duration::from_secs(2);

/// Posts the standing pages, whenever one begins or ends and every so often, until the process
/// ends.
pub async fn run<C: UnitControl>(engine: Arc<Engine<C>>, client: reqwest::Client) {
    let url = format!("{}/api/v2/alerts", engine.config.alertmanager_url);
    // Incidents whose page stands at Alertmanager, so that an acknowledgement can end it.
    let mut standing = BTreeSet::new();
    loop {
        let ended = engine.take_ended_pages();
        let open = engine.open_incidents();
        let mut alerts = Vec::new();
        let mut paged = BTreeSet::new();
        for incident in open.iter().filter(|i| i.paged.is_some()) {
            let is_acknowledged = incident.phase == Phase::Acknowledged;
            if is_acknowledged {
                alerts.push(acknowledged(&engine, incident, None));
            } else {
                paged.insert(incident.id);
            }
            if !is_acknowledged || standing.contains(&incident.id) {
                let ends = is_acknowledged.then(|| rfc3339(clock::now().wall_ms));
                alerts.push(page(&engine, incident, ends).await);
            }
        }
        for incident in &ended {
            let now = Some(rfc3339(clock::now().wall_ms));
            alerts.push(page(&engine, incident, now.clone()).await);
            alerts.push(acknowledged(&engine, incident, now));
        }
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
                    standing = paged;
                    engine.config.page_resend
                }
                Err(error) => {
                    tracing::error!(%error, "Alertmanager did not take a page; trying again");
                    engine.metrics.page_errors.inc();
                    engine.return_ended_pages(ended);
                    RETRY
                }
            }
        };
        // A time-out and a ring both lead to the next post.
        let _ = tokio::time::timeout(pause, engine.pages.notified()).await;
    }
}

fn labels(incident: &Incident, name: &str, severity: &str) -> BTreeMap<&'static str, String> {
    let mut labels = BTreeMap::from([
        ("alertname", name.to_owned()),
        ("severity", severity.to_owned()),
        ("component", "remediator".to_owned()),
        ("host", incident.host.clone()),
        ("incident", incident.id.to_string()),
    ]);
    if let Some(unit) = &incident.unit {
        labels.insert("unit", unit.to_string());
    }
    labels
}

async fn page<C: UnitControl>(
    engine: &Engine<C>,
    incident: &Incident,
    ends_at: Option<String>,
) -> PostedAlert {
    let config = &engine.config;
    let unit = incident.unit.as_ref();
    let name = unit.map_or_else(|| "an alert".to_owned(), ToString::to_string);
    let reason = incident.paged.unwrap_or(Reason::Other);
    let state = match unit {
        Some(unit) => match engine.unit(unit).await {
            Ok(state) => format!("The unit is {}.", story::unit_state(&state)),
            Err(_) => "The unit's state cannot be read.".to_owned(),
        },
        None => String::new(),
    };
    let alerts: BTreeSet<&str> = incident
        .live()
        .iter()
        .map(|(_, e)| e.name.as_str())
        .collect();
    let alerts = Vec::from_iter(alerts).join(", ");
    let mut annotations = BTreeMap::from([
        (
            "summary",
            format!(
                "{name} on {} needs a person: {}",
                incident.host,
                reason.label()
            ),
        ),
        (
            "description",
            format!(
                "{} {} {state} Firing: {alerts}.",
                story::why_called(incident),
                story::tried(incident)
            ),
        ),
        (
            "runbook_url",
            format!("{}#remediationexhausted", config.runbook_url),
        ),
        ("incident_url", incident_url(config, incident)),
    ]);
    if let Some(unit) = unit
        && config.page_journal_lines > 0
    {
        let lines = journal::last_lines(unit, config.page_journal_lines, 8 * 1024).await;
        annotations.insert(
            "journal",
            lines.map_or_else(|error| error.to_string(), |lines| lines.join("\n")),
        );
    }
    PostedAlert {
        labels: labels(incident, "RemediationExhausted", "critical"),
        annotations,
        starts_at: rfc3339(incident.opened.wall_ms),
        ends_at,
        generator_url: incident_url(config, incident),
    }
}

fn acknowledged<C: UnitControl>(
    engine: &Engine<C>,
    incident: &Incident,
    ends_at: Option<String>,
) -> PostedAlert {
    PostedAlert {
        labels: labels(incident, "RemediationAcknowledged", "info"),
        annotations: BTreeMap::from([(
            "summary",
            "A person answers for this incident; its alerts are muted until it closes.".to_owned(),
        )]),
        starts_at: rfc3339(incident.opened.wall_ms),
        ends_at,
        generator_url: incident_url(&engine.config, incident),
    }
}

fn incident_url(config: &crate::config::Config, incident: &Incident) -> String {
    format!("{}/#incident-{}", config.external_url, incident.id)
}
