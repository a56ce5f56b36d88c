//! The faults of the law put back one by one: the simulator must find each.
//!
//! Each mutant is an edit of this crate's source, made in a copy below `target/tmp/mutants`, where the
//! simulator then runs. `MUTANT=3` runs those of one fault alone. It compiles the crate once per
//! mutant, so it is run by name: `cargo test -p homeostat-policy --test mutants -- --ignored`.

mod table;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use table::{MUTANTS, Mutant};

/// How many histories the simulator gets to find a mutant.
const SEEDS: &str = "1500";

fn policy() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder of the copy");
    for entry in fs::read_dir(from).expect("a folder of the crate") {
        let path = entry.expect("an entry of the crate").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_all(&path, &target);
        } else {
            // Only what changes is written, so that cargo compiles no more than that.
            let text = fs::read(&path).expect("a file of the crate");
            if fs::read(&target).ok().as_ref() != Some(&text) {
                fs::write(&target, text).expect("a file of the copy");
            }
        }
    }
}

/// A workspace with this crate alone; returns its folder.
fn copy() -> PathBuf {
    let root = policy().ancestors().nth(2).expect("the workspace");
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants/workspace");
    let _ = fs::remove_dir_all(&copy);
    copy_all(policy(), &copy.join("crates/policy"));
    for file in ["Cargo.toml", "Cargo.lock"] {
        fs::copy(root.join(file), copy.join(file)).expect("a file of the workspace");
    }
    copy
}

impl Mutant {
    /// The edited text of its file. An edit that does not fit the source any more is an error.
    fn edited(&self) -> String {
        let text = fs::read_to_string(policy().join("src").join(self.file)).expect(self.file);
        let count = text.matches(self.old).count();
        assert_eq!(
            count, 1,
            "{}: `{}` is there {count} times",
            self.file, self.old
        );
        text.replacen(self.old, self.new, 1)
    }
}

/// The simulator's output with the copy as it is, and whether it found nothing.
fn simulate(copy: &Path) -> (String, bool) {
    let run = Command::new(env!("CARGO"))
        .current_dir(copy)
        .args([
            "test",
            "--offline",
            "--package",
            "homeostat-policy",
            "--test",
            "it",
        ])
        .args([
            "simulator::the_law_holds_whatever_happens",
            "--",
            "--nocapture",
        ])
        .env("CARGO_TARGET_DIR", copy.with_file_name("target"))
        .env("HOMEOSTAT_SEEDS", SEEDS)
        // To be found is enough: the history need not be short.
        .env("HOMEOSTAT_SHRINK", "0")
        .env("RUSTFLAGS", "-A warnings")
        .env("RUST_BACKTRACE", "0")
        .output()
        .expect("cargo runs");
    let text = [run.stdout, run.stderr].concat();
    (
        String::from_utf8_lossy(&text).into_owned(),
        run.status.success(),
    )
}

/// The seed that the simulator printed, and the law that was broken there.
fn found(output: &str) -> Option<(&str, &str)> {
    let history = output.lines().find(|line| line.starts_with("seed "))?;
    let (seed, _) = history.split_once(": [")?;
    let mut lines = output.lines();
    lines.find(|line| line.contains("panicked at"))?;
    Some((seed, lines.next()?))
}

#[test]
#[ignore = "compiles the crate once per mutant"]
fn the_simulator_finds_each_fault_that_is_put_back() {
    let wanted = std::env::var("MUTANT").ok();
    let is_wanted = |mutant: &&Mutant| {
        wanted
            .as_ref()
            .is_none_or(|w| mutant.fault.to_string() == *w)
    };
    let copy = copy();
    let (output, holds) = simulate(&copy);
    assert!(holds, "without a fault the law is broken:\n{output}");
    let mut missed = Vec::new();
    for mutant in MUTANTS.iter().filter(is_wanted) {
        let edited = copy.join("crates/policy/src").join(mutant.file);
        let sound = fs::read(&edited).expect("a file of the copy");
        fs::write(&edited, mutant.edited()).expect("a file of the copy");
        let (output, holds) = simulate(&copy);
        fs::write(&edited, sound).expect("a file of the copy");
        match found(&output) {
            Some((seed, law)) if mutant.laws.iter().any(|l| law.contains(l)) && !holds => {
                println!("fault {}, {}: {seed}: {law}", mutant.fault, mutant.about);
            }
            what => {
                let end = output.len().saturating_sub(1500);
                let tail = output.get(end..).unwrap_or(&output);
                println!(
                    "fault {}, {}: MISSED {what:?}\n{tail}",
                    mutant.fault, mutant.about
                );
                missed.push((mutant.fault, mutant.about));
            }
        }
    }
    assert!(missed.is_empty(), "not found as expected: {missed:?}");
}

#[test]
fn each_mutant_still_fits_the_source() {
    for mutant in MUTANTS {
        assert_ne!(mutant.edited(), "");
    }
    for fault in (1..=7).chain(10..=13) {
        assert!(MUTANTS.iter().any(|m| m.fault == fault), "fault {fault}");
    }
}
