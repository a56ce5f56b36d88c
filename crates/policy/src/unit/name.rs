//! The name of a systemd unit, and the names that are never acted on.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::LazyLock;

/// The name of a systemd unit, checked for form: `name.type`, at most 255
/// bytes, only the characters that systemd allows (`systemd.unit(5)`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnitName(String);

/// Text that names no systemd unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadUnitName {
    /// It does not have the form of a name.
    #[error(
        "`{0}` is not a unit name; write it in full, as `systemctl list-units` shows it (for example shop.service)"
    )]
    Form(String),
    /// It is no unit but what units are made from.
    #[error(
        "`{0}` is a template, which never runs itself; name an instance, with its part between @ and the suffix"
    )]
    Template(String),
}

/// The types of units (`systemd.unit(5)`).
const TYPES: [&str; 11] = [
    "service",
    "socket",
    "device",
    "mount",
    "automount",
    "swap",
    "target",
    "path",
    "timer",
    "slice",
    "scope",
];

impl UnitName {
    /// Checks `text` and takes it as a unit name.
    ///
    /// # Errors
    /// When `text` has a character, a length or a type that systemd does not accept, or names a
    /// template.
    pub fn parse(text: &str) -> Result<Self, BadUnitName> {
        let bad = || BadUnitName::Form(text.to_owned());
        let (stem, kind) = text.rsplit_once('.').ok_or_else(bad)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c);
        if stem.is_empty()
            || stem == "@"
            || text.len() > 255
            || !stem.chars().all(allowed)
            || !TYPES.contains(&kind)
        {
            return Err(bad());
        }
        if stem.ends_with('@') {
            return Err(BadUnitName::Template(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as systemd writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Why this unit is never acted on, whatever the rules say; None where rules may name it.
    #[must_use]
    pub fn untouchable(&self) -> Option<Untouchable> {
        let (stem, kind) = self.0.rsplit_once('.').unwrap_or((&self.0, ""));
        let list = list();
        if !list.types.iter().any(|touchable| touchable == kind) {
            Some(Untouchable::Type)
        } else if list.covers(stem) {
            Some(Untouchable::Name)
        } else {
            None
        }
    }
}

/// Why a unit is never acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Untouchable {
    /// Its type: a target or a mount takes others with it, the rest has no life of its own.
    #[error(
        "only services, sockets, timers and paths are acted on, for other types take half of the host with them; remove it"
    )]
    Type,
    /// Its name: the remediator itself, what a person needs to reach the host and undo us, what all
    /// others stand on, and what takes the whole host down.
    #[error(
        "this unit is never acted on, for it takes the host down or a person needs it to reach the host; remove it"
    )]
    Name,
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

/// What nobody may put under care, read by the Nix settings too.
#[derive(Deserialize)]
struct List {
    /// The types that may be acted on.
    types: Vec<String>,
    /// Names without their suffix that may not; an instance of a template counts as the template does.
    stems: Vec<String>,
    /// What such a name begins with; with an @ at its end, instances alone are meant.
    prefixes: Vec<String>,
}

impl List {
    fn covers(&self, stem: &str) -> bool {
        let template = stem.split('@').next().unwrap_or(stem);
        self.stems.iter().any(|name| name == template)
            || self.prefixes.iter().any(|prefix| stem.starts_with(prefix))
    }
}

fn list() -> &'static List {
    static LIST: LazyLock<List> = LazyLock::new(|| {
        serde_json::from_str(include_str!("untouchable.json"))
            .expect("invariant: a test reads untouchable.json")
    });
    &LIST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_unit_names_are_taken() {
        for good in [
            "shop.service",
            "postgresql@17-main.service",
            "a-b_c.timer",
            "-.mount",
        ] {
            assert!(UnitName::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "shop",
            ".service",
            "@.service",
            "../x.service",
            "a b.service",
            "x.exe",
        ] {
            let bad = UnitName::parse(bad);
            assert!(matches!(bad, Err(BadUnitName::Form(_))), "{bad:?}");
        }
        let template = UnitName::parse("worker@.service");
        assert!(matches!(template, Err(BadUnitName::Template(_))));
    }

    #[test]
    fn what_all_others_stand_on_is_never_acted_on() {
        for (reason, names) in [
            (
                Untouchable::Type,
                "sysinit.target basic.target local-fs.target multi-user.target soft-reboot.target suspend.target \
                 -.mount app.slice x.scope dev-sda.device",
            ),
            (
                Untouchable::Name,
                "sshd.service ssh@1.service dbus.socket systemd-logind.service homeostat-remediator.service \
                 polkit.service firewall.service nftables.service firewalld.service tailscaled.service \
                 wg-quick@wg0.service iwd.service connman.service ifup@eth0.service dhclient@eth0.service \
                 dropbear.service user@1000.service",
            ),
        ] {
            for name in names.split_whitespace() {
                let unit = UnitName::parse(name).unwrap();
                assert_eq!(unit.untouchable(), Some(reason), "{name}");
            }
        }
        for name in [
            "homeostat-api.service",
            "backup.timer",
            "shop.socket",
            "in.path",
            "user.service",
        ] {
            assert_eq!(UnitName::parse(name).unwrap().untouchable(), None, "{name}");
        }
    }
}
