//! A unit's properties, as the policy wants to see them.

use super::ControlError;
use super::clocks::Now;
use super::link::{Link, read as read_body};
use super::listing::by_names;
use super::properties::Properties;
use homeostat_policy::unit::{ActiveState, BoundTo, UnitName, UnitState};
use std::fmt::Write;
use zbus::{OwnedObjectPath, OwnedVariant};

const UNIT: &str = "org.freedesktop.systemd1.Unit";
const JOB: &str = "org.freedesktop.systemd1.Job";
/// The longest `job_timeout_ms`, for `TimeoutStartUSec` may be infinite.
pub(super) const LONGEST_JOB_MS: u64 = 10 * 60 * 1000;
/// `DefaultTimeoutStartSec` of `systemd-system.conf(5)`, for unit types without timeouts.
const DEFAULT_TIMEOUT_US: u64 = 90_000_000;

const A_STRING_TAKES_ALL: &str = "invariant: a String takes all that is written";

/// Reads the state of `unit`, whether systemd has it in memory or not, and while it is off that of the units that it is
/// bound to.
pub(super) async fn observe(link: &Link, unit: &UnitName) -> Result<UnitState, ControlError> {
    let path = object(unit)?;
    let own = async {
        match own_interface(unit) {
            Some(interface) => Properties::get(link, &path, interface).await,
            None => Ok(Properties::default()),
        }
    };
    let (mut general, own) = tokio::try_join!(Properties::get(link, &path, UNIT), own)?;
    let bound_to = general.names("BindsTo");
    let mut state = unit_state(link, &mut general, &own).await?;
    if state.is_off() && !bound_to.is_empty() {
        let units = by_names(link, &bound_to).await?;
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

/// Reads what a call must fit: the same without what only units of this type have, and one question where no job is.
pub(super) async fn last_look(link: &Link, unit: &UnitName) -> Result<UnitState, ControlError> {
    let mut general = Properties::get(link, &object(unit)?, UNIT).await?;
    unit_state(link, &mut general, &Properties::default()).await
}

/// How long a start or a stop of the unit may take by its own settings, in milliseconds.
pub(super) async fn job_timeout_ms(link: &Link, unit: &UnitName) -> Result<u64, ControlError> {
    let own = match own_interface(unit) {
        Some(interface) => Properties::get(link, &object(unit)?, interface).await?,
        None => Properties::default(),
    };
    Ok(timeout_ms(&own))
}

/// The unit's job now: its object's path.
pub(super) async fn job(
    link: &Link,
    unit: &UnitName,
) -> Result<Option<OwnedObjectPath>, ControlError> {
    let reply = link
        .properties(&object(unit)?, "Get", &(UNIT, "Job"))
        .await?;
    let value = read_body::<OwnedVariant>("Get", &reply)?;
    Ok(Properties::of("Job", value).job()?.map(|(_, path)| path))
}

/// The unit's object on the bus. systemd reads the file of a unit that is not in memory when its object is asked, and
/// one without a file has a `LoadState` that tells so. The name is escaped as by `sd_bus_path_encode(3)`.
fn object(unit: &UnitName) -> Result<OwnedObjectPath, ControlError> {
    let mut path = "/org/freedesktop/systemd1/unit/".to_owned();
    for (place, byte) in unit.as_str().bytes().enumerate() {
        if byte.is_ascii_alphabetic() || (byte.is_ascii_digit() && place > 0) {
            path.push(char::from(byte));
        } else {
            write!(path, "_{byte:02x}").expect(A_STRING_TAKES_ALL);
        }
    }
    OwnedObjectPath::try_from(path).map_err(|error| ControlError::Answer {
        operation: "the object of a unit",
        reason: error.to_string(),
    })
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

async fn unit_state(
    link: &Link,
    general: &mut Properties,
    own: &Properties,
) -> Result<UnitState, ControlError> {
    let now = Now::read();
    let job = match general.job()? {
        Some((_, job)) => job_type(link, &job).await?,
        None => None,
    };
    let active = ActiveState::from_property(&general.take::<String>("ActiveState")?);
    let entered_us = general.take::<u64>("ActiveEnterTimestampMonotonic")?;
    let entered_wall_us = general.take::<u64>("ActiveEnterTimestamp")?;
    let left_us = general.take::<u64>("InactiveEnterTimestampMonotonic")?;
    let left_wall_us = general.take::<u64>("InactiveEnterTimestamp")?;
    let is_on = matches!(active, ActiveState::Active | ActiveState::Reloading);
    let is_off = matches!(active, ActiveState::Inactive | ActiveState::Failed);
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
        job_timeout_ms: timeout_ms(own),
        service_type: own.text("Type").unwrap_or_default().to_owned(),
        remains_after_exit: own.flag("RemainAfterExit"),
        is_triggered: !general.names("TriggeredBy").is_empty(),
        freezer: general.text("FreezerState").unwrap_or_default().to_owned(),
        changed_ms: changed_us / 1000,
        host_action: host_action(general),
        bound_to: Vec::new(),
    })
}

fn timeout_ms(own: &Properties) -> u64 {
    let timeout_us = |name| {
        own.number(name)
            .or_else(|| own.number("TimeoutUSec"))
            .unwrap_or(DEFAULT_TIMEOUT_US)
    };
    let both = timeout_us("TimeoutStartUSec").saturating_add(timeout_us("TimeoutStopUSec"));
    (both / 1000).min(LONGEST_JOB_MS)
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
        write!(text, "{byte:02x}").expect(A_STRING_TAKES_ALL);
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_units_object_has_its_name_escaped() {
        for (unit, end) in [
            ("shop.service", "shop_2eservice"),
            (
                "postgresql@17-main.service",
                "postgresql_4017_2dmain_2eservice",
            ),
            ("7zip.service", "_37zip_2eservice"),
            ("a_b.service", "a_5fb_2eservice"),
        ] {
            let path = object(&UnitName::parse(unit).unwrap()).unwrap();
            let path = path.as_str().rsplit_once('/').unwrap();
            assert_eq!(path, ("/org/freedesktop/systemd1/unit", end));
        }
    }

    #[test]
    fn an_invocation_id_is_lower_case_hexadecimal() {
        assert_eq!(hex(&[0x00, 0xab, 0x10]), "00ab10");
        assert_eq!(hex(&[]), "");
    }
}
