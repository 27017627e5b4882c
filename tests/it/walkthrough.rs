//! The whole way by command, as the shell script of the README goes it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use base64::Engine as _;

use crate::support::house::{House, program};
use crate::support::programs;

#[test]
fn the_walkthrough_of_the_readme_goes_as_it_says() {
    if ["bash", "jq", "ssh-keygen", "ssh-agent"].into_iter().any(|p| programs::find(p).is_none()) {
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/walkthrough.sh");
    let output = Command::new("bash").arg(script).arg(program()).stdin(Stdio::null()).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.ends_with("all as expected\n"), "{out}");
}

/// The commands of a page, in order.
fn commands(page: &str) -> String {
    page.split("\n```sh\n").skip(1).map(|block| block.split("\n```").next().unwrap().to_owned() + "\n").collect()
}

#[test]
fn the_guide_for_auditors_verifies_a_decision_of_the_demo_world_as_it_says() {
    if ["bash", "jq", "ssh-keygen", "ssh-agent", "base64", "cmp"].into_iter().any(|p| programs::find(p).is_none()) {
        return;
    }
    let house = House::start();
    let done = house.json(&["approve", "payments@1.4.2/prod", "--reason", "tests green", "--yes"], 0);
    let id = done["decision"].as_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(house.demo().join("allowed_signers"), folder.path().join("allowed_signers")).unwrap();
    let script = commands(include_str!("../../docs/verify-offline.md"));
    assert!(script.contains("ledger show") && script.contains("ssh-keygen -Y verify"), "{script}");
    let beside = std::path::Path::new(program()).parent().unwrap();
    let path = format!("{}:{}", beside.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", &script]).current_dir(folder.path()).stdin(Stdio::null());
    command.envs(house.command().get_envs().filter_map(|(k, v)| Some((k, v?))));
    let output = command.env("PATH", path).env("DECISION", id).env("LC_ALL", "C.UTF-8").output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("Good \"release-decision@countersign.dev\" signature for demo@"), "{out}\n{err}");
    assert!(out.contains("\"decision\": \"approve\"") && out.contains("\"reason\": \"tests green\""), "{out}");
}

/// Runs the commands of a page in a folder, with this program first in the path and the variables given.
fn run_page(house: &House, folder: &Path, script: &str, variables: &[(&str, &str)]) -> Output {
    let path =
        format!("{}:{}", Path::new(program()).parent().unwrap().display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", script]).current_dir(folder).stdin(Stdio::null());
    command.envs(house.command().get_envs().filter_map(|(k, v)| Some((k, v?))));
    command.env("PATH", path).env("LC_ALL", "C.UTF-8").env("PYTHONDONTWRITEBYTECODE", "1");
    command.envs(variables.iter().copied()).output().unwrap()
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|b| String::from_utf8_lossy(b).into_owned()).concat()
}

/// A house with an approval, its ledger exported before (`older`) and after (`ledger`) another, and the files of trust.
fn exported() -> (House, tempfile::TempDir, String) {
    let house = House::start();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let done = house.json(&["approve", "payments@1.4.2/prod", "--reason", "tests green", "--yes"], 0);
    let shown = house.json(&["ledger", "show", done["decision"].as_str().unwrap()], 0);
    let gate = shown["statement"]["predicate"]["orchestrator"]["gate"].as_str().unwrap().to_owned();
    house.run(&["ledger", "export", &at("older")]).exits(0);
    house.json(&["comment", "mailer@4.1.0/prod", "--reason", "looked at", "--yes"], 0);
    house.run(&["ledger", "export", &at("ledger")]).exits(0);
    std::fs::create_dir(at("trust")).unwrap();
    for file in std::fs::read_dir(folder.path().join("ledger/trust")).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), folder.path().join("trust").join(file.file_name())).unwrap();
    }
    (house, folder, gate)
}

#[test]
fn an_auditor_walks_through_an_exported_ledger_without_countersign() {
    if ["bash", "jq", "ssh-keygen", "openssl", "python3", "sha256sum"].into_iter().any(|p| programs::find(p).is_none())
    {
        return;
    }
    let (house, folder, gate) = exported();
    for file in ["verify.py", "quorum.py", "schema.py", "ledger_verify.py"] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/independent").join(file);
        let text = std::fs::read_to_string(from).unwrap();
        std::fs::write(folder.path().join(file), text).unwrap();
    }
    // Where the published schemas lie beside the programs.
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/schema");
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let variables =
        [("GATE", gate.as_str()), ("WHEN", now.as_str()), ("COUNTERSIGN_SCHEMAS", schemas.to_str().unwrap())];
    let script = commands(include_str!("../../docs/audit.md"));
    let walked = run_page(&house, folder.path(), &script, &variables);
    let text = said(&walked);
    assert!(walked.status.success(), "{text}");
    assert_eq!(text.matches("Good \"release-decision@countersign.dev\" signature for ").count(), 2, "{text}");
    assert!(text.contains("\\ttests green") && text.contains("\\tlooked at"), "{text}");
    assert!(String::from_utf8_lossy(&walked.stdout).ends_with("\napproved\n"), "{text}");

    // One byte in one body, and the walk ends.
    let body = std::fs::read_dir(folder.path().join("ledger/bodies")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&body).unwrap();
    let place = bytes.len() / 2;
    bytes[place] ^= 1;
    std::fs::write(&body, bytes).unwrap();
    assert!(!run_page(&house, folder.path(), &script, &variables).status.success());
}

