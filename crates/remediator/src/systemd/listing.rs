//! Many units in one question.

use super::ControlError;
use super::link::{Link, read as read_body};
use homeostat_policy::unit::UnitName;
use zbus::OwnedObjectPath;

/// A unit in `ListUnitsByNames`: its canonical name, description, load state, active state, sub-state,
/// what it follows, object, and its job's number, type and object.
type Listed = (
    String,
    String,
    String,
    String,
    String,
    String,
    OwnedObjectPath,
    u32,
    String,
    OwnedObjectPath,
);

/// What a listing shows of a unit. While that is the same, its properties are the same, but for a restart in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glance {
    /// The load state.
    pub load: String,
    /// The active state.
    pub active: String,
    /// The sub-state.
    pub sub: String,
    /// The number of its job; 0 without one.
    pub job: u32,
}

/// Lists units; systemd answers in the order of the names.
pub(super) async fn list(link: &Link, units: &[UnitName]) -> Result<Vec<Glance>, ControlError> {
    let names: Vec<&str> = units.iter().map(UnitName::as_str).collect();
    let listed = by_names(link, &names).await?;
    if listed.len() != names.len() {
        return Err(ControlError::Answer {
            operation: "ListUnitsByNames",
            reason: format!("{} units for {} names", listed.len(), names.len()),
        });
    }
    let glance = |(_, _, load, active, sub, _, _, job, ..): Listed| Glance {
        load,
        active,
        sub,
        job,
    };
    Ok(listed.into_iter().map(glance).collect())
}

pub(super) async fn by_names<S>(link: &Link, names: &[S]) -> Result<Vec<Listed>, ControlError>
where
    S: serde::Serialize + zbus::Type + Sync,
{
    let reply = link.manager("ListUnitsByNames", &names).await?;
    read_body("ListUnitsByNames", &reply)
}
