//! The whole way by command, as the shell script of the README goes it.

use std::process::{Command, Stdio};

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
