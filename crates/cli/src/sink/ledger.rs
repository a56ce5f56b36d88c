//! The file of received pages, and the newest of them in memory.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::Error;

/// How many pages are shown. The file keeps all.
const SHOWN: usize = 1_000;

/// How many bytes of pages are held in memory, whatever their number.
const HELD_BYTES: usize = 64 * 1024 * 1024;

/// An append-only file of JSON lines.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    file: File,
    /// Length of the file up to its last whole line, in bytes.
    length: u64,
    /// The file ends in the middle of a line, which the next append closes first.
    torn: bool,
    recent: VecDeque<String>,
    recent_bytes: usize,
    forgotten: u64,
}

impl Ledger {
    /// Opens the file, makes it when absent (readable by its owner only), and reads what it holds.
    ///
    /// A line that is not JSON, as a power loss may leave it, is named on stderr and left where it is.
    ///
    /// # Errors
    /// The file cannot be opened, read or made durable, or another sink holds it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::PagesFile {
            path: path.to_owned(),
            source,
        };
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::PagesFileInUse {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            // A device or a pipe may never end, nor keep anything.
            return Err(failed(io::Error::other("it is not a regular file")));
        }
        sync_parent(path).map_err(failed)?;
        let length = metadata.len();
        let mut ledger = Self {
            path: path.to_owned(),
            file,
            length,
            torn: false,
            recent: VecDeque::new(),
            recent_bytes: 0,
            forgotten: 0,
        };
        ledger.read_all().map_err(failed)?;
        Ok(ledger)
    }

    fn read_all(&mut self) -> io::Result<()> {
        let mut reader = BufReader::new(self.file.try_clone()?);
        for number in 1_u64.. {
            let mut line = Vec::new();
            if reader.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            self.torn = line.pop_if(|last| *last == b'\n').is_none();
            match String::from_utf8(line) {
                Ok(line) if serde_json::from_str::<serde_json::Value>(&line).is_ok() => {
                    self.remember(line)
                }
                _ => crate::terminal::complain(format_args!(
                    "warning: {}: line {number} is not JSON and is not shown",
                    self.path.display()
                )),
            }
        }
        Ok(())
    }

    /// Appends one line, which holds no line break, and returns when it is on disk.
    ///
    /// # Errors
    /// The line is not on disk; the file is cut back to what it was, so that the sender can repeat it.
    pub fn append(&mut self, line: String) -> Result<(), Error> {
        let start = if self.torn { "\n" } else { "" };
        let bytes = format!("{start}{line}\n");
        if let Err(source) = self
            .file
            .write_all(bytes.as_bytes())
            .and_then(|()| self.file.sync_data())
        {
            self.torn |= self.file.set_len(self.length).is_err();
            return Err(Error::RecordPage {
                path: self.path.clone(),
                source,
            });
        }
        self.length += bytes.len() as u64;
        self.torn = false;
        self.remember(line);
        Ok(())
    }

    fn remember(&mut self, line: String) {
        self.recent_bytes += line.len();
        self.recent.push_back(line);
        while self.recent.len() > SHOWN || (self.recent_bytes > HELD_BYTES && self.recent.len() > 1)
        {
            let oldest = self.recent.pop_front().map_or(0, |line| line.len());
            self.recent_bytes -= oldest;
            self.forgotten += 1;
        }
    }

    /// The shown lines as one JSON array, oldest first.
    #[must_use]
    pub fn json_array(&self) -> String {
        let mut array = String::with_capacity(self.recent_bytes + self.recent.len() + 3);
        array.push('[');
        for (index, line) in self.recent.iter().enumerate() {
            if index > 0 {
                array.push(',');
            }
            array.push_str(line);
        }
        array.push_str("]\n");
        array
    }

    /// The shown lines, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &str> {
        self.recent.iter().rev().map(String::as_str)
    }

    /// How many older pages are in the file but no longer shown.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

/// A new file survives a power loss only when its folder is flushed too.
fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Ledger, SHOWN};
    use crate::Error;

    fn line(number: usize) -> String {
        format!("{{\"n\":{number}}}")
    }

    #[test]
    fn lines_survive_a_restart_and_only_the_newest_are_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pages.jsonl");
        let mut text = String::new();
        for number in 0..SHOWN {
            text.push_str(&line(number));
            text.push('\n');
        }
        std::fs::write(&path, text).unwrap();

        let mut ledger = Ledger::open(&path).unwrap();
        ledger.append(line(SHOWN)).unwrap();
        drop(ledger);

        let ledger = Ledger::open(&path).unwrap();
        assert_eq!(ledger.forgotten(), 1);
        assert_eq!(ledger.newest_first().next(), Some(line(SHOWN).as_str()));
        let array: Vec<serde_json::Value> = serde_json::from_str(&ledger.json_array()).unwrap();
        assert_eq!(array.len(), SHOWN);
        assert_eq!(array[0]["n"], 1);
    }

    #[test]
    fn a_torn_last_line_neither_hides_nor_spoils_the_next_page() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pages.jsonl");
        std::fs::write(&path, "{\"n\":1}\n{\"n\":").unwrap();

        Ledger::open(&path).unwrap().append(line(2)).unwrap();

        let ledger = Ledger::open(&path).unwrap();
        assert_eq!(ledger.json_array(), "[{\"n\":1},{\"n\":2}]\n");
    }

    #[test]
    fn a_file_has_one_writer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pages.jsonl");
        let _first = Ledger::open(&path).unwrap();
        assert!(matches!(
            Ledger::open(&path),
            Err(Error::PagesFileInUse { .. })
        ));
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("absent/pages.jsonl");
        let error = Ledger::open(&path).unwrap_err();
        assert!(error.is_usage());
        assert!(error.to_string().contains("absent/pages.jsonl"), "{error}");
    }
}
