//! What a person unfolded. The page's address says it, for nothing else outlives a reload.
//!
//! The reload names the address without its anchor: browsers take a reload to an address with an
//! anchor for a jump within the page, and load nothing.

use homeostat_policy::log::IncidentId;

/// The part of the page that a person unfolded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfolded {
    /// None.
    Nothing,
    /// The steps of one incident.
    Incident(IncidentId),
    /// The refused alerts.
    Refused,
}

impl Unfolded {
    /// Reads the query of the page's address. What is no part of the page unfolds nothing.
    #[must_use]
    pub fn from_query(query: Option<&str>) -> Self {
        match query {
            Some("refused") => Self::Refused,
            Some(query) => query
                .strip_prefix("incident=")
                .and_then(|id| id.parse().ok())
                .map_or(Self::Nothing, Self::Incident),
            None => Self::Nothing,
        }
    }

    /// The page's address with this unfolded, relative to the page.
    pub(super) fn address(self) -> String {
        match self {
            Self::Nothing => "./".to_owned(),
            Self::Incident(id) => format!("?incident={id}"),
            Self::Refused => "?refused".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_of_an_address_is_read_back_and_foreign_ones_unfold_nothing() {
        for unfolded in [Unfolded::Incident(12), Unfolded::Refused] {
            let address = unfolded.address();
            assert_eq!(Unfolded::from_query(address.strip_prefix('?')), unfolded);
        }
        for query in [
            None,
            Some(""),
            Some("incident="),
            Some("incident=x\"><b>"),
            Some("x=1"),
        ] {
            assert_eq!(Unfolded::from_query(query), Unfolded::Nothing);
        }
    }
}
