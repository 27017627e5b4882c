//! What commands print and how they exit where something is odd: one document, one code, a mend.

use std::path::Path;

use serde_json::Value;

use crate::support::house::{House, Ran, hermetic};

const RELEASE: &str = "payments@1.4.2/prod";

/// Runs the program in a folder of its own.
fn run(dir: &Path, arguments: &[&str]) -> Ran {
    hermetic(dir).current_dir(dir).args(arguments).stdin(std::process::Stdio::null()).output().unwrap().into()
}

fn configured(dir: &Path, config: &str) {
    let folder = dir.join("config/countersign");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), config).unwrap();
}

#[test]
fn a_scan_with_a_bad_report_is_one_document() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("bad.json"), "{\"a\": 1}").unwrap();
    let sarif = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}}]}"#;
    std::fs::write(dir.path().join("none.sarif"), sarif).unwrap();
    let ran = run(dir.path(), &["scan", "bad.json", "none.sarif", "--output", "json"]).exits(13);
    assert_eq!((&ran.json()["schema"], &ran.json()["files"][0]["status"]), (&1.into(), &"error".into()));
    let ran = run(dir.path(), &["scan", "bad.json", "none.sarif", "--output", "ndjson"]).exits(13);
    let lines: Vec<Value> = ran.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert!(lines.len() == 2 && lines.iter().all(|l| l["file"].is_string()), "{ran:#?}");
    assert_eq!(ran.err.matches("bad.json").count(), 1, "{}", ran.err);
    let table = run(dir.path(), &["scan", "none.sarif"]).exits(0).out;
    assert!(table.contains("not-assessed") && table.contains("has no list of results"), "{table}");
    // Without a document, the error is the one.
    let ran = run(dir.path(), &["scan", "bad.json", "--format", "nope", "--output", "json"]).exits(2);
    assert_eq!(ran.json()["error"]["exit"], 2);
}

#[test]
fn a_key_that_stands_twice_hides_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let report = r#"{"metrics": {}, "errors": [], "results": [{"test_id": "B602"}], "results": []}"#;
    std::fs::write(dir.path().join("bandit.json"), report).unwrap();
    let ran = run(dir.path(), &["scan", "bandit.json", "--output", "json"]).exits(13);
    assert_eq!(ran.json()["files"][0]["status"], "error");
    assert!(ran.err.contains("bandit.json: ") && ran.err.contains("the key \"results\" stands twice"), "{}", ran.err);
}

#[test]
fn what_a_terminal_would_obey_is_escaped_in_json() {
    let dir = tempfile::tempdir().unwrap();
    let title = "ok\u{202e}\u{200b}\u{9b}31m";
    let sarif = format!(
        r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "x"}}}}, "results": [{{"ruleId": "R", "message": {{"text": "{title}"}}}}]}}]}}"#
    );
    std::fs::write(dir.path().join("x.sarif"), sarif).unwrap();
    for format in ["json", "ndjson"] {
        let ran = run(dir.path(), &["scan", "x.sarif", "--output", format]).exits(0);
        assert!(!ran.out.contains(['\u{202e}', '\u{200b}', '\u{9b}']) && ran.out.contains("ok\\u202e"), "{}", ran.out);
        let file = if format == "json" { ran.json()["files"][0].clone() } else { ran.json() };
        assert_eq!(file["findings"][0]["title"], title);
    }
}

#[test]
fn a_ledger_that_cannot_be_opened_is_configuration_and_hides_no_other_check() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("ledger");
    let connection = "[connections.s]\nkind = 'spinnaker'\nurl = 'http://127.0.0.1:9'\n";
    configured(dir.path(), &format!("[ledger]\nurl = 'sqlite://{}'\n{connection}", place.display()));
    std::fs::create_dir(&place).unwrap();
    for arguments in [["inbox"].as_slice(), &["ledger", "list"], &["ledger", "check"]] {
        let ran = run(dir.path(), arguments).exits(2);
        assert!(ran.err.contains("It is a folder"), "{ran:#?}");
    }
    let ran = run(dir.path(), &["doctor", "--output", "json"]).exits(2);
    let whole = ran.json();
    let checks = whole["checks"].as_array().unwrap();
    let of = |what: &str| checks.iter().find(|c| c["what"] == what).unwrap_or_else(|| panic!("{what}: {checks:#?}"));
    assert_eq!(of("ledger")["state"], "bad");
    assert!(of("ledger")["mend"][0].as_str().unwrap().contains("ledger.url"), "{checks:#?}");
    assert_eq!((&of("connection s")["state"], &of("signer")["state"]), (&"bad".into(), &"bad".into()));
    std::fs::remove_dir(&place).unwrap();
    std::fs::write(&place, "this is no database at all").unwrap();
    assert!(run(dir.path(), &["inbox"]).exits(2).err.contains("not an SQLite database"));
}

#[test]
fn an_inbox_without_an_orchestrator_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let ran = run(dir.path(), &["inbox"]).exits(0);
    assert!(ran.out.contains("No orchestrator is configured") && ran.out.contains("[connections."), "{ran:#?}");
}

