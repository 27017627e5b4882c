//! Holds the rooms to their imports, the files to their length, and the docs to the code.
//!
//! Each rule is a function from file text to complaints, and each is shown to complain when it is broken.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(under: &str, ending: &str) -> Vec<(String, String)> {
    fn walk(dir: &Path, ending: &str, out: &mut Vec<PathBuf>) {
        let mut entries: Vec<_> = fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, ending, out);
            } else if path.to_string_lossy().ends_with(ending) {
                out.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    walk(&root().join(under), ending, &mut paths);
    paths
        .into_iter()
        .map(|p| {
            (
                p.strip_prefix(root()).unwrap().to_string_lossy().into_owned(),
                String::from_utf8_lossy(&fs::read(&p).unwrap()).into_owned(),
            )
        })
        .collect()
}

/// Code before the file's tests, without comments: tests may use what the room may not.
fn code(text: &str) -> String {
    let body = text.split("#[cfg(test)]").next().unwrap_or(text);
    body.lines().map(|l| l.split("//").next().unwrap_or(l)).collect::<Vec<_>>().join("\n")
}

/// What rooms that only turn data into data may not use.
const PURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "tokio",
    "reqwest",
    "crate::http",
    "crate::review",
    "crate::cli",
    "crate::tui",
    "crate::ledger",
];

/// What a room may not name, by the start of the file's path. `std::net` and the like are spelled as code writes them.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "src/domain",
        &[
            "async fn",
            "std::fs",
            "std::net",
            "std::env",
            "SystemTime",
            "Instant::now",
            "Utc::now",
            "ratatui",
            "tokio",
            "crate::http",
            "crate::review",
            "crate::cli",
            "crate::tui",
            "crate::source",
            "crate::orchestrator",
            "crate::ledger",
            "crate::trust",
            "crate::config",
            "crate::lab",
            "crate::report",
            "crate::policy",
        ],
    ),
    ("src/text.rs", &["std::fs", "std::net", "std::env", "tokio", "crate::"]),
    ("src/report", PURE),
    ("src/policy", PURE),
    (
        "src/trust",
        &[
            "reqwest",
            "hyper",
            "crate::http",
            "crate::review",
            "crate::cli",
            "crate::tui",
            "crate::source",
            "crate::orchestrator",
            "crate::ledger",
        ],
    ),
    ("src/ledger", &["reqwest", "crate::http", "crate::review", "crate::cli", "crate::tui"]),
    (
        "src/remote",
        &[
            "clap",
            "ratatui",
            "crate::review",
            "crate::cli",
            "crate::tui",
            "crate::ledger",
            "crate::orchestrator",
            "crate::lab",
        ],
    ),
    (
        "src/source",
        &[
            "clap",
            "ratatui",
            "crate::review",
            "crate::cli",
            "crate::tui",
            "crate::ledger",
            "crate::trust",
            "crate::lab",
        ],
    ),
    (
        "src/tracker",
        &[
            "clap",
            "ratatui",
            "crate::review",
            "crate::cli",
            "crate::tui",
            "crate::ledger",
            "crate::trust",
            "crate::lab",
        ],
    ),
    (
        "src/orchestrator",
        &[
            "clap",
            "ratatui",
            "crate::review",
            "crate::cli",
            "crate::tui",
            "crate::ledger",
            "crate::trust",
            "crate::lab",
        ],
    ),
    ("src/review", &["println!", "print!(", "clap", "ratatui", "crossterm", "crate::cli", "crate::tui", "crate::lab"]),
    ("src/cli", &["reqwest", "rusqlite", "crate::http::"]),
    ("src/tui", &["reqwest", "rusqlite", "crate::http", "crate::ledger", "crate::source", "crate::lab", "crate::cli"]),
    ("src/tui/model", &["crate::review", "crate::orchestrator", "crate::trust", "tokio", "std::fs", "std::env"]),
    ("src/tui/update", &["crate::review", "crate::orchestrator", "crate::trust", "tokio", "std::fs", "std::env"]),
    ("src/tui/view", &["crate::review", "crate::orchestrator", "crate::trust", "tokio", "std::fs", "std::env"]),
    (
        "src/lab",
        &[
            "crate::http",
            "crate::source",
            "crate::orchestrator",
            "crate::review",
            "crate::cli",
            "crate::tui",
            "crate::ledger",
            "crate::trust",
            "crate::config",
            "crate::report",
            "crate::policy",
            "crate::secrets",
        ],
    ),
    ("src/main.rs", &["reqwest", "rusqlite"]),
];

/// The one file of a room that may do what the others may not.
const EXCEPTIONS: &[(&str, &str)] = &[
    // The demo is the only command that starts the lab, and tests of a room are cut off before they are read.
    ("src/text.rs", "crate::"),
];

/// Whether a whole file is tests: wired in under `#[cfg(test)]`.
fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.contains("tests.rs") || path.ends_with("testing.rs")
}

