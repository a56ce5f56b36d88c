//! A unit's properties, as the policy wants to see them.

use super::ControlError;
use super::clocks::Now;
use super::link::{Link, read as read_body};
use super::properties::Properties;
use homeostat_policy::unit::{ActiveState, BoundTo, UnitName, UnitState};
use std::fmt::Write;
use zbus::{OwnedObjectPath, OwnedVariant};

const UNIT: &str = "org.freedesktop.systemd1.Unit";
const JOB: &str = "org.freedesktop.systemd1.Job";
/// The longest `job_timeout_ms`, for `TimeoutStartUSec` may be infinite.
const LONGEST_JOB_MS: u64 = 10 * 60 * 1000;
/// `DefaultTimeoutStartSec` of `systemd-system.conf(5)`, for unit types without timeouts.
const DEFAULT_TIMEOUT_US: u64 = 90_000_000;

/// A unit and its object on the bus.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) path: OwnedObjectPath,
    pub(super) state: UnitState,
    /// The units of `BindsTo`.
    bound_to: Vec<String>,
}

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

/// Reads the state of `unit`, whether systemd has it in memory or not.
pub(super) async fn read(link: &Link, unit: &UnitName) -> Result<Seen, ControlError> {
    let path = object(link, unit).await?;
    let mut general = Properties::get(link, &path, UNIT).await?;
    let own = match own_interface(unit) {
        Some(interface) => Properties::get(link, &path, interface).await?,
        None => Properties::default(),
    };
    let job = match general.job()? {
        Some((_, job)) => job_type(link, &job).await?,
        None => None,
    };
    let bound_to = general.names("BindsTo");
    let state = unit_state(&mut general, &own, job, &Now::read())?;
    Ok(Seen {
        path,
        state,
        bound_to,
    })
}

/// Reads the state of `unit` and, while it is off, of the units that it is bound to.
pub(super) async fn observe(link: &Link, unit: &UnitName) -> Result<UnitState, ControlError> {
    let Seen {
        mut state,
        bound_to,
        ..
    } = read(link, unit).await?;
    if state.is_off() && !bound_to.is_empty() {
        let reply = link.manager("ListUnitsByNames", &bound_to).await?;
        let units = read_body::<Vec<Listed>>("ListUnitsByNames", &reply)?;
        state.bound_to = units
            .into_iter()
            .map(|(id, _, _, active, ..)| BoundTo {
                id,
                active: ActiveState::from_property(&active),
            })
            .collect();
    }
    Ok(state)
}

/// The unit's job now: its object's path.
pub(super) async fn job(
    link: &Link,
    unit: &OwnedObjectPath,
) -> Result<Option<OwnedObjectPath>, ControlError> {
    let reply = link.properties(unit, "Get", &(UNIT, "Job")).await?;
    let value = read_body::<OwnedVariant>("Get", &reply)?;
    Ok(Properties::of("Job", value).job()?.map(|(_, path)| path))
}

async fn object(link: &Link, unit: &UnitName) -> Result<OwnedObjectPath, ControlError> {
    let name = unit.as_str();
    let reply = match link.manager("GetUnit", &name).await {
        // It is not in memory. LoadUnit reads its file and needs no privilege; a unit without a
        // file gets an object whose LoadState tells so.
        Err(error) if error.is("org.freedesktop.systemd1.NoSuchUnit") => {
            link.manager("LoadUnit", &name).await?
        }
        reply => reply?,
    };
    read_body("GetUnit", &reply)
}

/// The interface with what only units of this type have.
fn own_interface(unit: &UnitName) -> Option<&'static str> {
    match unit.as_str().rsplit_once('.')?.1 {
        "service" => Some("org.freedesktop.systemd1.Service"),
        "socket" => Some("org.freedesktop.systemd1.Socket"),
        "mount" => Some("org.freedesktop.systemd1.Mount"),
        "timer" => Some("org.freedesktop.systemd1.Timer"),
        _ => None,
    }
}

