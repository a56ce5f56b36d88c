//! Which remedy comes next.

use super::{Case, Chosen, Stop};
use crate::rules::{Rule, Rung};
use crate::unit::{ActiveState, UnitState};
use crate::words::{Mode, Reason, Verb};

/// The leftmost rung, of the oldest alert that has one, which was not tried in this incident and
/// fits the unit's state. Alerts of one incident share what was tried. A rule that names another
/// unit since the alert joined is not the incident's any more: what was seen is not that unit.
///
/// # Errors
/// Why there is none.
pub(super) fn choose<'a>(case: &Case<'a>) -> Result<Chosen<'a>, Stop> {
    let Some(unit) = case.observation.unit.known() else {
        return Err(Stop::Hold(Reason::BusLost, case.rules.hold_timeout()));
    };
    let mut named: Vec<&Rule> = case
        .live
        .iter()
        .filter_map(|(_, e)| case.rules.rule(&e.rule))
        .filter(|rule| case.incident.unit.as_ref() == Some(&rule.unit))
        .collect();
    // A rule on trial must not stand in the way of one that acts.
    named.sort_by_key(|rule| rule.mode == Mode::DryRun);
    let mut none_fits = None;
    for rule in &named {
        let left = left_of(rule, case);
        if let Some(rung) = left.iter().find(|rung| fits(case, rung, unit)) {
            return Ok(Chosen { rule, rung });
        }
        if !left.is_empty() {
            none_fits.get_or_insert(*rule);
        }
    }
    let was_tried = case.incident.actions.iter().any(|a| a.used_its_rung());
    Err(match none_fits {
        Some(rule) if !was_tried => Stop::Hold(Reason::NoRungFits, rule.grace),
        None if named.is_empty() => Stop::Page(Reason::NoRule),
        _ => Stop::Page(Reason::LadderExhausted),
    })
}

/// The rungs of the rule's ladder that were not tried in this incident.
fn left_of<'a>(rule: &'a Rule, case: &Case<'_>) -> Vec<&'a Rung> {
    let mut tried: Vec<_> = case
        .incident
        .actions
        .iter()
        .filter(|action| action.used_its_rung())
        .map(|action| (&action.unit, action.verb))
        .collect();
    let mut is_left = |rung: &Rung| {
        let at = tried.iter().position(|t| *t == (&rung.unit, rung.verb));
        at.map(|at| tried.swap_remove(at)).is_none()
    };
    rule.ladder.iter().filter(|rung| is_left(rung)).collect()
}

/// Whether the rung can help the unit in its state. Where we cleared the failed state and the start
/// was refused, the start is owed, though the unit is inactive now.
fn fits(case: &Case<'_>, rung: &Rung, unit: &UnitState) -> bool {
    let is_owed =
        rung.verb == Verb::Rescue && unit.active == ActiveState::Inactive && is_start_owed(case);
    rung.verb.fits(unit.active) || is_owed
}

/// Whether one of the newest calls, none of which reached systemd as a whole, cleared the failed
/// state, and no start followed.
pub(super) fn is_start_owed(case: &Case<'_>) -> bool {
    case.incident
        .unreached()
        .iter()
        .any(|action| action.ended.as_ref().is_some_and(|ended| ended.was_reset))
}
