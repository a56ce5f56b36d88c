//! Pages: a durable level at Alertmanager, for as long as a person is needed.
//!
//! A page is the alert `RemediationExhausted`. It is posted again and again
//! until its incident closes or a person acknowledges it; then
//! `RemediationAcknowledged` takes its place, which reaches nobody and keeps the
//! incident's own alerts muted. Alertmanager API v2 `POST /api/v2/alerts`
//! (read at 0.34): an alert without `endsAt` resolves itself some time after
//! its last post.

use crate::engine::Engine;
use crate::journal;
use crate::story;
use crate::systemd::UnitControl;
use homeostat_policy::log::rfc3339;
use homeostat_policy::log::{Incident, IncidentId, Phase};
use homeostat_policy::words::Reason;
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
    // What stands at Alertmanager, so that it can be ended there when the level has changed.
    let mut standing: BTreeMap<IncidentId, (Incident, Kind)> = BTreeMap::new();
    loop {
        let level = engine.pages();
        let mut alerts = Vec::new();
        let mut now_standing = BTreeMap::new();
        for incident in level {
            let kind = Kind::of(&incident);
            alerts.push(kind.alert(&engine, &incident, None).await);
            now_standing.insert(incident.id, (incident, kind));
        }
        for (id, (incident, kind)) in &standing {
            if now_standing.get(id).is_none_or(|(_, now)| now != kind) {
                let now = rfc3339(engine.clock.now().wall_ms);
                alerts.push(kind.alert(&engine, incident, Some(now)).await);
            }
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

/// Which alert stands for an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A person is called.
    Page,
    /// A person has answered.
    Answered,
}

impl Kind {
    fn of(incident: &Incident) -> Self {
        match incident.phase {
            Phase::Acknowledged { .. } => Kind::Answered,
            _ => Kind::Page,
        }
    }

    async fn alert<C: UnitControl>(
        self,
        engine: &Engine<C>,
        incident: &Incident,
        ends_at: Option<String>,
    ) -> PostedAlert {
        match self {
            Kind::Page => page(engine, incident, ends_at).await,
            Kind::Answered => acknowledged(engine, incident, ends_at),
        }
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
    let reason = incident.paged.unwrap_or(Reason::Unknown);
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
        starts_at: began(engine, incident),
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
        starts_at: began(engine, incident),
        ends_at,
        generator_url: incident_url(&engine.config, incident),
    }
}

/// When the incident began. By a clock that stood ahead then that has not come yet, and Alertmanager refuses an alert
/// that would begin after its end.
fn began<C: UnitControl>(engine: &Engine<C>, incident: &Incident) -> String {
    rfc3339(incident.opened.wall_ms.min(engine.clock.now().wall_ms))
}

fn incident_url(config: &crate::config::Config, incident: &Incident) -> String {
    format!("{}/#incident-{}", config.external_url, incident.id)
}
