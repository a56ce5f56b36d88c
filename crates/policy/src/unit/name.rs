//! The name of a systemd unit, and the names that are never acted on.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::LazyLock;

/// The name of a systemd unit, checked for form: `name.type`, at most 255
/// bytes, only the characters that systemd allows (`systemd.unit(5)`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnitName(String);

/// Text that is no systemd unit name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a unit name; write it in full, as `systemctl list-units` shows it (for example shop.service)"
)]
pub struct BadUnitName(pub String);

const TYPES: [&str; 5] = ["service", "socket", "timer", "mount", "target"];

impl UnitName {
    /// Checks `text` and takes it as a unit name.
    ///
    /// # Errors
    /// When `text` has a character, a length or a type that systemd does not accept.
    pub fn parse(text: &str) -> Result<Self, BadUnitName> {
        let bad = || BadUnitName(text.to_owned());
        let (stem, kind) = text.rsplit_once('.').ok_or_else(bad)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c);
        if stem.is_empty()
            || stem.ends_with('@')
            || text.len() > 255
            || !stem.chars().all(allowed)
            || !TYPES.contains(&kind)
        {
            return Err(bad());
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as systemd writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether acting on this unit is forbidden whatever the rules say: the
    /// remediator itself, what a person needs to reach the host and undo us, and
    /// what takes the whole host down.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        let stem = self.0.rsplit_once('.').map_or(self.0.as_str(), |(s, _)| s);
        let stem = stem.split('@').next().unwrap_or(stem);
        forbidden().covers(stem)
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for UnitName {
    type Error = BadUnitName;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<UnitName> for String {
    fn from(name: UnitName) -> String {
        name.0
    }
}

/// The unit names that nobody may put under care, read by the Nix settings too.
#[derive(Deserialize)]
struct Forbidden {
    /// Names without their suffix; an instance of a template counts as the template does.
    stems: Vec<String>,
    /// What such a name begins with.
    prefixes: Vec<String>,
}

impl Forbidden {
    fn covers(&self, stem: &str) -> bool {
        self.stems.iter().any(|name| name == stem)
            || self.prefixes.iter().any(|prefix| stem.starts_with(prefix))
    }
}

fn forbidden() -> &'static Forbidden {
    static FORBIDDEN: LazyLock<Forbidden> = LazyLock::new(|| {
        serde_json::from_str(include_str!("forbidden.json"))
            .expect("invariant: a test reads forbidden.json")
    });
    &FORBIDDEN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_unit_names_are_taken() {
        for good in ["shop.service", "postgresql@17-main.service", "a-b_c.timer"] {
            assert!(UnitName::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "shop",
            ".service",
            "../x.service",
            "a b.service",
            "x@.service",
            "x.slice",
            "x.exe",
        ] {
            assert!(UnitName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_a_person_needs_to_get_in_is_forbidden() {
        for name in [
            "sshd.service",
            "ssh@1.service",
            "dbus.socket",
            "systemd-logind.service",
            "homeostat-remediator.service",
            "polkit.service",
        ] {
            assert!(UnitName::parse(name).unwrap().is_forbidden(), "{name}");
        }
        assert!(
            !UnitName::parse("homeostat-api.service")
                .unwrap()
                .is_forbidden()
        );
    }
}
