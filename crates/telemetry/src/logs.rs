//! Where log lines go: the journal under systemd, readable text on stderr elsewhere.

use std::io::IsTerminal as _;
use std::os::unix::fs::MetadataExt as _;

use tracing_journald::{Priority, PriorityMappings};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::registry::Registry;

use crate::Error;

/// Reads `RUST_LOG`. Without it: `info`, save that sqlx tells of each stale connection at that level.
pub(crate) fn filter() -> Result<EnvFilter, Error> {
    if std::env::var_os(EnvFilter::DEFAULT_ENV).is_none() {
        return Ok(EnvFilter::new("info,sqlx=warn"));
    }
    EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .try_from_env()
        .map_err(Error::Filter)
}

/// The layer that writes lines, under `identifier` in the journal.
pub(crate) fn layer(identifier: &str) -> Box<dyn Layer<Registry> + Send + Sync> {
    // A journal that cannot be opened must not keep a service from starting:
    // systemd reads stderr all the same.
    if stderr_is_journal()
        && let Ok(journal) = tracing_journald::layer()
    {
        return Box::new(
            journal
                .with_syslog_identifier(identifier.to_owned())
                .with_priority_mappings(priorities()),
        );
    }
    Box::new(
        tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal()),
    )
}

/// tracing-journald would send INFO as `notice` and DEBUG as `info`; the rest of the
/// stack reads the numbers of syslog (RFC 5424, table 2).
fn priorities() -> PriorityMappings {
    PriorityMappings {
        error: Priority::Error,
        warn: Priority::Warning,
        info: Priority::Informational,
        debug: Priority::Debug,
        trace: Priority::Debug,
    }
}

/// systemd sets `JOURNAL_STREAM` to `device:inode` of the stream it gave us
/// (systemd.exec(5)). The variable is inherited, so the numbers must be compared:
/// a shell under systemd passes it on to commands whose stderr is a terminal.
fn stderr_is_journal() -> bool {
    let (Ok(stream), Ok(stderr)) = (
        std::env::var("JOURNAL_STREAM"),
        std::fs::metadata("/proc/self/fd/2"),
    ) else {
        return false;
    };
    names_stream(&stream, stderr.dev(), stderr.ino())
}

fn names_stream(variable: &str, device: u64, inode: u64) -> bool {
    variable
        .split_once(':')
        .and_then(|(dev, ino)| Some((dev.parse::<u64>().ok()?, ino.parse::<u64>().ok()?)))
        == Some((device, inode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_stream_is_the_journal() {
        assert!(names_stream("8:1234", 8, 1234));
        assert!(!names_stream("8:1234", 8, 1235));
        assert!(!names_stream("9:1234", 8, 1234));
        assert!(!names_stream("", 8, 1234));
        assert!(!names_stream("8", 8, 1234));
    }

    #[test]
    fn levels_map_to_syslog_numbers() {
        let mapped = priorities();
        let numbers = [
            mapped.error,
            mapped.warn,
            mapped.info,
            mapped.debug,
            mapped.trace,
        ]
        .map(|priority| char::from(priority as u8));
        assert_eq!(numbers, ['3', '4', '6', '7', '7']);
    }
}
