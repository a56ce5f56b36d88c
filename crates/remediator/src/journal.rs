//! What systemd wrote into the journal about a unit, read with `journalctl(1)`.
//!
//! The fields are from `systemd.journal-fields(7)` and the JSON form from
//! `journalctl(1)`, option `--output=json`.

mod record;

use homeostat_policy::outcome::JobRecord;
use homeostat_policy::unit::UnitName;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

/// How long `journalctl` may take. A journal of some GB on a slow disk takes seconds.
const LIMIT: Duration = Duration::from_secs(10);
/// How much of its output is read, in bytes. One record of a job takes about 500.
const MOST_OUTPUT: u64 = 4 * 1024 * 1024;

/// Why the journal could not be read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// `journalctl` cannot be started.
    #[error("cannot start journalctl: {0}; is it in PATH?")]
    Start(#[source] std::io::Error),
    /// Its output cannot be read.
    #[error("cannot read the output of journalctl: {0}")]
    Read(#[source] std::io::Error),
    /// It took too long.
    #[error("journalctl did not end within {} s", LIMIT.as_secs())]
    Timeout,
    /// It wrote more than is read.
    #[error("journalctl wrote more than {MOST_OUTPUT} bytes")]
    TooMuch,
    /// It ended with an error.
    #[error("journalctl failed ({status}): {message}")]
    Failed {
        /// Its exit status.
        status: std::process::ExitStatus,
        /// What it wrote to its standard error.
        message: String,
    },
    /// It showed nothing at all, which is what it does for a user without access.
    #[error(
        "the journal shows no line of systemd itself: add the user to the group systemd-journal"
    )]
    NoAccess,
    /// A line is not what `--output=json` promises.
    #[error("cannot understand journalctl's line `{line}`: {reason}")]
    Line {
        /// The start of the line.
        line: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// The ends of the unit's jobs at or after `since_wall_ms` (milliseconds since the Unix epoch),
/// the oldest first. `unit` must be the canonical name.
///
/// Only lines that systemd wrote count, for any process can log `JOB_RESULT`.
///
/// # Errors
/// When the journal cannot be read: an empty list always means that there was no such job.
/// The journal is a moment behind systemd.
pub async fn job_records(
    unit: &UnitName,
    since_wall_ms: i64,
) -> Result<Vec<JobRecord>, JournalError> {
    let since_s = since_wall_ms.max(0) / 1000;
    let output = run(journalctl()
        .arg("--output-fields=JOB_TYPE,JOB_RESULT")
        .arg(format!("--since=@{since_s}"))
        .arg("_PID=1")
        .arg(format!("UNIT={unit}")))
    .await?;
    if output.is_empty() {
        make_sure_of_access().await?;
    }
    record::jobs(&output, since_wall_ms.saturating_mul(1000))
}

/// The newest lines of the unit and about it, the oldest first: time, priority and text, without
/// control characters. At most `n` lines and `max_bytes` bytes.
///
/// # Errors
/// When the journal cannot be read.
pub async fn last_lines(
    unit: &UnitName,
    n: usize,
    max_bytes: usize,
) -> Result<Vec<String>, JournalError> {
    let output = run(journalctl()
        .arg("--output-fields=MESSAGE,PRIORITY")
        .arg(format!("--lines={n}"))
        .arg(format!("--unit={unit}")))
    .await?;
    if output.is_empty() {
        make_sure_of_access().await?;
    }
    record::lines(&output, max_bytes)
}

/// Without access `journalctl` shows nothing and ends well. Every readable journal of the system
/// has a line of systemd.
async fn make_sure_of_access() -> Result<(), JournalError> {
    let output = run(journalctl().arg("--lines=1").arg("_PID=1")).await?;
    if output.is_empty() {
        return Err(JournalError::NoAccess);
    }
    Ok(())
}

fn journalctl() -> Command {
    let mut command = Command::new("journalctl");
    command.args(["--output=json", "--no-pager", "--quiet", "--system"]);
    command
}

/// Runs the command within the bounds and gives its output.
async fn run(command: &mut Command) -> Result<String, JournalError> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(JournalError::Start)?;
    let stdout = child.stdout.take().expect("invariant: stdout is piped");
    let stderr = child.stderr.take().expect("invariant: stderr is piped");
    let all = async {
        let (output, message) = tokio::try_join!(bounded(stdout), bounded(stderr))?;
        let status = child.wait().await.map_err(JournalError::Read)?;
        if !status.success() {
            let message = message.trim().to_owned();
            return Err(JournalError::Failed { status, message });
        }
        Ok(output)
    };
    tokio::time::timeout(LIMIT, all)
        .await
        .unwrap_or(Err(JournalError::Timeout))
}

async fn bounded(pipe: impl AsyncRead + Unpin) -> Result<String, JournalError> {
    let mut bytes = Vec::new();
    pipe.take(MOST_OUTPUT + 1)
        .read_to_end(&mut bytes)
        .await
        .map_err(JournalError::Read)?;
    if bytes.len() as u64 > MOST_OUTPUT {
        return Err(JournalError::TooMuch);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn output_without_end_is_cut_off() {
        let end = run(&mut shell("exec yes")).await;
        assert!(matches!(end, Err(JournalError::TooMuch)), "{end:?}");
    }

    #[tokio::test]
    async fn a_failure_tells_what_journalctl_said() {
        let end = run(&mut shell("echo no journal here >&2; exit 1")).await;
        let text = end.unwrap_err().to_string();
        assert!(text.contains("no journal here"), "{text}");
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let end = run(&mut Command::new("/nonexistent/journalctl")).await;
        assert!(matches!(end, Err(JournalError::Start(_))), "{end:?}");
    }

    #[tokio::test]
    async fn nothing_to_read_is_an_error_and_no_empty_list() {
        // Either this machine has a journal that shows lines of systemd, or it is an error.
        let unit = UnitName::parse("homeostat-no-such-unit.service").unwrap();
        let access = make_sure_of_access().await;
        let jobs = job_records(&unit, 0).await;
        assert_eq!(jobs.is_ok(), access.is_ok(), "{jobs:?} {access:?}");
    }
}
