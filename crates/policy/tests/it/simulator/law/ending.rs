//! Nothing ends, and nothing is held or said, without cause.

use super::{Law, Made, joined};
use crate::simulator::world::{ALERTS, STRANGER, World};
use homeostat_policy::alert::Fingerprint;
use homeostat_policy::log::{Incident, Phase, Source};
use homeostat_policy::machine::Step;
use homeostat_policy::words::{DecisionKind, End, Reason};

impl Law {
    pub(super) fn may_close(&mut self, incident: &Incident, step: &Step, end: End) {
        if end == End::TakenOver {
            let live = joined(incident).into_iter().filter(|j| j.3);
            self.taken_over.extend(live.filter_map(|j| j.0));
            self.unreadable.remove(&incident.id);
            return;
        }
        let truth = &self.truth[&incident.id];
        let helped = incident
            .actions
            .iter()
            .filter(|a| a.used_its_rung())
            .all(|action| {
                action
                    .verdict
                    .is_some_and(|v| v.0 == homeostat_policy::words::Verdict::Fixed)
            });
        let has_failed = truth.has_failed && !matches!(incident.phase, Phase::Acknowledged { .. });
        assert!(
            helped || !has_failed || step.events.len() > 1 && end == End::Fixed,
            "a unit that we acted on has failed and nobody is told"
        );
        assert!(
            !self.unreadable.contains_key(&incident.id),
            "what cannot be read ended"
        );
    }

    /// An alert counts as gone only when all who can be asked say so; a post when its unit is well
    /// and something happened since.
    pub(super) fn may_clear(&self, world: &World, incident: &Incident, fingerprint: Fingerprint) {
        let truth = &self.truth[&incident.id];
        let Some(alert) = World::alert_of(fingerprint) else {
            let (real, is_over) = self.posts[&fingerprint];
            assert!(truth.is_well, "a post ended while its unit is not well");
            let of = |m: &Made| m.incident == incident.id && m.real >= real;
            // Ages are compared when the answer arrives, so a look's length before the post counts too.
            let late = world.real - truth.real;
            let has_changed = truth.changed + late > real || self.made.iter().any(of);
            assert!(
                is_over || has_changed || world.has_stepped_back,
                "a post ended without a change"
            );
            return;
        };
        if incident.evidence[&fingerprint].source == Source::Posted && alert == STRANGER {
            return;
        }
        let name = ALERTS[alert];
        assert!(truth.witnesses, "ended while Alertmanager had not answered");
        assert!(
            !truth.in_alertmanager.contains(&alert),
            "ended while Alertmanager shows {name}"
        );
        if alert != STRANGER {
            assert!(truth.prometheus, "ended while Prometheus was silent");
            assert!(!truth.firing.contains(&alert), "ended while {name} fires");
        }
    }

    pub(super) fn may_decide(
        &mut self,
        world: &World,
        incident: &Incident,
        decision: DecisionKind,
        reason: Reason,
    ) {
        let truth = &self.truth[&incident.id];
        if decision == DecisionKind::Hold && reason == Reason::StoppedOnPurpose {
            assert!(
                truth.is_stopped || world.has_stepped_back,
                "held as a person's stop, and nobody stopped it"
            );
        }
        if decision == DecisionKind::Hold && reason == Reason::StartLimit {
            assert!(
                truth.is_limit_near,
                "held by a start limit that is not near"
            );
        }
        if decision == DecisionKind::Escalate {
            let joined = incident.evidence.values().map(|e| e.name.clone());
            let known = self.known.entry(incident.id).or_default();
            known.names.extend(joined);
            let held = truth.in_alertmanager_names.iter().map(|n| (*n).to_owned());
            known.names.extend(held);
            known.was_active = incident.unit.is_some() && !truth.is_off;
            known.answered = None;
            known.worse_since = None;
        }
    }
}
