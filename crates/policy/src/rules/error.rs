//! What is wrong with rules that are not taken.

/// A fault in the rules: where it is, what stands there, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {value}: {cure}")]
pub struct RuleError {
    /// The place, for example `rules[2].ladder[1]`.
    pub key: String,
    /// The value that stands there.
    pub value: String,
    /// What to do.
    pub cure: String,
}

pub(super) fn fault(
    key: impl Into<String>,
    value: impl ToString,
    cure: impl Into<String>,
) -> RuleError {
    RuleError {
        key: key.into(),
        value: format!("`{}`", value.to_string()),
        cure: cure.into(),
    }
}
