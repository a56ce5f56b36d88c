//! A unit's properties, as the policy wants to see them.

use super::ControlError;
use super::link::{Link, read as read_body};
use homeostat_policy::observation::UnitState;
use homeostat_policy::unit::{ActiveState, UnitName};
use rustix::time::{ClockId, clock_gettime};
use std::collections::HashMap;
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
}

/// Reads the state of `unit`, whether systemd has it in memory or not.
pub(super) async fn read(link: &Link, unit: &UnitName) -> Result<Seen, ControlError> {
    let path = object(link, unit).await?;
    let mut general = Properties::get(link, &path, UNIT).await?;
    let own = match own_interface(unit) {
        Some(interface) => Properties::get(link, &path, interface).await?,
        None => Properties(HashMap::new()),
    };
    let job = match general.job()? {
        Some((_, job)) => job_type(link, &job).await?,
        None => None,
    };
    let state = unit_state(&mut general, &own, job, &Now::read())?;
    Ok(Seen { path, state })
}

/// The unit's job now: its object's path.
pub(super) async fn job(
    link: &Link,
    unit: &OwnedObjectPath,
) -> Result<Option<OwnedObjectPath>, ControlError> {
    let reply = link.properties(unit, "Get", &(UNIT, "Job")).await?;
    let value = read_body::<OwnedVariant>("Get", &reply)?;
    let mut only = Properties(HashMap::from([("Job".to_owned(), value)]));
    Ok(only.job()?.map(|(_, path)| path))
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
            let word = String::try_from(value).map_err(|e| unreadable("JobType", &e))?;
            Ok(Some(word))
        }
        Err(error) if error.is("org.freedesktop.DBus.Error.UnknownObject") => Ok(None),
        Err(error) => Err(error),
    }
}

fn unreadable(property: &'static str, error: &zbus::Error) -> ControlError {
    ControlError::Answer {
        operation: property,
        reason: error.to_string(),
    }
}

/// The properties of one interface.
struct Properties(HashMap<String, OwnedVariant>);

impl Properties {
    async fn get(
        link: &Link,
        path: &OwnedObjectPath,
        interface: &str,
    ) -> Result<Self, ControlError> {
        let reply = link.properties(path, "GetAll", &interface).await?;
        Ok(Self(read_body("GetAll", &reply)?))
    }

    /// Takes a property that every unit has.
    fn take<T>(&mut self, name: &'static str) -> Result<T, ControlError>
    where
        T: TryFrom<OwnedVariant, Error = zbus::Error>,
    {
        let value = self.0.remove(name).ok_or(ControlError::Answer {
            operation: name,
            reason: "the property is missing".to_owned(),
        })?;
        T::try_from(value).map_err(|e| unreadable(name, &e))
    }

    /// A number that not every unit has.
    fn number(&self, name: &str) -> Option<u64> {
        u64::try_from(self.0.get(name)?).ok()
    }

    fn job(&mut self) -> Result<Option<(u32, OwnedObjectPath)>, ControlError> {
        let job = self.take::<(u32, OwnedObjectPath)>("Job")?;
        Ok(Some(job).filter(|(id, _)| *id != 0))
    }
}

/// The two clocks of unit timestamps, in microseconds.
struct Now {
    monotonic_us: u64,
    realtime_us: u64,
}

impl Now {
    fn read() -> Self {
        let us = |clock| {
            let time = clock_gettime(clock);
            let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
            seconds * 1_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0) / 1000
        };
        Self {
            monotonic_us: us(ClockId::Monotonic),
            realtime_us: us(ClockId::Realtime),
        }
    }

    /// The time since a moment that systemd gives on both clocks. The wall clock may jump, so
    /// it is used only where the other gives no sense.
    fn since(&self, monotonic_us: u64, realtime_us: u64) -> Option<u64> {
        let steady = Some(monotonic_us).filter(|at| *at != 0);
        let wall = Some(realtime_us).filter(|at| *at != 0);
        steady
            .and_then(|at| self.monotonic_us.checked_sub(at))
            .or_else(|| wall.map(|at| self.realtime_us.saturating_sub(at)))
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
    let text = |name| own.0.get(name).and_then(|v| <&str>::try_from(v).ok());
    let n_restarts = own.0.get("NRestarts").and_then(|v| u32::try_from(v).ok());
    Ok(UnitState {
        id: general.take("Id")?,
        load_state: general.take("LoadState")?,
        active,
        sub: general.take("SubState")?,
        // A unit type without results, such as a target, cannot fail by itself.
        result: text("Result").unwrap_or("success").to_owned(),
        job,
        invocation_id: hex(&general.take::<Vec<u8>>("InvocationID")?),
        n_restarts: n_restarts.unwrap_or(0),
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
    fn active_time_is_measured_on_the_steady_clock() {
        let now = Now {
            monotonic_us: 5_000_000,
            realtime_us: 900_000_000,
        };
        assert_eq!(now.since(2_000_000, 1), Some(3_000_000));
        assert_eq!(now.since(0, 899_000_000), Some(1_000_000));
        // A moment after now belongs to another clock.
        assert_eq!(now.since(6_000_000, 899_000_000), Some(1_000_000));
        assert_eq!(now.since(0, 0), None);
    }

    #[test]
    fn both_clocks_run() {
        let now = Now::read();
        assert!(now.monotonic_us > 0 && now.realtime_us > now.monotonic_us);
    }

    #[test]
    fn an_invocation_id_is_lower_case_hexadecimal() {
        assert_eq!(hex(&[0x00, 0xab, 0x10]), "00ab10");
        assert_eq!(hex(&[]), "");
    }
}
