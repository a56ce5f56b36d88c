//! An incident as a trace: a root for the whole of it, and below it a span for each phase it went
//! through, with the times of the event log. It is sent once, when the incident is over; its id
//! follows from the incident, so that the lines of the journal can name it from the beginning.

use homeostat_policy::log::Entry;
use homeostat_policy::log::Moment;
use homeostat_policy::log::{Incident, Phase};
use homeostat_policy::unit::UnitName;
use homeostat_policy::words::End;
use homeostat_policy::words::JobResult;
use homeostat_policy::words::Reason;
use homeostat_policy::words::Verdict;
use homeostat_telemetry::PastSpan;
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The most phases that are told. A unit that crashes again and again without a remedy can change
/// its phase for days; the event log has them all.
const MOST_PHASES: usize = 200;

/// The id of the incident's trace, as 32 hexadecimal digits.
#[must_use]
pub fn id(incident: &Incident) -> String {
    format!("{:032x}", number(incident))
}

/// FNV-1a of 128 bits over what no two incidents share: the number begins anew with a new event log,
/// and two hosts count alike.
fn number(incident: &Incident) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let opened = incident.opened.wall_ms.to_be_bytes();
    let bytes = incident.id.to_be_bytes().into_iter().chain(opened);
    bytes
        .chain(incident.host.bytes())
        .fold(BASIS, |hash, byte| {
            (hash ^ u128::from(byte)).wrapping_mul(PRIME)
        })
}

/// The trace that the events of one incident tell: its id, the root, and what is below the root.
/// `None` while the incident is open, and for an alert that was refused: nothing was done there.
#[must_use]
pub fn of(entries: &[Entry]) -> Option<(u128, PastSpan, Vec<PastSpan>)> {
    let (first, rest) = entries.split_first()?;
    let mut incident = Incident::begin(first)?;
    let mut since = first.at;
    let mut phases = Vec::new();
    for entry in rest {
        let phase = incident.phase;
        incident.apply(entry);
        if incident.phase != phase {
            // A decision often follows within the same millisecond, and is nothing to look at.
            let is_instant = phase == Phase::Deciding && since.wall_ms == entry.at.wall_ms;
            if phases.len() < MOST_PHASES && !is_instant {
                phases.push(phase_span(&incident, phase, since, entry.at));
            }
            since = entry.at;
        }
    }
    let end = incident.closed.filter(|_| incident.unit.is_some())?;
    Some((number(&incident), root(&incident, end), phases))
}

fn root(incident: &Incident, end: Moment) -> PastSpan {
    let alerts = incident.evidence.values().map(|e| e.name.as_str());
    let alerts = Vec::from_iter(alerts.collect::<BTreeSet<_>>()).join(", ");
    let mut attributes = vec![
        ("incident_id", incident.id.to_string()),
        ("host", incident.host.clone()),
        ("alert_name", alerts),
    ];
    let unit = incident.unit.as_ref().map(UnitName::to_string);
    attributes.extend(unit.map(|unit| ("unit_name", unit)));
    let labels = [
        ("end", incident.end().map(End::label)),
        ("verdict", incident.verdict().map(Verdict::label)),
        ("reason", incident.reason.map(Reason::label)),
    ];
    attributes.extend(said(&labels));
    PastSpan {
        name: "incident",
        start: time(incident.opened),
        end: time(end),
        attributes,
        failed: incident.end() == Some(End::Paged),
    }
}

/// The span of a phase that just ended; the incident knows how.
fn phase_span(incident: &Incident, phase: Phase, start: Moment, end: Moment) -> PastSpan {
    let action = incident.last_action();
    let verb = ("verb", action.map(|a| a.verb.label()));
    let result = action.and_then(|a| a.ended.as_ref()).map(|e| e.result);
    let (verdict, reason) = action.and_then(|a| a.verdict).unzip();
    let (attributes, failed) = match phase {
        Phase::Holding { reason, .. } => (said(&[("reason", Some(reason.label()))]), false),
        Phase::Acting => (
            said(&[verb, ("result", result.map(JobResult::label))]),
            result != Some(JobResult::Done),
        ),
        Phase::Verifying => (
            said(&[
                verb,
                ("verdict", verdict.map(Verdict::label)),
                ("reason", reason.map(Reason::label)),
            ]),
            verdict != Some(Verdict::Fixed),
        ),
        Phase::Paged => (
            said(&[("reason", incident.paged.map(Reason::label))]),
            false,
        ),
        Phase::Deciding | Phase::Acknowledged { .. } | Phase::Closed(_) => (Vec::new(), false),
    };
    PastSpan {
        name: phase.label(),
        start: time(start),
        end: time(end),
        attributes,
        failed,
    }
}

/// What can be said of these, as attributes.
fn said(labels: &[(&'static str, Option<&'static str>)]) -> Vec<(&'static str, String)> {
    let said =
        |(key, label): &(&'static str, Option<&'static str>)| Some((*key, (*label)?.to_owned()));
    labels.iter().filter_map(said).collect()
}

fn time(at: Moment) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(at.wall_ms).unwrap_or(0))
}

#[cfg(test)]
mod tests;
