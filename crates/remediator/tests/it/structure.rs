//! Nothing in the daemon decides: events come from the machine's step alone, and are written where it is called.

use std::fs;
use std::path::{Path, PathBuf};

/// Every Rust file below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| entry.expect("an entry").path())
        .flat_map(|path| {
            if path.is_dir() {
                sources(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// Which files hold the words outside of comments and tests, by their path in `src`.
fn files_with(words: &str) -> Vec<String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let holds = |path: &PathBuf| {
        let text = fs::read_to_string(path).expect("text");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        code.lines()
            .any(|line| !line.trim_start().starts_with("//") && line.contains(words))
    };
    let mut found: Vec<_> = sources(&src)
        .into_iter()
        .filter(|path| {
            !path
                .iter()
                .any(|part| part == "tests" || part == "tests.rs")
        })
        .filter(holds)
        .map(|path| {
            path.strip_prefix(&src)
                .expect("below it")
                .display()
                .to_string()
        })
        .collect();
    found.sort();
    found
}

#[test]
fn events_are_made_by_the_machine_and_written_where_it_is_called() {
    for (words, files) in [
        // The machine is called in one place, and what it gives is written there.
        ("step(", &["engine/feed.rs"][..]),
        (".append(", &["engine/feed.rs", "store.rs"]),
        // Entries are made of rows of the log only.
        ("Entry {", &["store.rs"]),
        // The order of the obstacles is printed; nothing else of the rooms that decide is named.
        ("decide::", &["check.rs"]),
        ("verdict::", &[]),
    ] {
        assert_eq!(files_with(words), files, "{words}");
    }
}