fn imports(path: &str, text: &str) -> Vec<String> {
    let body = code(text);
    FORBIDDEN
        .iter()
        .filter(|(room, _)| path.starts_with(room) && !is_test(path))
        .flat_map(|(room, names)| names.iter().map(move |n| (room, n)))
        .filter(|(_, name)| body.contains(**name) && !EXCEPTIONS.contains(&(path, **name)))
        .map(|(room, name)| format!("{path}: the room {room} may not use {name}"))
        .collect()
}

fn length(path: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    (lines > 500).then(|| format!("{path}: {lines} lines, 500 are allowed"))
}

fn only_cli_and_tests_use_the_lab(path: &str, text: &str) -> Option<String> {
    let allowed = path.starts_with("src/lab") || path == "src/cli/demo.rs" || path == "src/lib.rs" || is_test(path);
    (!allowed && code(text).contains("crate::lab")).then(|| format!("{path}: only cli::demo may use the lab"))
}

#[test]
fn rooms_keep_to_their_imports() {
    let complaints: Vec<String> = files("src", ".rs")
        .iter()
        .flat_map(|(path, text)| imports(path, text).into_iter().chain(only_cli_and_tests_use_the_lab(path, text)))
        .collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn a_forbidden_import_is_seen() {
    assert_eq!(imports("src/domain/gate.rs", "use std::fs;").len(), 1);
    assert_eq!(imports("src/tui/view/inbox.rs", "use crate::review::Desk;").len(), 1);
    assert_eq!(imports("src/lab/jira.rs", "use crate::http::Http;").len(), 1);
    assert_eq!(imports("src/domain/gate.rs", "// use std::fs;\n").len(), 0, "comments do not count");
    assert_eq!(imports("src/domain/gate.rs", "#[cfg(test)]\nuse std::fs;").len(), 0, "tests do not count");
    assert!(only_cli_and_tests_use_the_lab("src/review.rs", "use crate::lab::World;").is_some());
    assert!(only_cli_and_tests_use_the_lab("src/tracker/github/tests.rs", "use crate::lab::World;").is_none());
    assert!(only_cli_and_tests_use_the_lab("src/cli/demo.rs", "use crate::lab::World;").is_none());
}

#[test]
fn no_file_is_longer_than_500_lines() {
    let all = ["src", "tests", "benches"].into_iter().flat_map(|d| files(d, ".rs"));
    let complaints: Vec<String> = all.filter_map(|(path, text)| length(&path, &text)).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(length("x", &"a\n".repeat(501)).is_some());
    assert!(length("x", &"a\n".repeat(500)).is_none());
}

#[test]
fn there_is_no_mod_rs() {
    let found: Vec<String> = files("src", "mod.rs").into_iter().chain(files("tests", "mod.rs")).map(|f| f.0).collect();
    assert!(found.iter().all(|f| !f.ends_with("/mod.rs")), "{found:?}");
}

#[test]
fn main_is_short() {
    let (_, text) = files("src", "main.rs").into_iter().find(|(p, _)| p == "src/main.rs").unwrap();
    assert!(text.lines().count() <= 40);
}

#[test]
fn every_test_file_is_run() {
    let named: BTreeSet<String> = files("tests/it", ".rs")
        .iter()
        .flat_map(|(_, text)| text.lines().map(str::trim).map(ToOwned::to_owned).collect::<Vec<_>>())
        .filter_map(|l| l.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';').map(ToOwned::to_owned))
        .collect();
    for (path, _) in files("tests/it", ".rs") {
        let stem = Path::new(&path).file_stem().unwrap().to_string_lossy().into_owned();
        assert!(stem == "main" || named.contains(&stem), "{path} is not run: no `mod {stem};`");
    }
    let loose: Vec<_> = fs::read_dir(root().join("tests"))
        .unwrap()
        .flatten()
        .filter(|e| e.path().extension().is_some_and(|x| x == "rs"))
        .collect();
    assert!(loose.is_empty(), "tests belong into tests/it: {loose:?}");
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let table: toml::Table = manifest.parse().unwrap();
    let wanted: BTreeSet<String> = ["dependencies", "dev-dependencies"]
        .iter()
        .filter_map(|t| table.get(*t)?.as_table())
        .flat_map(|t| t.keys().cloned())
        .collect();
    let docs = fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let given: BTreeSet<String> = docs
        .lines()
        .filter_map(|l| l.strip_prefix("| `")?.split_once("` |"))
        .filter(|(_, reason)| reason.trim().trim_end_matches('|').trim().len() > 10)
        .map(|(name, _)| name.to_owned())
        .collect();
    assert_eq!(wanted, given, "docs/dependencies.md must have one line with a reason for each direct dependency");
}

#[test]
fn nothing_of_this_machine_is_in_the_tree() {
    let needles = ["/work/main", "/work/shared", "/root/"];
    for dir in ["src", "tests", "assets", "docs", "themes"] {
        for (path, text) in
            files(dir, "").into_iter().filter(|(p, _)| Path::new(p).extension().is_none_or(|e| e != "png"))
        {
            // This file has to spell them.
            if path != "tests/it/architecture.rs" {
                for needle in needles {
                    assert!(!text.contains(needle), "{path} names {needle}");
                }
            }
        }
    }
}
