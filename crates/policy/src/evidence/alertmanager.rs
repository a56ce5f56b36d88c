//! An alert that Alertmanager shows or has shown, or that our own rule makes. Both are asked, and a
//! silent witness has not said that the alert is over.

use super::{Asked, Doubt, is_alertmanager_old};

/// Whether all who can be asked say that the alert is over.
pub(super) fn clears(asked: &Asked<'_>) -> bool {
    asked.state.in_alertmanager.is(false)
        && is_alertmanager_old(asked.observation, asked.rules)
        && (!asked.is_ours() || asked.state.in_prometheus.is(Some(false)))
}

pub(super) fn doubt(asked: &Asked<'_>, not_before_ms: i64) -> Option<Doubt> {
    let state = &asked.state;
    let is_ours = asked.is_ours();
    let prometheus = state.in_prometheus.known();
    if state.in_alertmanager.is(true) || (is_ours && prometheus == Some(&Some(true))) {
        return Some(Doubt::Firing);
    }
    let silent = state.in_alertmanager.known().is_none()
        || asked.observation.alertmanager_up_ms.known().is_none()
        || state.proof.known().is_none()
        || (is_ours && prometheus.is_none());
    if silent {
        return Some(Doubt::Unknown);
    }
    if state.proof.is(false) || (is_ours && prometheus == Some(&None)) {
        return Some(Doubt::NoData);
    }
    let is_judged_young = state.evaluated_ms.is_some_and(|at| at >= not_before_ms);
    if is_ours && !is_judged_young {
        return Some(Doubt::Unknown);
    }
    (!is_alertmanager_old(asked.observation, asked.rules)).then_some(Doubt::Young)
}
