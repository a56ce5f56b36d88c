use super::words;

words! {
    record
    /// How an incident ended.
    End {
        /// A remedy was proven.
        Fixed = "fixed",
        /// A person was called, and the fault is gone since.
        Paged = "paged",
        /// The fault is gone, and no remedy is known to have ended it.
        ResolvedByItself = "resolved_by_itself",
        /// A person closed the incident.
        TakenOver = "taken_over",
        /// The alert is not ours to act on.
        Refused = "refused",
    }
    /// An end of a newer version.
    Unknown
}
