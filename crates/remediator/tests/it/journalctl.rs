//! A `journalctl` of the test's own. It is found through PATH, which belongs to a whole process,
//! so such a test runs itself again in a process of its own.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// The journal cannot be read.
pub const UNREADABLE: &str = "echo 'no permission' >&2; exit 1";
/// The journal can be read and knows of nothing about any unit.
pub const NO_JOBS: &str = r#"case "$*" in *UNIT=*) ;; *) echo '{"MESSAGE":"x"}' ;; esac"#;

const INSIDE: &str = "HOMEOSTAT_TEST_INSIDE";

/// Whether this is the process with the journal that `script` (in the shell's language) tells.
/// Otherwise the test named `name` is run in such a process, and must be green there.
pub fn is_inside(name: &str, script: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("journalctl");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("written");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("set");
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new(std::env::current_exe().expect("a path"))
        .args(["--exact", name, "--nocapture"])
        .env("PATH", format!("{}:{path}", folder.path().display()))
        .env(INSIDE, "1")
        .output()
        .expect("the test starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let is_green = output.status.success() && text.contains("1 passed");
    assert!(is_green, "{name} in a process of its own:\n{text}{errors}");
    false
}
