//! A page, and what stands in its place while a person answers, as Alertmanager takes them.

use crate::config::Config;
use crate::engine::Engine;
use crate::story;
use crate::systemd::UnitControl;
use homeostat_policy::log::{Incident, Phase, rfc3339};
use homeostat_policy::words::Reason;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Serialize)]
pub(super) struct PostedAlert {
    labels: BTreeMap<&'static str, String>,
    annotations: BTreeMap<&'static str, String>,
    #[serde(rename = "startsAt")]
    starts_at: String,
    #[serde(rename = "endsAt", skip_serializing_if = "Option::is_none")]
    ends_at: Option<String>,
    #[serde(rename = "generatorURL")]
    generator_url: String,
}

/// Which alert stands for an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A person is called.
    Page,
    /// A person has answered.
    Answered,
}

impl Kind {
    pub(super) fn of(incident: &Incident) -> Self {
        match incident.phase {
            Phase::Acknowledged { .. } => Kind::Answered,
            _ => Kind::Page,
        }
    }

    /// The alert; `journal` is what the unit wrote last, where that is known already.
    pub(super) fn alert<C: UnitControl>(
        self,
        engine: &Engine<C>,
        incident: &Incident,
        journal: Option<String>,
        ends_at: Option<String>,
    ) -> PostedAlert {
        match self {
            Kind::Page => page(engine, incident, journal, ends_at),
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

fn page<C: UnitControl>(
    engine: &Engine<C>,
    incident: &Incident,
    journal: Option<String>,
    ends_at: Option<String>,
) -> PostedAlert {
    let config = &engine.config;
    let unit = incident.unit.as_ref();
    let name = unit.map_or_else(|| "an alert".to_owned(), ToString::to_string);
    let reason = incident.paged.unwrap_or(Reason::Unknown);
    let state = match unit {
        Some(unit) => match engine.unit(unit) {
            Some(state) => format!("The unit is {}.", story::unit_state(&state)),
            None => "The unit's state is not known.".to_owned(),
        },
        None => String::new(),
    };
    let alerts: BTreeSet<&str> = incident
        .live()
        .iter()
        .map(|(_, e)| e.name.as_str())
        .collect();
    let alerts = Vec::from_iter(alerts).join(", ") + &story::left_out(incident);
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
    annotations.extend(journal.map(|lines| ("journal", lines)));
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

fn incident_url(config: &Config, incident: &Incident) -> String {
    format!("{}/#incident-{}", config.external_url, incident.id)
}
