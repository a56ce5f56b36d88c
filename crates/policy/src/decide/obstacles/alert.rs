//! The alerts: whether anybody shows them, and whether they are whole.

use crate::decide::{Case, Stop};
use crate::unit::ActiveState;
use crate::words::Reason;

/// An alert that our rule made and a relabelling robbed of its labels: no witness could ever judge a
/// remedy for it.
pub(super) fn relabelled(case: &Case<'_>) -> Option<Stop> {
    case.asked()
        .any(|asked| asked.is_relabelled())
        .then_some(Stop::Page(Reason::RuleRelabelled))
}

/// What was over, or refused, before it was reported again is not acted on blindly: a witness shows
/// it, or the unit has failed.
pub(super) fn unconfirmed(case: &Case<'_>) -> Option<Stop> {
    let unit = case.observation.unit.known()?;
    let is_confirmed = unit.active == ActiveState::Failed
        || case.asked().any(|a| !a.evidence.is_anew || a.is_shown());
    (!is_confirmed).then(|| Stop::Hold(Reason::Unconfirmed, case.rules.hold_timeout()))
}