#[test]
fn the_step_of_a_pipeline_lets_only_the_approved_gate_pass() {
    if programs::find("bash").is_none() {
        return;
    }
    let (house, folder, gate) = exported();
    let script = commands(include_str!("../../docs/pipelines.md"));
    let envelopes: Vec<String> = std::fs::read_dir(folder.path().join("ledger/bodies"))
        .unwrap()
        .map(|f| std::fs::read_to_string(f.unwrap().path()).unwrap())
        .filter(|body| body.contains("payloadType"))
        .collect();
    let (trust, ledger) = (folder.path().join("trust"), folder.path().join("ledger"));
    let given = envelopes.join("\n");
    let approval =
        envelopes.iter().filter_map(|e| statement(e)).find(|s| s["predicate"]["decision"] == "approve").unwrap();
    let digests = approval["subject"].as_array().unwrap().iter().filter_map(|s| s["digest"]["sha256"].as_str());
    let artifacts = digests.map(|d| format!("sha256:{d}")).collect::<Vec<_>>().join(" ");
    assert!(!artifacts.is_empty(), "{approval}");
    let base = [("ENVIRONMENT", "prod"), ("SERVICE", "payments"), ("TRUST", trust.to_str().unwrap())];
    // A variable that came out empty compares nothing, and that is no answer.
    let unsaid = [&base[..], &[("GATE", gate.as_str()), ("LEDGER", ledger.to_str().unwrap())]].concat();
    assert_eq!(run_page(&house, folder.path(), &script, &unsaid).status.code(), Some(2));
    let other = format!("sha256:{}", "0".repeat(64));
    let another = run_page(&house, folder.path(), &script, &[&unsaid[..], &[("ARTIFACTS", &other)]].concat());
    assert_eq!(another.status.code(), Some(11), "{}", said(&another));
    let base = [&base[..], &[("ARTIFACTS", artifacts.as_str())]].concat();
    let by_file = [("ENVELOPES", given.as_str())];
    let by_ledger = [("LEDGER", ledger.to_str().unwrap())];
    for source in [by_file, by_ledger] {
        let other = gate.replace("payments", "mailer");
        let run = |gate: &str| {
            run_page(&house, folder.path(), &script, &[&base[..], &source[..], &[("GATE", gate)]].concat())
        };
        let good = run(&gate);
        assert!(good.status.success(), "{source:?}: {}", said(&good));
        assert_eq!(run(&other).status.code(), Some(11), "{source:?}");
    }
    // Nothing signed at all is no approval.
    let none = run_page(
        &house,
        folder.path(),
        &script,
        &[&base[..], &[("GATE", gate.as_str()), ("ENVELOPES", "{}")]].concat(),
    );
    assert_eq!(none.status.code(), Some(11), "{}", said(&none));
}

#[test]
fn the_snippets_for_orchestrators_are_well_formed() {
    let page = include_str!("../../docs/pipelines.md");
    let blocks = |language: &str| -> Vec<String> {
        let fence = format!("\n```{language}\n");
        page.split(&fence).skip(1).map(|b| b.split("\n```").next().unwrap().to_owned()).collect()
    };
    let json = blocks("json");
    assert_eq!(json.len(), 1);
    let stage: serde_json::Value = serde_json::from_str(&json[0]).unwrap();
    assert_eq!(stage["type"], "runJobManifest");
    let yaml = blocks("yaml");
    assert_eq!(yaml.len(), 3);
    // Bandit's own Python has a reader of YAML; the system's may have one.
    let bandits = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/python/bin/python3");
    let python = if bandits.exists() { bandits } else { "python3".into() };
    if programs::find("python3").is_none() {
        return;
    }
    for block in yaml {
        let mut child = Command::new(&python);
        child.args([
            "-c",
            "import sys\ntry:\n import yaml\nexcept ImportError:\n sys.exit(77)\nyaml.safe_load(sys.argv[1])",
            &block,
        ]);
        let code = child.stdin(Stdio::null()).status().unwrap().code();
        if code == Some(77) {
            println!("skipped: python3-yaml is not installed");
            return;
        }
        assert_eq!(code, Some(0), "{block}");
    }
}

/// What an envelope says; an intent has one in it, and is none.
fn statement(body: &str) -> Option<serde_json::Value> {
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let payload = base64::engine::general_purpose::STANDARD.decode(body["payload"].as_str()?).unwrap();
    Some(serde_json::from_slice(&payload).unwrap())
}
