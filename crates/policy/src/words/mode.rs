use super::words;

words! {
    setting
    /// Whether a rule acts.
    Mode {
        /// Act.
        Auto = "auto",
        /// Decide and record, but do not act.
        DryRun = "dry-run",
    }
}

#[expect(
    clippy::derivable_impls,
    reason = "the macro of the words derives no default"
)]
impl Default for Mode {
    fn default() -> Self {
        Mode::Auto
    }
}
