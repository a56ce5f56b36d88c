use super::words;

words! {
    record
    /// Why something was decided.
    Reason {
        /// The fault is there and the rules permit a remedy.
        Firing = "firing",
        /// No rule names this alert with these labels.
        NoRule = "no_rule",
        /// More than one rule could be meant; the alert must name its unit.
        Ambiguous = "ambiguous",
        /// The alert is about another host.
        OtherHost = "other_host",
        /// systemd does not know the unit that the rule names, or it is masked.
        UnitUnknown = "unit_unknown",
        /// The rule names an alias; name the canonical unit instead.
        UnitAlias = "unit_alias",
        /// A person paused all remedies.
        Paused = "paused",
        /// The rule is in dry-run mode: nothing was done.
        DryRun = "dry_run",
        /// The unit was acted on too recently for another incident.
        Cooldown = "cooldown",
        /// The host-wide budget of actions is spent.
        BudgetSpent = "budget_spent",
        /// The unit had as many actions as its rule allows in the window.
        AttemptsExhausted = "attempts_exhausted",
        /// Every remedy of the ladder was tried.
        LadderExhausted = "ladder_exhausted",
        /// No remedy of the ladder fits the unit's state.
        NoRungFits = "no_rung_fits",
        /// Another start would come too close to the unit's own start limit.
        StartLimit = "start_limit",
        /// systemd is restarting the unit by itself.
        AutoRestart = "auto_restart",
        /// The unit is on its way to another state.
        Changing = "changing",
        /// Someone else's job for the unit is queued or running.
        JobQueued = "job_queued",
        /// A stop of the unit is queued; a person's wish goes first.
        StopQueued = "stop_queued",
        /// Somebody stopped the unit; it stays so until somebody starts it.
        StoppedOnPurpose = "stopped_on_purpose",
        /// The store failed; nothing is done that cannot be recorded.
        StoreError = "store_error",
        /// A switch of the host to a new configuration is under way; it starts and stops units itself.
        SwitchRunning = "switch_running",
        /// It cannot be told whether a switch of the host to a new configuration is under way.
        SwitchUnknown = "switch_unknown",
        /// systemd cannot be asked: the system bus is lost.
        BusLost = "bus_lost",
        /// Alertmanager or Prometheus cannot be asked.
        EvidenceUnknown = "evidence_unknown",
        /// What stood in the way did not go away in time.
        HoldTimeout = "hold_timeout",
        /// The fault is gone, and no remedy is known to have ended it.
        AlertCleared = "alert_cleared",
        /// A person was called.
        AwaitingPerson = "awaiting_person",
        /// A person acknowledged the page.
        Acknowledged = "acknowledged",
        /// The unit stayed active and the fault is gone, over a window that began after the remedy.
        Recovered = "recovered",
        /// systemd's job did not end well.
        JobFailed = "job_failed",
        /// Polkit refused the call.
        Denied = "denied",
        /// It cannot be told what the action did.
        OutcomeUnknown = "outcome_unknown",
        /// The unit did not stay active through the settle time.
        UnitNotActive = "unit_not_active",
        /// The alert is still true over a window that began after the remedy.
        StillFiring = "still_firing",
        /// There is no data by which the remedy could be judged.
        NoData = "no_data",
        /// No witness shows the alert any more: the report was late.
        Stale = "stale",
        /// The alert was cleared before, and no witness shows it firing now; the unit decides.
        Unconfirmed = "unconfirmed",
        /// Somebody started the unit since the alert came; that remedy gets its time first.
        SomebodysRemedy = "somebodys_remedy",
        /// The unit is off, and the journal does not tell who stopped it.
        StopUnknown = "stop_unknown",
        /// The unit ended well, and something else starts it when it is needed.
        GoodEnd = "good_end",
        /// A unit that this one is bound to is down.
        DependencyDown = "dependency_down",
        /// The unit is frozen.
        Frozen = "frozen",
        /// A failure of this unit takes the host down by its own settings; nothing is done to it.
        HostAtRisk = "host_at_risk",
        /// The last call made no job; it is tried again after a pause.
        BackOff = "back_off",
        /// Another incident is acting on that unit.
        InFlight = "in_flight",
        /// Since a person was called, something worse has happened to the unit.
        WorseSince = "worse_since",
        /// The acknowledgement has expired and the fault is still there.
        AcknowledgementExpired = "acknowledgement_expired",
        /// A newer version recorded what this one cannot read.
        Unreadable = "unreadable",
        /// The alert lacks labels that our rule writes: a relabelling took them away, so no remedy for it can be judged.
        RuleRelabelled = "rule_relabelled",
    }
    /// A newer version recorded a reason that this one does not know.
    Unknown
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
                | Reason::SomebodysRemedy
                | Reason::Unconfirmed
                | Reason::DependencyDown
                | Reason::BackOff
                | Reason::InFlight
                | Reason::Frozen
        )
    }

    /// Whether a hold for this reason is somebody's wish.
    #[must_use]
    pub fn is_somebodys_wish(self) -> bool {
        matches!(
            self,
            Reason::Paused | Reason::StopQueued | Reason::StoppedOnPurpose | Reason::GoodEnd
        )
    }
}
