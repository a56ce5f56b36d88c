//! What systemd wrote into the journal about a unit, read with `journalctl(1)`.
//!
//! The fields are from `systemd.journal-fields(7)` and the JSON form from
//! `journalctl(1)`, option `--output=json`.

mod record;

use homeostat_policy::observation::UnitRecord;
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

/// The most lines of PID 1 about one unit that are read, the newest of them. Each start and stop is
/// some five lines, of which one or two are records.
const MOST_LINES: usize = 1000;
/// The most records that are given of one unit when no time is.
const MOST_RECORDS: usize = 100;

/// What PID 1 recorded about a unit in one boot, the oldest first: those since `since_wall_ms`
/// (milliseconds since the Unix epoch), or the newest. `unit` must be the canonical name.
///
/// Only lines that systemd wrote count, for any process can log `JOB_RESULT`.
///
/// # Errors
/// When the journal cannot be read: an empty list always means that nothing was recorded.
/// The journal is a moment behind systemd.
pub async fn records(
    unit: &str,
    boot_id: u128,
    since_wall_ms: Option<i64>,
) -> Result<Vec<UnitRecord>, JournalError> {
    let mut command = journalctl();
    command
        .arg("--output-fields=MESSAGE_ID,JOB_TYPE,JOB_RESULT")
        // From the newest on, so that a journal of many boots is not read through for the last lines.
        .arg("--reverse")
        .arg(format!("--lines={MOST_LINES}"));
    if let Some(wall_ms) = since_wall_ms {
        command.arg(format!("--since=@{}", wall_ms.max(0) / 1000));
    }
    command
        .arg("_PID=1")
        .arg(format!("_BOOT_ID={boot_id:032x}"))
        .arg(format!("UNIT={unit}"));
    let output = run(&mut command).await?;
    if output.is_empty() {
        make_sure_of_access().await?;
    }
    oldest_first(&output, since_wall_ms)
}

/// The records of lines that come from the newest on.
fn oldest_first(output: &str, since_wall_ms: Option<i64>) -> Result<Vec<UnitRecord>, JournalError> {
    let mut records = record::records(output, since_wall_ms.unwrap_or(i64::MIN))?;
    if since_wall_ms.is_none() {
        records.truncate(MOST_RECORDS);
    }
    records.reverse();
    Ok(records)
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
    use std::fmt::Write;

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

    #[test]
    fn the_newest_records_are_given_the_oldest_first() {
        let mut output = String::new();
        for ms in (1..=150).rev() {
            writeln!(
                output,
                r#"{{"__REALTIME_TIMESTAMP":"{ms}000","JOB_TYPE":"stop","JOB_RESULT":"done"}}"#
            )
            .unwrap();
        }
        let times = |since| -> Vec<i64> {
            let records = oldest_first(&output, since).unwrap();
            records.iter().map(|record| record.wall_ms).collect()
        };
        assert_eq!(times(None), (51..=150).collect::<Vec<_>>());
        assert_eq!(times(Some(10)), (10..=150).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn nothing_to_read_is_an_error_and_no_empty_list() {
        // Either this machine has a journal that shows lines of systemd, or it is an error.
        let unit = UnitName::parse("homeostat-no-such-unit.service").unwrap();
        let access = make_sure_of_access().await;
        let jobs = records(unit.as_str(), 0, None).await;
        assert_eq!(jobs.is_ok(), access.is_ok(), "{jobs:?} {access:?}");
    }
}
