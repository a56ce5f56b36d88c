//! What is known of an incident's alerts: who can be asked about each, when it is gone, and why it
//! is not proven to be.

mod alertmanager;
mod posted;

use crate::alert::Fingerprint;
use crate::log::room::MAX_EVENTS;
use crate::log::{Evidence, Incident, Now, Phase, Source};
use crate::observation::{AlertState, Observation};
use crate::rules::{Rule, Rules};
use crate::words::{Reason, Verdict};
use std::time::Duration;

/// One alert of an incident beside what was seen.
pub(crate) struct Asked<'a> {
    pub(crate) incident: &'a Incident,
    pub(crate) evidence: &'a Evidence,
    /// The rule that it means; `None` if the rules have changed.
    pub(crate) rule: Option<&'a Rule>,
    pub(crate) state: AlertState,
    pub(crate) observation: &'a Observation,
    pub(crate) rules: &'a Rules,
    pub(crate) now: &'a Now,
}

impl<'a> Asked<'a> {
    pub(crate) fn of(
        fingerprint: Fingerprint,
        evidence: &'a Evidence,
        incident: &'a Incident,
        observation: &'a Observation,
        rules: &'a Rules,
        now: &'a Now,
    ) -> Self {
        Self {
            incident,
            evidence,
            rule: rules.rule(&evidence.rule),
            state: observation
                .alerts
                .get(&fingerprint)
                .copied()
                .unwrap_or_default(),
            observation,
            rules,
            now,
        }
    }

    /// Whether it has every label that our own rule writes.
    pub(crate) fn is_ours(&self) -> bool {
        // Of those that were left out nobody knows whose they are: our rule is asked too.
        let is_ours =
            |rule: &Rule| self.evidence.stands_for > 0 || rule.is_ours(&self.evidence.labels);
        self.rule.is_some_and(is_ours)
    }

    /// Whether a witness shows it firing, and not only pending.
    pub(crate) fn is_shown(&self) -> bool {
        self.state.in_alertmanager.is(true) || (self.is_ours() && self.state.fires)
    }

    /// Whether the alert lacks labels of ours although our rule made it: somebody's relabelling took
    /// them away.
    pub(crate) fn is_relabelled(&self) -> bool {
        let has_ours = matches!(self.state.in_prometheus.known(), Some(Some(true)));
        let has_none = self.state.in_prometheus.is(None) && self.state.has_namesake;
        !self.is_ours() && self.state.in_alertmanager.is(true) && (has_ours || has_none)
    }

    fn clears(&self) -> bool {
        // Some of those that were left out may have been posted by hand, and of so many a person decides.
        let is_undecided = self.evidence.stands_for > 0
            && (self.incident.events >= MAX_EVENTS
                || !self.observation.unit.known().is_some_and(|u| u.is_well()));
        match self.evidence.source {
            _ if is_undecided => false,
            Source::Alertmanager => alertmanager::clears(self),
            Source::Posted => posted::clears(self),
            // Who has not answered has not said that it is over.
            Source::Unasked | Source::Unknown => false,
        }
    }

    /// Why the alert is not proven to be gone by an evaluation at or after `not_before_ms`,
    /// milliseconds since the Unix epoch.
    pub(crate) fn doubt(&self, not_before_ms: i64) -> Option<Doubt> {
        match self.evidence.source {
            Source::Alertmanager => alertmanager::doubt(self, not_before_ms),
            Source::Posted => posted::doubt(self),
            Source::Unasked | Source::Unknown => Some(match self.state.in_alertmanager.known() {
                Some(false) if self.observation.alertmanager_up_ms.known().is_some() => {
                    Doubt::Young
                }
                _ => Doubt::Unknown,
            }),
        }
    }
}

/// Whether Alertmanager's no is an answer. It keeps no alerts over a restart, so one that is younger
/// than the time for which it keeps an alert has said nothing.
pub(crate) fn is_alertmanager_old(observation: &Observation, rules: &Rules) -> bool {
    observation
        .alertmanager_up_ms
        .known()
        .is_some_and(|ms| Duration::from_millis(*ms) >= rules.resolve_timeout())
}

