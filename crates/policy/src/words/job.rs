use super::words;

words! {
    record
    /// How a call of ours ended: the result of systemd's job (`JobRemoved` in
    /// `org.freedesktop.systemd1(5)`, `job_result_table` in its source), or why there is none.
    JobResult {
        /// The job ran to its end.
        Done = "done",
        /// Another job replaced it before it ended.
        Canceled = "canceled",
        /// The job's own time ran out.
        Timeout = "timeout",
        /// The unit failed to reach the state.
        Failed = "failed",
        /// A unit it depends on failed.
        Dependency = "dependency",
        /// The job did not apply to the unit's state.
        Skipped = "skipped",
        /// The job is not possible for this unit.
        Invalid = "invalid",
        /// An assertion of the unit is not met.
        Assert = "assert",
        /// This system does not support the unit's type.
        Unsupported = "unsupported",
        /// The unit was unloaded before the job ended.
        Collected = "collected",
        /// A condition of the unit is not met, so that it stayed off though its job ended well.
        Condition = "condition",
        /// The unit starts only once, and it did already.
        Once = "once",
        /// The unit is frozen.
        Frozen = "frozen",
        /// Its slice runs as many units as it may.
        Concurrency = "concurrency",
        /// Polkit refused the call.
        Denied = "denied",
        /// systemd refused the call: with job mode `fail`, another job is queued.
        Refused = "refused",
        /// The unit can not be called so, however long one waits: it is masked, only started by dependency, or its file is bad.
        Unable = "unable",
        /// The call certainly never reached systemd.
        NotCalled = "not_called",
        /// The host booted before it ended: the new boot decides anew.
        Superseded = "superseded",
    }
    /// It cannot be told what happened.
    Unknown
}

impl JobResult {
    /// Reads systemd's word. One that this version does not know cannot be told.
    #[must_use]
    pub fn from_signal(word: &str) -> Self {
        match word {
            "done" => Self::Done,
            "canceled" => Self::Canceled,
            "timeout" => Self::Timeout,
            "failed" => Self::Failed,
            "dependency" => Self::Dependency,
            "skipped" => Self::Skipped,
            "invalid" => Self::Invalid,
            "assert" => Self::Assert,
            "unsupported" => Self::Unsupported,
            "collected" => Self::Collected,
            "once" => Self::Once,
            "frozen" => Self::Frozen,
            "concurrency" => Self::Concurrency,
            _ => Self::Unknown,
        }
    }

    /// Whether a job was made, or may have been. What made none costs neither attempt nor budget.
    #[must_use]
    pub fn made_a_job(self) -> bool {
        !matches!(
            self,
            Self::NotCalled
                | Self::Refused
                | Self::Unable
                | Self::Denied
                | Self::Skipped
                | Self::Superseded
        )
    }

    /// Whether the action used up its rung. What waiting may cure did not.
    #[must_use]
    pub fn used_its_rung(self) -> bool {
        self.made_a_job() || matches!(self, Self::Unable | Self::Denied)
    }

    /// Whether the same call is made again after a pause.
    #[must_use]
    pub fn is_tried_again(self) -> bool {
        matches!(self, Self::NotCalled | Self::Refused | Self::Skipped)
    }
}
