//! Decisions against the demo world: digests, crashes, hostile text, who may sign.

use crate::support::house::House;
use crate::support::programs;

/// Characters that a terminal obeys or a reader cannot see; line breaks aside.
fn hidden(text: &str) -> Vec<char> {
    text.chars().filter(|c| *c != '\n' && countersign::text::is_hidden(*c)).collect()
}

#[test]
fn the_same_evidence_has_the_same_digest_and_another_byte_another() {
    let house = House::start();
    let digest = || house.json(&["show", "payments@1.4.2/prod"], 0)["gate"]["digest"].as_str().unwrap().to_owned();
    let first = digest();
    assert_eq!(digest(), first);
    // One byte of a report file that changes no finding: a blank at its end.
    let scans = house.demo().join("scans/payments");
    let commit = std::fs::read_dir(&scans).unwrap().next().unwrap().unwrap().path();
    let report = std::fs::read_dir(&commit).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&report).unwrap();
    bytes.push(b' ');
    std::fs::write(&report, &bytes).unwrap();
    assert_ne!(digest(), first);
    house.run(&["approve", "payments@1.4.2/prod", "--reason", "x", "--expect", &first]).exits(5);
    let entries = house.json(&["ledger", "list"], 0);
    assert_eq!(entries["entries"].as_array().unwrap().len(), 0, "nothing was signed");
}

#[test]
fn hostile_text_reaches_no_output_for_people() {
    let house = House::start();
    let gate = house.gate("guestbook@0.9.3/prod");
    let id = gate["id"].as_str().unwrap();
    for arguments in [&["inbox"][..], &["show", id], &["findings", id], &["show", id, "--output", "markdown"]] {
        let ran = house.run(arguments).exits(0);
        assert_eq!(hidden(&ran.out), Vec::<char>::new(), "{arguments:?}");
        assert_eq!(hidden(&ran.err), Vec::<char>::new(), "{arguments:?}");
        assert!(ran.out.len() < 200_000, "{arguments:?} prints {} bytes", ran.out.len());
    }
    // Programs get the text as it came.
    let raw = house.run(&["findings", id, "--output", "json"]).exits(0);
    assert!(raw.out.contains("\\u001b") || raw.out.chars().any(countersign::text::is_hidden), "JSON keeps it raw");
}

#[test]
fn a_dismissal_holds_in_the_next_release_on_another_line() {
    let house = House::start();
    let before = house.json(&["findings", "ledger-api@1.9.0/prod", "--query", "sev>=high"], 0);
    let finding = before["findings"][0]["fingerprint"].as_str().unwrap().to_owned();
    let why = "the input is a constant of the build";
    let dismiss = ["dismiss", "ledger-api@1.9.0/prod", &finding, "--as", "false-positive", "--reason", why];
    house.run(&dismiss).exits(0);
    for arguments in [["findings", "ledger-api@1.9.0/prod"], ["show", "ledger-api@1.9.0/prod"]] {
        let table = house.run(&arguments).exits(0).out;
        let mut below =
            table.lines().skip_while(|l| !(l.contains(finding.get(..8).unwrap()) && l.contains("false-positive")));
        let note = below.nth(1).unwrap_or_else(|| panic!("{arguments:?}: {table}"));
        assert!(note.starts_with("    false-positive by "), "{note}");
        assert!(note.contains(", until ") && note.ends_with(why), "{note}");
    }
    let next = house.json(&["findings", "ledger-api@1.9.1/staging", "--query", "dismissed"], 0);
    assert_eq!(next["gate"]["findings"]["dismissed"], 0, "it holds in its environment, if no scope is given: {next:#}");
    house.run(&[dismiss.as_slice(), &["--scope", "service"]].concat()).exits(0);
    let next = house.json(&["findings", "ledger-api@1.9.1/staging", "--query", "dismissed"], 0);
    let carried = &next["findings"][0];
    assert_eq!(carried["dismissal"]["dismissal"]["detail"], why, "{next:#}");
    assert_ne!(carried["location"]["line"], before["findings"][0]["location"]["line"]);
    assert_eq!(next["gate"]["findings"]["dismissed"], 1, "never dropped silently");
}

#[test]
fn readonly_and_a_missing_terminal_change_nothing() {
    let house = House::start();
    house.run(&["reject", "payments@1.4.2/prod", "--reason", "no", "--yes", "--readonly"]).exits(2);
    house.run(&["reject", "payments@1.4.2/prod", "--reason", "no"]).exits(2);
    assert_eq!(house.json(&["ledger", "list"], 0)["entries"].as_array().unwrap().len(), 0);
}

#[test]
fn no_token_is_printed_anywhere() {
    if programs::find("ssh-agent").is_none() {
        return;
    }
    let house = House::start();
    let mut secrets = Vec::new();
    for entry in std::fs::read_dir(house.demo()).unwrap().flatten() {
        let path = entry.path();
        let files = if path.is_dir() {
            std::fs::read_dir(&path).unwrap().flatten().map(|e| e.path()).collect()
        } else {
            vec![path]
        };
        for file in files {
            let name = file.to_string_lossy().into_owned();
            if name.contains("token") && file.is_file() {
                secrets.push(std::fs::read_to_string(file).unwrap().trim().to_owned());
            }
        }
    }
    assert!(secrets.len() >= 4, "the demo's tokens were found");
    for arguments in [
        &["show", "payments@1.4.2/prod", "--output", "json", "--verbose"][..],
        &["approve", "payments@1.4.2/prod", "--reason", "x", "--dry-run", "--output", "json"],
        &["doctor", "--verbose"],
        &["config", "print"],
    ] {
        let ran = house.run(arguments).exits(0);
        for secret in &secrets {
            assert!(!ran.out.contains(secret) && !ran.err.contains(secret), "{arguments:?} prints a token");
        }
    }
}