/// Why an alert is not proven to be gone, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Doubt {
    /// Alertmanager has not run for long enough to say no; that passes.
    Young,
    /// Nothing was there by which to judge.
    NoData,
    /// A witness was silent.
    Unknown,
    /// It still fires.
    Firing,
}

/// Who can be asked about which alert, where that was just found out.
///
/// An alert of ours has two witnesses, whether they answer or not. Of any other Alertmanager tells:
/// what it shows has Alertmanager as its witness from then on; what it answers without, and not
/// because it was just started, was posted.
pub(crate) fn witnessed(
    incident: &Incident,
    observation: &Observation,
    rules: &Rules,
) -> Vec<(Fingerprint, Source)> {
    let is_old = is_alertmanager_old(observation, rules);
    let source = |fingerprint: &Fingerprint, evidence: &Evidence| {
        let is_ours = rules
            .rule(&evidence.rule)
            .is_some_and(|rule| rule.is_ours(&evidence.labels));
        let held = observation
            .alerts
            .get(fingerprint)
            .and_then(|state| state.in_alertmanager.known());
        match (is_ours, held) {
            (true, _) | (_, Some(true)) => Some(Source::Alertmanager),
            (false, Some(false)) if is_old => Some(Source::Posted),
            (false, _) => None,
        }
    };
    incident
        .live()
        .into_iter()
        .filter(|(_, e)| e.source != Source::Alertmanager)
        .filter_map(|(f, e)| Some((f, source(&f, e)?, e.source)))
        .filter(|(_, new, old)| new != old)
        .map(|(f, new, _)| (f, new))
        .collect()
}

/// The alerts that a remedy which helped has ended: all but what was posted since, of which a verdict
/// about what was before says nothing.
pub(crate) fn fixed(
    incident: &Incident,
    observation: &Observation,
    rules: &Rules,
    now: &Now,
) -> Vec<Fingerprint> {
    let is_over = |fingerprint: &Fingerprint, evidence: &Evidence| {
        evidence.source != Source::Posted
            || Asked::of(*fingerprint, evidence, incident, observation, rules, now).clears()
    };
    incident
        .live()
        .into_iter()
        .filter(|(f, e)| is_over(f, e))
        .map(|(f, _)| f)
        .collect()
}

/// The incident's alerts that the observation shows to be gone; of those that joined before it began,
/// when the incident had `events` events.
///
/// None while an action is watched: what is seen then belongs to its verdict. After a remedy that did
/// not help, only while the unit is well, unless a person answered; and after a verdict for want of
/// data, only when there is data again.
#[must_use]
pub fn clearances(
    incident: &Incident,
    events: u64,
    observation: &Observation,
    rules: &Rules,
    now: &Now,
) -> Vec<Fingerprint> {
    if incident
        .in_flight()
        .or_else(|| incident.watched())
        .is_some()
    {
        return Vec::new();
    }
    let verdict = incident
        .actions
        .iter()
        .rev()
        .find(|action| action.used_its_rung())
        .and_then(|action| action.verdict);
    let lacks_data = verdict == Some((Verdict::Unproven, Reason::NoData));
    let is_well = observation.unit.known().is_some_and(|u| u.is_well());
    let must_be_well = verdict.is_some_and(|(verdict, _)| verdict != Verdict::Fixed)
        && !matches!(incident.phase, Phase::Acknowledged { .. });
    if must_be_well && !is_well {
        return Vec::new();
    }
    let is_gone = |fingerprint: &Fingerprint, evidence: &Evidence| {
        let asked = Asked::of(*fingerprint, evidence, incident, observation, rules, now);
        let has_data =
            !lacks_data || evidence.source == Source::Posted || asked.state.proof.is(true);
        evidence.joined <= events && has_data && asked.clears()
    };
    incident
        .live()
        .into_iter()
        .filter(|(f, e)| is_gone(f, e))
        .map(|(f, _)| f)
        .collect()
}
