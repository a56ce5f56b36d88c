//! The core stays pure: its dependencies and its words are on a short list.

use std::fs;
use std::path::{Path, PathBuf};

const ALLOWED: [&str; 4] = ["serde", "serde_json", "thiserror", "time"];
const FORBIDDEN: [&str; 8] = [
    "SystemTime",
    "Instant::",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "tokio",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The names under `[dependencies]`, also in the form `[dependencies.name]`.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_inside = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            is_inside = header == "dependencies";
            // A table for one target or one dependency counts too, but not the tests' own.
            let last = header.rsplit_once("dependencies.").map(|(before, name)| {
                (before.is_empty() || before.ends_with('.')).then(|| name.to_owned())
            });
            names.extend(last.flatten());
            assert!(
                !header.starts_with("target."),
                "no dependency for one target alone: {header}"
            );
            continue;
        }
        if is_inside && !line.is_empty() && !line.starts_with('#') {
            let name = line.split(['.', '=', ' ']).next().unwrap_or(line);
            names.push(name.to_owned());
        }
    }
    names
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the sources can be read") {
        let path = entry.expect("the sources can be read").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn only_the_allowed_crates_are_used() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let found = dependencies(&manifest);
    assert_eq!(
        found, ALLOWED,
        "crates/policy is pure; see its Cargo.toml and docs/ARCHITECTURE.md"
    );
}

#[test]
fn the_reader_of_the_manifest_sees_every_form() {
    let manifest = "[dependencies]\na.workspace = true\nb = \"1\"\n[dependencies.c]\nversion = \"1\"\n\
                    [dev-dependencies]\nd = \"1\"\n[dev-dependencies.e]\nversion = \"1\"\n";
    assert_eq!(dependencies(manifest), ["a", "b", "c"]);
}

#[test]
fn no_source_reads_a_clock_a_file_a_socket_or_the_environment() {
    let files = sources(&root().join("src"));
    assert!(files.len() >= 10, "the sources are not where they were");
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for word in FORBIDDEN {
            assert!(!text.contains(word), "{} names {word}", file.display());
        }
    }
}
