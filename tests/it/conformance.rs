//! The published cases of tests/conformance: Countersign and the independent verifier come to the same end in each.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::house::program;
use crate::support::programs;

struct Case {
    name: String,
    folder: PathBuf,
    trust: PathBuf,
    args: Vec<String>,
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance"))
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = std::fs::read_dir(root().join("cases"))
        .unwrap()
        .map(|entry| {
            let folder = entry.unwrap().path();
            let case: Value = serde_json::from_slice(&std::fs::read(folder.join("case.json")).unwrap()).unwrap();
            let args = case["args"].as_array().unwrap().iter().map(|a| a.as_str().unwrap().to_owned()).collect();
            let trust = root().join(case["trust"].as_str().unwrap());
            Case { name: folder.file_name().unwrap().to_string_lossy().into_owned(), folder, trust, args }
        })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

/// What a verifier says of a case: its exit code and what it printed.
fn ask(verifier: &[&str], case: &Case) -> (i32, String) {
    let mut envelopes: Vec<PathBuf> = std::fs::read_dir(&case.folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "envelope"))
        .collect();
    envelopes.sort();
    assert!(!envelopes.is_empty(), "{} has no envelope", case.name);
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(verifier[0])
        .args(&verifier[1..])
        .args(&case.args)
        .arg("--trust")
        .arg(&case.trust)
        .args(envelopes)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].map(|b| String::from_utf8_lossy(&b).into_owned()).concat();
    (output.status.code().unwrap_or(-1), said)
}

fn disagreements(verifier: &[&str]) -> Vec<String> {
    let wrong = cases().into_iter().filter_map(|case| {
        let want = if case.name.ends_with("_fail") { 11 } else { 0 };
        let (code, said) = ask(verifier, &case);
        (code != want).then(|| format!("{}: exit {code}, {want} is expected\n{said}", case.name))
    });
    wrong.collect()
}

#[test]
fn every_case_comes_out_as_its_name_says() {
    let wrong = disagreements(&[program(), "verify"]);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_independent_verifier_agrees_in_every_case() {
    if ["python3", "ssh-keygen", "openssl"].into_iter().any(|p| programs::find(p).is_none()) {
        return;
    }
    let wrong = disagreements(&["python3", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/independent/verify.py")]);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn good_and_bad_cases_are_there() {
    let cases = cases();
    let bad = cases.iter().filter(|c| c.name.ends_with("_fail")).count();
    assert!(bad > 110 && cases.len() - bad > 30, "{bad} of {}", cases.len());
}
