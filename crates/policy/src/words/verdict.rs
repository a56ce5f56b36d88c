use super::words;

words! {
    record
    /// Whether a remedy worked.
    Verdict {
        /// The unit stayed active and the fault is gone.
        Fixed = "fixed",
        /// It could not be proven that the remedy helped.
        Unproven = "unproven",
    }
    /// A verdict of a newer version.
    Unknown
}
