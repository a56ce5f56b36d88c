//! Why something was decided. One closed list: the label is the metric label,
//! the log field and the word in the incident; the sentence is for people.

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident = $label:literal, $sentence:literal;)+) => {
        /// Why something was decided.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Reason {
            $($(#[doc = $doc])+ #[serde(rename = $label)] $variant,)+
            /// A reason of a newer version.
            #[serde(other, rename = "unknown")]
            Other,
        }

        impl Reason {
            /// Every reason, for metrics that exist from the start.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant,)+ Reason::Other];

            /// The word in metrics, logs and incidents.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self {
                    $(Reason::$variant => $label,)+
                    Reason::Other => "unknown",
                }
            }

            /// What it means, as a sentence for a person.
            #[must_use]
            pub fn sentence(self) -> &'static str {
                match self {
                    $(Reason::$variant => $sentence,)+
                    Reason::Other => "A newer version recorded a reason that this one does not know.",
                }
            }
        }
    };
}

reasons! {
    /// The fault is there and the rules permit a remedy.
    Firing = "firing", "The fault is there and the rules permit a remedy.";
    /// No rule names this alert with these labels.
    NoRule = "no_rule", "No rule names this alert with these labels.";
    /// More than one rule could be meant.
    Ambiguous = "ambiguous", "More than one rule could be meant; the alert must name its unit.";
    /// The alert is about another host.
    OtherHost = "other_host", "The alert is about another host.";
    /// systemd does not know the unit, or it is masked.
    UnitUnknown = "unit_unknown", "systemd does not know the unit that the rule names, or it is masked.";
    /// The rule names an alias; permits are for canonical names.
    UnitAlias = "unit_alias", "The rule names an alias; name the canonical unit instead.";
    /// A person paused all remedies.
    Paused = "paused", "A person paused all remedies.";
    /// The rule is in dry-run mode.
    DryRun = "dry_run", "The rule is in dry-run mode: nothing was done.";
    /// The unit was acted on too recently.
    Cooldown = "cooldown", "The unit was acted on too recently for another incident.";
    /// The host-wide budget of actions is spent.
    BudgetSpent = "budget_spent", "The host-wide budget of actions is spent.";
    /// The unit had as many actions as its rule allows in the window.
    AttemptsExhausted = "attempts_exhausted", "The unit had as many actions as its rule allows in the window.";
    /// Every rung of the ladder was tried.
    LadderExhausted = "ladder_exhausted", "Every remedy of the ladder was tried.";
    /// No rung of the ladder fits the unit's state.
    NoRungFits = "no_rung_fits", "No remedy of the ladder fits the unit's state.";
    /// Another start would hit the unit's own start limit.
    StartLimit = "start_limit", "Another start would come too close to the unit's own start limit.";
    /// systemd restarts the unit by itself.
    AutoRestart = "auto_restart", "systemd is restarting the unit by itself.";
    /// The unit is on its way to another state.
    Changing = "changing", "The unit is on its way to another state.";
    /// A job for the unit is queued or running.
    JobQueued = "job_queued", "Someone else's job for the unit is queued or running.";
    /// A stop job is queued: a person wants the unit down.
    StopQueued = "stop_queued", "A stop of the unit is queued; a person's wish goes first.";
    /// The unit was stopped cleanly and no rule may start it.
    StoppedOnPurpose = "stopped_on_purpose", "The unit was stopped cleanly, and no rule may start it.";
    /// The store failed.
    StoreError = "store_error", "The store failed; nothing is done that cannot be recorded.";
    /// A switch to a new configuration is under way.
    SwitchRunning = "switch_running", "A switch of the host to a new configuration is under way; it starts and stops units itself.";
    /// It cannot be told whether a switch to a new configuration is under way.
    SwitchUnknown = "switch_unknown", "It cannot be told whether a switch of the host to a new configuration is under way.";
    /// The system bus is lost.
    BusLost = "bus_lost", "systemd cannot be asked: the system bus is lost.";
    /// Alertmanager or Prometheus cannot be asked.
    EvidenceUnknown = "evidence_unknown", "Alertmanager or Prometheus cannot be asked.";
    /// A hold went on for too long.
    HoldTimeout = "hold_timeout", "What stood in the way did not go away in time.";
    /// The alert cleared before anything was done.
    AlertCleared = "alert_cleared", "The fault went away before anything was done.";
    /// A person was called and has not answered yet.
    AwaitingPerson = "awaiting_person", "A person was called.";
    /// A person acknowledged the page.
    Acknowledged = "acknowledged", "A person acknowledged the page.";
    /// The remedy is proven.
    Recovered = "recovered", "The unit stayed active and the fault is gone, over a window that began after the remedy.";
    /// The job did not end well.
    JobFailed = "job_failed", "systemd's job did not end well.";
    /// Polkit refused the call.
    Denied = "denied", "Polkit refused the call.";
    /// It cannot be told what the action did.
    OutcomeUnknown = "outcome_unknown", "It cannot be told what the action did.";
    /// The unit did not stay active.
    UnitNotActive = "unit_not_active", "The unit did not stay active through the settle time.";
    /// The alert still fires over a window after the remedy.
    StillFiring = "still_firing", "The alert is still true over a window that began after the remedy.";
    /// There is no data by which the remedy could be judged.
    NoData = "no_data", "There is no data by which the remedy could be judged.";
}

impl Reason {
    /// Whether a hold for this reason is of the kind that passes by itself. Such holds in turn share
    /// one deadline, as the states of a crash loop do: it is also seen between its restarts, active
    /// but near its start limit or without a rung that fits.
    #[must_use]
    pub fn passes_by_itself(self) -> bool {
        matches!(
            self,
            Reason::AutoRestart
                | Reason::Changing
                | Reason::JobQueued
                | Reason::BusLost
                | Reason::SwitchRunning
                | Reason::SwitchUnknown
                | Reason::StartLimit
                | Reason::NoRungFits
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_unique_and_survive_json() {
        let labels: std::collections::BTreeSet<_> = Reason::ALL.iter().map(|r| r.label()).collect();
        assert_eq!(labels.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            let json = serde_json::to_string(reason).unwrap();
            assert_eq!(json, format!("\"{}\"", reason.label()));
            assert_eq!(serde_json::from_str::<Reason>(&json).unwrap(), *reason);
        }
    }

    #[test]
    fn a_reason_from_the_future_is_unknown() {
        assert_eq!(
            serde_json::from_str::<Reason>("\"moon_phase\"").unwrap(),
            Reason::Other
        );
    }
}
