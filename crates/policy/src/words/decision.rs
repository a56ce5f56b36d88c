use super::words;

words! {
    record
    /// The kind of a decision.
    DecisionKind {
        /// A remedy is applied.
        Act = "act",
        /// Nothing is done yet.
        Hold = "hold",
        /// A person is called.
        Escalate = "escalate",
        /// The alert is not ours to act on.
        Refuse = "refuse",
        /// The incident is over.
        End = "end",
    }
    /// A kind of a newer version.
    Unknown
}
