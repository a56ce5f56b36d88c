//! Is the host being switched to a new configuration?
//!
//! NixOS' `switch-to-configuration` (read in nixpkgs,
//! `pkgs/by-name/sw/switch-to-configuration-ng/src/main.rs`) takes an exclusive `flock(2)` on its
//! lock file, without waiting, and holds it until it is done. To take that lock here, for a moment
//! and only to try, would make `nixos-rebuild` fail. So it is looked for in `/proc/locks`
//! (`proc_locks(5)`), where each lock has a line:
//!
//! `9: FLOCK  ADVISORY  WRITE 11718 00:1b:40721 0 EOF`
//!
//! that is its kind, whether it excludes others, its owner, and the file: major and minor number of
//! the device in hexadecimal, and the inode. Who only waits for a lock stands below it with `->`
//! behind the number. The kernel leaves out locks whose owner is not in the pid namespace of this
//! `/proc` or below it, so the remediator has to run in the host's own.
//!
//! The device must be the one that `stat(2)` gives. It is on tmpfs, where `/run` is. On btrfs, where
//! each subvolume has a number of its own, and on some overlays it is not: a lock file there would
//! always look free.

use rustix::fs::{major, minor};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// How often the list is read before a lock counts as free. The kernel makes the list page by page
/// and goes on by counting, so a lock that is released in between hides another: of single readings
/// of lists of 70 locks, with thousands of others taken and released a second, three in a hundred
/// missed a lock that was held all the time, and of readings in threes none in fourteen thousand.
const READINGS: usize = 5;

/// Whether someone holds the lock of a switch. Where there is no such file, nobody ever did.
///
/// # Errors
/// When the file or the list of locks cannot be read: then it cannot be told.
pub fn is_running(lock: &Path) -> std::io::Result<bool> {
    let file = match std::fs::metadata(lock) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let (major, minor) = (major(file.dev()), minor(file.dev()));
    let file = format!("{major:02x}:{minor:02x}:{}", file.ino());
    for _ in 0..READINGS {
        // With room from the start, for a small first read would tear the list into more pieces.
        let mut locks = String::with_capacity(64 * 1024);
        std::fs::File::open("/proc/locks")?.read_to_string(&mut locks)?;
        if locks.lines().any(|line| is_held(line, &file)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the line tells of an exclusive `flock` that is held on the file.
fn is_held(line: &str, file: &str) -> bool {
    let mut words = line.split_whitespace().skip(1);
    words.next() == Some("FLOCK") && words.nth(1) == Some("WRITE") && words.nth(1) == Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a kernel of version 6.18 wrote it; the files are on a tmpfs, device 0:27, and on a disk.
    const LOCKS: &str = "\
1: FLOCK  ADVISORY  WRITE 11466 fe:00:11534894 0 EOF
3: OFDLCK ADVISORY  WRITE -1 fe:00:813280 0 EOF
5: LEASE  ACTIVE    READ 11718 00:1b:40725 0 EOF
6: OFDLCK ADVISORY  WRITE -1 00:1b:40724 0 EOF
7: POSIX  ADVISORY  WRITE 11718 00:1b:40723 5 14
8: FLOCK  ADVISORY  READ 11718 00:1b:40722 0 EOF
8: -> FLOCK  ADVISORY  WRITE 11759 00:1b:40722 0 EOF
9: FLOCK  ADVISORY  WRITE 11718 00:1b:40721 0 EOF
9: -> FLOCK  ADVISORY  WRITE 11759 00:1b:40721 0 EOF
9:  -> FLOCK  ADVISORY  READ 11760 00:1b:40721 0 EOF
10: POSIX  ADVISORY  READ 19664 00:44:10986997 128 128
";

    #[test]
    fn only_an_exclusive_flock_that_is_held_counts() {
        let holders = |file: &str| LOCKS.lines().filter(|line| is_held(line, file)).count();
        assert_eq!(holders("00:1b:40721"), 1, "not those who wait");
        assert_eq!(holders("fe:00:11534894"), 1);
        for other in [
            "00:1b:40722",
            "00:1b:40723",
            "00:1b:40724",
            "00:1b:40725",
            "fe:00:813280",
            "00:1b:4072",
            "01:1b:40721",
            "",
        ] {
            assert_eq!(holders(other), 0, "{other}");
        }
        for odd in ["", "1:", "1: FLOCK", "1: <none>:0", "FLOCK ADVISORY WRITE"] {
            assert!(!is_held(odd, "00:1b:40721"), "{odd}");
        }
    }

    #[test]
    fn a_lock_is_seen_while_it_is_held_and_no_longer() {
        // A tmpfs as /run is: here the two numbers of a device are one.
        let folder = tempfile::tempdir_in("/dev/shm").unwrap();
        let path = folder.path().join("switch.lock");
        assert!(!is_running(&path).unwrap(), "no file");
        let file = std::fs::File::create(&path).unwrap();
        assert!(!is_running(&path).unwrap(), "no lock");
        file.lock_shared().unwrap();
        assert!(!is_running(&path).unwrap(), "nobody is kept out");
        file.lock().unwrap();
        assert!(is_running(&path).unwrap());
        let other = std::fs::File::create(folder.path().join("other.lock")).unwrap();
        other.lock().unwrap();
        file.unlock().unwrap();
        assert!(!is_running(&path).unwrap());
        assert!(is_running(&path.join("below")).is_err(), "not a folder");
    }
}
