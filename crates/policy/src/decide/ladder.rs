//! Which remedy comes next.

use crate::alert::Fingerprint;
use crate::incident::{Evidence, Incident};
use crate::rules::{Mode, Rule, Rules};
use crate::unit::{ActiveState, Verb};

/// What the ladders of an incident's rules have left.
pub(super) enum Rung<'a> {
    /// This rule's verb fits the unit's state.
    Fits(&'a Rule, Verb),
    /// Rungs are left, this rule's first, and none fits.
    NoneFits(&'a Rule),
    /// Every rung was tried.
    Exhausted,
    /// No alert has a rule any more.
    NoRule,
}

/// The leftmost rung, of the oldest alert that has one, which was not tried in this incident and
/// fits the unit's state. Alerts of one incident share what was tried. A rule that names another
/// unit since the alert joined is not the incident's any more: what was seen is not that unit.
pub(super) fn next_rung<'a>(
    incident: &Incident,
    live: &[(Fingerprint, &Evidence)],
    state: ActiveState,
    rules: &'a Rules,
) -> Rung<'a> {
    let mut none_fits = None;
    let mut has_rule = false;
    let mut named: Vec<&Rule> = live
        .iter()
        .filter_map(|(_, e)| rules.rule(&e.rule))
        .filter(|rule| incident.unit.as_ref() == Some(&rule.unit))
        .collect();
    // A rule on trial must not stand in the way of one that acts.
    named.sort_by_key(|rule| rule.mode == Mode::DryRun);
    for rule in named {
        has_rule = true;
        let mut tried: Vec<Verb> = incident
            .actions
            .iter()
            .filter(|a| a.used_its_rung())
            .map(|a| a.verb)
            .collect();
        let mut is_left = |verb: &Verb| match tried.iter().position(|t| t == verb) {
            Some(at) => {
                tried.swap_remove(at);
                false
            }
            None => true,
        };
        let left: Vec<Verb> = rule.ladder.iter().copied().filter(|v| is_left(v)).collect();
        if let Some(verb) = left.iter().find(|verb| verb.fits(state)) {
            return Rung::Fits(rule, *verb);
        }
        if !left.is_empty() {
            none_fits.get_or_insert(rule);
        }
    }
    match none_fits {
        Some(rule) => Rung::NoneFits(rule),
        None if has_rule => Rung::Exhausted,
        None => Rung::NoRule,
    }
}
