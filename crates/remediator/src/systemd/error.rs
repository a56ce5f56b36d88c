//! What can go wrong between this process and systemd.

use homeostat_policy::words::JobResult;
use zbus::DBusError;

/// Why systemd gave no answer, or one that is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// There is no connection to the bus, or it was closed.
    #[error(
        "the D-Bus connection to systemd is lost: {reason}; see `systemctl status dbus.service`"
    )]
    BusLost {
        /// What the transport said.
        reason: String,
    },
    /// No answer came in time.
    #[error("{operation} got no answer within {seconds} s")]
    Timeout {
        /// The method.
        operation: &'static str,
        /// The time that was given.
        seconds: u64,
    },
    /// The bus or systemd answered with an error.
    #[error("{operation} failed: {name}: {message}")]
    Call {
        /// The method.
        operation: &'static str,
        /// The D-Bus error name, for example `org.freedesktop.DBus.Error.AccessDenied`.
        name: String,
        /// The text that came with it.
        message: String,
    },
    /// The answer does not have the form that systemd documents.
    #[error("the answer to {operation} cannot be read: {reason}")]
    Answer {
        /// The method or property.
        operation: &'static str,
        /// What was unexpected.
        reason: String,
    },
}

impl ControlError {
    pub(super) fn closed() -> Self {
        Self::BusLost {
            reason: "the bus closed the connection".to_owned(),
        }
    }

    pub(super) fn from_zbus(operation: &'static str, error: zbus::Error) -> Self {
        match error {
            zbus::Error::MethodError(name, message, _) => Self::Call {
                operation,
                name: name.to_string(),
                message: message.unwrap_or_default(),
            },
            zbus::Error::FDO(error) => Self::Call {
                operation,
                name: error.name().to_string(),
                message: error.description().unwrap_or_default().to_owned(),
            },
            zbus::Error::InputOutput(_)
            | zbus::Error::Connection(..)
            | zbus::Error::Handshake(_)
            | zbus::Error::Address(_) => Self::BusLost {
                reason: error.to_string(),
            },
            _ => Self::Answer {
                operation,
                reason: error.to_string(),
            },
        }
    }

    /// Whether this is the D-Bus error `name`.
    pub(super) fn is(&self, name: &str) -> bool {
        matches!(self, Self::Call { name: given, .. } if given == name)
    }

    /// What this answer to a call that asks for a job means.
    ///
    /// systemd answers with an error only where it made no job, so such an error is never `Failed`.
    /// What it does not name as final may pass: that is `Refused`, and a person is called when it does
    /// not. Without an answer nothing is known.
    ///
    /// The names are from systemd's `bus-common-errors.h`, and from `bus_unit_validate_load_state`,
    /// which passes on why a file could not be read as an error of `org.freedesktop.DBus.Error`.
    pub(super) fn job_result(&self) -> JobResult {
        let Self::Call { name, .. } = self else {
            return JobResult::Unknown;
        };
        if let Some(name) = name.strip_prefix("org.freedesktop.systemd1.") {
            return match name {
                "NoSuchUnit"
                | "LoadFailed"
                | "BadUnitSetting"
                | "UnitMasked"
                | "UnitExists"
                | "OnlyByDependency"
                | "JobTypeNotApplicable"
                | "NoIsolation" => JobResult::Unable,
                // TransactionIsDestructive, TransactionJobsConflicting, TransactionOrderIsCyclic,
                // ShuttingDown, and the words of newer versions.
                _ => JobResult::Refused,
            };
        }
        match name.strip_prefix("org.freedesktop.DBus.Error.") {
            Some("AccessDenied" | "AuthFailed" | "InteractiveAuthorizationRequired") => {
                JobResult::Denied
            }
            Some(
                "InvalidArgs" | "NotSupported" | "UnknownMethod" | "FileNotFound" | "FileExists"
                | "IOError",
            ) => JobResult::Unable,
            // The bus itself answers so when systemd is not on it.
            Some("ServiceUnknown" | "NameHasNoOwner") => JobResult::NotCalled,
            Some(name) if name.starts_with("Spawn.") => JobResult::NotCalled,
            // The bus answers so when systemd left it before it answered.
            Some("NoReply" | "Timeout" | "TimedOut" | "Disconnected") => JobResult::Unknown,
            _ => JobResult::Refused,
        }
    }
}
