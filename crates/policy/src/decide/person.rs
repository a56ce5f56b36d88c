//! A person was called, or has answered: nothing is done to the unit meanwhile.

use super::obstacles::was_stopped_by_somebody;
use super::{Case, Decision, escalate};
use crate::log::Phase;
use crate::observation::HeldAlert;
use crate::words::Reason;

/// Waits for the person, or calls again: their answer covers what was known, and expires.
///
/// While a page or an answer stands, inhibition keeps the unit's other alerts from us; so each look
/// asks Alertmanager for all of them.
pub(super) fn waiting(case: &Case<'_>) -> Decision {
    let is_acknowledged = match case.incident.phase {
        Phase::Acknowledged { since } => {
            if case.now.since(&since) >= case.rules.acknowledgement() {
                return escalate(Reason::AcknowledgementExpired);
            }
            true
        }
        _ => false,
    };
    if has_worsened(case) {
        return escalate(Reason::WorseSince);
    }
    Decision::Hold {
        reason: if is_acknowledged {
            Reason::Acknowledged
        } else {
            Reason::AwaitingPerson
        },
        verb: None,
        wait: None,
    }
}

/// Whether something happened that the person does not know: an alert of another name or of a higher
/// severity, or the unit left active other than by somebody's stop.
fn has_worsened(case: &Case<'_>) -> bool {
    let told = &case.incident.told;
    let joined = case.live.iter().map(|(_, e)| HeldAlert::of(&e.labels));
    let held = case
        .observation
        .of_unit
        .known()
        .into_iter()
        .flatten()
        .cloned();
    let is_news = |alert: &HeldAlert| {
        !is_ours_about_the_page(alert)
            && told
                .alerts
                .iter()
                .filter(|known| known.name == alert.name)
                .map(rank)
                .max()
                .is_none_or(|known| rank(alert) > known)
    };
    if joined.chain(held).any(|alert| is_news(&alert)) {
        return true;
    }
    let left_active = told.was_active
        && case
            .observation
            .unit
            .known()
            .is_some_and(|unit| unit.is_off() && !unit.ended_well());
    left_active && !was_stopped_by_somebody(case)
}

/// The page itself, and what a person's answer puts in its place.
fn is_ours_about_the_page(alert: &HeldAlert) -> bool {
    matches!(
        alert.name.as_str(),
        "RemediationExhausted" | "RemediationAcknowledged"
    )
}

/// How bad an alert is by its severity; one that is not ours counts as a warning.
fn rank(alert: &HeldAlert) -> u8 {
    match alert.severity.as_str() {
        "critical" => 2,
        "info" | "none" => 0,
        _ => 1,
    }
}