#[test]
fn a_theme_that_does_not_exist_is_refused_without_a_terminal_too() {
    let dir = tempfile::tempdir().unwrap();
    for arguments in [["--theme", "drak", "--plain"].as_slice(), &["config", "check", "--theme", "drak"]] {
        let ran = run(dir.path(), arguments).exits(2);
        assert!(ran.err.contains("Did you mean \"dark\"?"), "{ran:#?}");
    }
}

#[test]
fn a_demo_world_takes_no_folder_of_another() {
    let house = House::start();
    let config = house.demo().join("config.toml");
    let before = std::fs::read(&config).unwrap();
    let demo = house.demo();
    let again = run(house.dir.path(), &["demo", "--headless", "--dir", demo.to_str().unwrap()]).exits(2);
    assert!(again.err.contains("runs in") && again.err.contains("another folder"), "{again:#?}");
    assert_eq!(std::fs::read(&config).unwrap(), before);
    house.json(&["ledger", "list"], 0);
    let mine = tempfile::tempdir().unwrap();
    std::fs::write(mine.path().join("config.toml"), "# mine").unwrap();
    for extra in [["--headless"].as_slice(), &[]] {
        let arguments = [&["demo", "--dir", mine.path().to_str().unwrap()], extra].concat();
        let ran = run(house.dir.path(), &arguments).exits(2);
        assert!(ran.err.contains("did not write"), "{ran:#?}");
    }
    assert_eq!(std::fs::read_to_string(mine.path().join("config.toml")).unwrap(), "# mine");
}

#[test]
fn the_demo_worlds_commands_say_what_they_mean() {
    let house = House::start();
    let none = house.run(&["inbox", "--query", "verdict:pass verdict:block"]).exits(0);
    assert!(none.out.starts_with("No gate fits the query; ") && none.out.contains(" wait."), "{none:#?}");
    let shown = house.run(&["show", RELEASE]).exits(0).out;
    assert!(shown.contains("Pull requests") && shown.contains("MERGED"), "{shown}");

    // A dry run says what the decision would come to, with --readonly too.
    let dry = ["approve", RELEASE, "--reason", "seen", "--dry-run", "--readonly"];
    let whole = house.json(&dry, 0);
    assert_eq!((whole["refusals"].as_array().unwrap().len(), &whole["requests"][0]["method"]), (0, &"PATCH".into()));
    assert_eq!(whole["signer"]["principal"], "demo@countersign.example");
    assert!(whole["signer"]["fingerprint"].as_str().unwrap().starts_with("SHA256:"), "{whole:#}");
    assert_eq!((&whole["as"][0]["role"], &whole["reason"]), (&"release-manager".into(), &"seen".into()));
    assert_eq!(whole["approvals"]["after"]["words"], "1 of 1");
    assert_eq!(
        (&whole["sends"], &whole["then"]),
        (&true.into(), &"It completes what the gate needs and is sent.".into())
    );
    assert!(whole["release"]["commit"].is_string() && whole["remarks"].is_array(), "{whole:#}");
    let text = house.run(&[&dry[..], &["--option", "ship"]].concat()).exits(0).out;
    for wanted in [
        "  signed as  demo@countersign.example as release-manager",
        "  key        ssh-ed25519 SHA256:",
        "  then       It completes what the gate needs and is sent.",
        "  input      ship",
        "  commit     ",
        "  artifact   registry.acme.example/acme/payments",
        "  missing    nothing",
        "  request    PATCH http",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    house.json(&["approve", "checkout@5.1.0/prod", "--reason", "seen", "--dry-run", "--readonly"], 3);
    house.json(&["approve", RELEASE, "--reason", "seen", "--yes", "--readonly"], 2);

    // A reason that nobody can see is none.
    for blank in [" ", "\u{200b}\u{feff}", "\u{3164}\u{a0}\t"] {
        for verb in ["approve", "reject", "halt", "comment"] {
            let ran = house.run(&[verb, RELEASE, "--reason", blank, "--yes"]).exits(2);
            assert!(ran.err.contains("needs a reason"), "{verb} {blank:?}: {ran:#?}");
        }
    }

    // A dismissal holds for the service in the environment, for 90 days, if nothing else is said.
    let gate = "ledger-api@1.9.0/prod";
    let found = house.json(&["findings", gate, "--query", "sev>=high open"], 0);
    let finding = found["findings"][0]["fingerprint"].as_str().unwrap();
    let blank = house.run(&["dismiss", gate, finding, "--as", "false-positive", "--reason", "\u{200b}"]).exits(2);
    assert!(blank.err.contains("needs its reasoning"), "{blank:#?}");
    let done = house.json(&["dismiss", gate, finding, "--as", "false-positive", "--reason", "a constant"], 0);
    let scope = (&done["scope"]["service"], &done["scope"]["environment"]);
    assert_eq!(scope, (&"ledger-api".into(), &"prod".into()), "{done:#}");
    assert!(done["expires"].is_string(), "{done:#}");

    // What verify prints is one document, whatever comes of it.
    let gate = house.gate(RELEASE)["id"].as_str().unwrap().to_owned();
    let trust = house.demo();
    let verify =
        ["verify", "--gate", &gate, "--env", "prod", "--service", "payments", "--trust", trust.to_str().unwrap()];
    assert_eq!(house.json(&verify, 11)["verified"], false);
}