/// The type of a job; `None` if it has ended since it was seen.
async fn job_type(link: &Link, job: &OwnedObjectPath) -> Result<Option<String>, ControlError> {
    match link.properties(job, "Get", &(JOB, "JobType")).await {
        Ok(reply) => {
            let value = read_body::<OwnedVariant>("Get", &reply)?;
            Properties::of("JobType", value).take("JobType").map(Some)
        }
        Err(error) if error.is("org.freedesktop.DBus.Error.UnknownObject") => Ok(None),
        Err(error) => Err(error),
    }
}

fn unit_state(
    general: &mut Properties,
    own: &Properties,
    job: Option<String>,
    now: &Now,
) -> Result<UnitState, ControlError> {
    let active = ActiveState::from_property(&general.take::<String>("ActiveState")?);
    let entered_us = general.take::<u64>("ActiveEnterTimestampMonotonic")?;
    let entered_wall_us = general.take::<u64>("ActiveEnterTimestamp")?;
    let left_us = general.take::<u64>("InactiveEnterTimestampMonotonic")?;
    let left_wall_us = general.take::<u64>("InactiveEnterTimestamp")?;
    let is_on = matches!(active, ActiveState::Active | ActiveState::Reloading);
    let is_off = matches!(active, ActiveState::Inactive | ActiveState::Failed);
    let timeout_us = |name| {
        own.number(name)
            .or_else(|| own.number("TimeoutUSec"))
            .unwrap_or(DEFAULT_TIMEOUT_US)
    };
    let job_timeout_us =
        timeout_us("TimeoutStartUSec").saturating_add(timeout_us("TimeoutStopUSec"));
    let invocation_id = hex(&general.take::<Vec<u8>>("InvocationID")?);
    let changed_us = general.number("StateChangeTimestampMonotonic").unwrap_or(0);
    // A unit that never ran, or that was unloaded since, has defaults and no history.
    let has_history = is_on || changed_us != 0 || !invocation_id.is_empty();
    Ok(UnitState {
        id: general.take("Id")?,
        load_state: general.take("LoadState")?,
        active,
        sub: general.take("SubState")?,
        result: if has_history {
            // A unit type without results, such as a target, cannot fail by itself.
            own.text("Result").unwrap_or("success").to_owned()
        } else {
            String::new()
        },
        job,
        invocation_id,
        n_restarts: own
            .number("NRestarts")
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(0),
        active_enter_ms: entered_us / 1000,
        active_for_ms: now
            .since(entered_us, entered_wall_us)
            .filter(|_| is_on)
            .map(|us| us / 1000),
        inactive_for_ms: now
            .since(left_us, left_wall_us)
            .filter(|_| is_off)
            .map(|us| us / 1000),
        start_limit_interval_ms: general.take::<u64>("StartLimitIntervalUSec")? / 1000,
        start_limit_burst: general.take("StartLimitBurst")?,
        job_timeout_ms: (job_timeout_us / 1000).min(LONGEST_JOB_MS),
        service_type: own.text("Type").unwrap_or_default().to_owned(),
        remains_after_exit: own.flag("RemainAfterExit"),
        is_triggered: !general.names("TriggeredBy").is_empty(),
        freezer: general.text("FreezerState").unwrap_or_default().to_owned(),
        changed_ms: changed_us / 1000,
        host_action: host_action(general),
        bound_to: Vec::new(),
    })
}

/// The first setting that takes the host down when the unit fails, ends or hangs. Its values other
/// than `none` do so in one way or another (`systemd.unit(5)`, `FailureAction=`).
fn host_action(general: &Properties) -> Option<String> {
    [
        "StartLimitAction",
        "FailureAction",
        "SuccessAction",
        "JobTimeoutAction",
    ]
    .into_iter()
    .find_map(|name| {
        let value = general.text(name).filter(|v| !matches!(*v, "none" | ""))?;
        Some(format!("{name}={value}"))
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("invariant: a String takes all that is written");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invocation_id_is_lower_case_hexadecimal() {
        assert_eq!(hex(&[0x00, 0xab, 0x10]), "00ab10");
        assert_eq!(hex(&[]), "");
    }
}
