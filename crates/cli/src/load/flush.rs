//! The disk's own flush time, beside which a durable answer is judged.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use super::report::FlushReport;
use super::tally::Latency;
use crate::Error;
use crate::args::{FlushArgs, MAX_SECONDS};

/// What is written before each flush, in bytes: one page of SQLite.
const BLOCK: [u8; 4096] = [0xA5; 4096];

/// Blocks of the file. It is written round and round, as SQLite does with its log of the same length.
const BLOCKS: u64 = 1_000;

/// Runs `homeostat load flush`: blocks are written one after the other, each made durable with `fdatasync(2)`.
///
/// The file has its full length before the clock starts. So a flush carries data alone and no new length of the file,
/// which is the least that any durable answer on this disk can take.
///
/// # Errors
/// The file cannot be made, written or flushed.
pub fn flush(args: &FlushArgs) -> Result<FlushReport, Error> {
    let failed = |source| Error::Flush {
        path: args.directory.clone(),
        source,
    };
    let mut file = nameless(&args.directory).map_err(failed)?;
    measure(&mut file, args.count).map_err(failed)
}

/// A file without a name: however the run ends, nothing is left behind.
fn nameless(directory: &Path) -> io::Result<File> {
    let path = directory.join(format!(".homeostat-flush-{}", std::process::id()));
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)?;
    std::fs::remove_file(path)?;
    Ok(file)
}

fn measure(file: &mut File, count: u64) -> io::Result<FlushReport> {
    for _ in 0..BLOCKS {
        file.write_all(&BLOCK)?;
    }
    file.sync_all()?;
    let mut micros = Vec::new();
    let started = Instant::now();
    for number in 0..count {
        if started.elapsed() > Duration::from_secs(MAX_SECONDS) {
            break;
        }
        if number % BLOCKS == 0 {
            file.seek(SeekFrom::Start(0))?;
        }
        let began = Instant::now();
        file.write_all(&BLOCK)?;
        file.sync_data()?;
        micros.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    let elapsed = started.elapsed();
    let latency = Latency::of(&mut micros);
    Ok(FlushReport::new(micros.len() as u64, elapsed, &latency))
}

#[cfg(test)]
mod tests {
    use super::flush;
    use crate::args::FlushArgs;

    #[test]
    fn every_flush_is_timed_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let args = FlushArgs {
            directory: folder.path().to_owned(),
            count: 1_003,
        };
        let report = flush(&args).unwrap();
        assert_eq!(report.flushes, 1_003);
        assert!(report.p50_ms <= report.p99_ms && report.p99_ms <= report.max_ms);
        assert!(report.max_ms > 0.0);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn an_absent_folder_is_bad_usage() {
        let folder = tempfile::tempdir().unwrap();
        let args = FlushArgs {
            directory: folder.path().join("absent"),
            count: 1,
        };
        let error = flush(&args).unwrap_err();
        assert!(error.is_usage());
        assert!(error.to_string().contains("--directory"), "{error}");
    }
}
