//! Two people in two roles, from two homes over one ledger; the author of a commit; one alone in an emergency.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::support::house::{House, Ran};
use crate::support::pty::Pty;

/// A gate that needs a release manager and somebody of security.
const TWO: &str = "guestbook@0.9.3/prod";
/// A gate of a release with a commit by the person at the demo world.
const OWN: &str = "catalog@2.7.0/prod";

/// Another person: a home and a key of their own, the same configuration and ledger.
fn person(house: &House, name: &str) -> Command {
    let mut command = house.command();
    let home = house.dir.path().join(name);
    std::fs::create_dir_all(&home).unwrap();
    command.env("HOME", &home).env("XDG_DATA_HOME", home.join("data")).env("XDG_STATE_HOME", home.join("state"));
    command.env_remove("SSH_AUTH_SOCK");
    command.env("COUNTERSIGN__SIGNER__KEY", house.demo().join(format!("{name}_key")));
    command
}

fn run(mut command: Command, arguments: &[&str]) -> Ran {
    command.args(arguments).output().unwrap().into()
}

fn kinds(house: &House) -> Vec<String> {
    let entries = house.json(&["ledger", "list"], 0)["entries"].as_array().unwrap().clone();
    entries.iter().map(|e| e["kind"].as_str().unwrap().to_owned()).collect()
}

/// How often something was about to be sent to the orchestrator.
fn sendings(house: &House) -> usize {
    let entries = house.json(&["ledger", "list"], 0)["entries"].as_array().unwrap().clone();
    entries.iter().filter(|e| e["what"].as_str().unwrap().starts_with("sending")).count()
}

fn verify(house: &House, gate: &str, service: &str, more: &[&str]) -> Ran {
    let trust = house.demo();
    let mut all =
        vec!["verify", "--gate", gate, "--env", "prod", "--service", service, "--trust", trust.to_str().unwrap()];
    all.extend(["--output", "json"]);
    all.extend(more);
    house.run(&all)
}

fn approve(gate: &str) -> [&str; 5] {
    ["approve", gate, "--reason", "looked at it", "--yes"]
}

#[test]
fn two_people_approve_and_the_second_one_delivers() {
    let house = House::start();
    let id = house.gate(TWO)["id"].as_str().unwrap().to_owned();
    assert_eq!(house.gate(TWO)["approvals"]["words"], "0 of 2, waits for release-manager and security");

    let first = house.json(&approve(TWO), 10);
    assert_eq!(first["receipt"]["status"], "recorded");
    assert_eq!(first["approvals"]["words"], "1 of 2, waits for security");
    assert_eq!(kinds(&house), ["decision"], "nothing is sent, nor meant to be");
    assert_eq!(house.gate(TWO)["approvals"]["waits"], serde_json::json!(["security"]));
    let early = verify(&house, &id, "guestbook", &[]).exits(11).json();
    assert_eq!(early["why"], "The approvals are not enough: 1 of 2, waits for security.");

    // Once more is the same, and a second person in the same role changes nothing.
    house.run(&approve(TWO)).exits(10);
    assert_eq!(kinds(&house), ["decision"], "what is there is not signed twice");
    let ria = run(person(&house, "ria"), &approve(TWO)).exits(7);
    assert!(ria.err.contains("waits for security"), "{ria:#?}");

    let sam = run(person(&house, "sam"), &[&approve(TWO)[..], &["--output", "json"]].concat()).exits(0).json();
    assert_eq!((&sam["receipt"]["status"], &sam["approvals"]["have"]), (&Value::from("effective"), &Value::from(2)));
    assert_eq!(kinds(&house), ["decision", "decision", "intent", "receipt", "receipt"]);
    let good = verify(&house, &id, "guestbook", &[]).exits(0).json();
    let by: Vec<&str> = good["approvals"]["by"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
    assert_eq!(by, ["demo@countersign.example", "sam@countersign.example"]);
    assert_eq!(good["quorum"][0]["seats"][1]["by"], "sam@countersign.example");
    assert!(good["rolesChecked"].as_bool().unwrap() && !good["breakGlass"].as_bool().unwrap());

    // Stricter than the rules: not by somebody; and another service, environment or attempt is none of it.
    verify(&house, &id, "guestbook", &["--not-by", "sam"]).exits(11);
    verify(&house, &id, "payments", &[]).exits(11);
    verify(&house, &id, "guestbook", &["--attempt", "1"]).exits(11);

    // Taken back after it was sent, it is on record and verifies no more.
    let decision = sam["decision"].as_str().unwrap();
    run(person(&house, "ria"), &["revoke", decision, "--reason", "not mine"]).exits(7);
    let revoked = run(person(&house, "sam"), &["revoke", decision, "--reason", "the wrong build"]).exits(0);
    assert!(revoked.out.contains("had been sent"), "{revoked:#?}");
    verify(&house, &id, "guestbook", &[]).exits(11);
    house.run(&["ledger", "check"]).exits(0);
}

#[test]
fn of_two_at_the_same_moment_exactly_one_delivers() {
    let house = House::start();
    let start = |command: &mut Command| command.args(approve(TWO)).spawn().unwrap();
    let mut demo = start(&mut house.command());
    let mut sam = start(&mut person(&house, "sam"));
    let codes = [demo.wait().unwrap().code(), sam.wait().unwrap().code()];
    // The one that comes first may have been recorded before the other was there, or have waited for its delivery.
    assert!(codes.contains(&Some(0)) && codes.iter().all(|c| matches!(c, Some(0 | 10 | 12))), "{codes:?}");
    assert_eq!(sendings(&house), 1, "{:?}", kinds(&house));
    assert_eq!(kinds(&house).iter().filter(|k| *k == "decision").count(), 2);
    house.run(&["ledger", "check"]).exits(0);
}

#[test]
fn whoever_wrote_a_commit_does_not_approve_it() {
    let house = House::start();
    let refused = house.run(&approve(OWN)).exits(7);
    assert!(refused.err.contains("as dee this person wrote a commit"), "{refused:#?}");
    assert!(kinds(&house).is_empty(), "before anything is signed");
    // Somebody without a role that is needed, and somebody else who may.
    let sam = run(person(&house, "sam"), &approve(OWN)).exits(7);
    assert!(sam.err.contains("release-manager"), "{sam:#?}");
    run(person(&house, "ria"), &approve(OWN)).exits(0);
    // Rejecting is open to everybody.
    house.run(&["reject", "catalog@2.7.0/staging", "--reason", "found a bug in mine", "--yes"]).exits(0);
}

#[test]
fn alone_in_an_emergency_flagged_until_somebody_has_looked() {
    let house = House::start();
    let id = house.gate(TWO)["id"].as_str().unwrap().to_owned();
    let glass = ["break-glass", TWO, "--reason", "the site is down", "--yes", "--output", "json"];
    house.run(&glass).exits(7);
    let done = run(person(&house, "ivo"), &glass).exits(0).json();
    assert_eq!(done["breakGlass"], true);
    let seen = verify(&house, &id, "guestbook", &[]).exits(0).json();
    assert_eq!((&seen["breakGlass"], &seen["reviewOutstanding"]), (&Value::from(true), &Value::from(true)));
    let list = house.run(&["ledger", "list"]).exits(0);
    assert!(list.out.contains("BREAK-GLASS"), "{list:#?}");
    let decision = done["decision"].as_str().unwrap();
    run(person(&house, "ivo"), &["review", decision, "--reason", "fine"]).exits(7);
    house.run(&["review", decision, "--reason", "it had to be"]).exits(0);
    let seen = verify(&house, &id, "guestbook", &[]).exits(0).json();
    assert_eq!((&seen["breakGlass"], &seen["reviewOutstanding"]), (&Value::from(true), &Value::from(false)));
}

#[test]
fn roles_are_lent_for_a_time_and_not_lent_on() {
    let house = House::start();
    house.run(&approve(TWO)).exits(10);
    run(person(&house, "ivo"), &approve(TWO)).exits(7);
    let lend = |by: &str, to: &str| {
        let to = format!("{to}@countersign.example");
        run(person(&house, by), &["delegate", "--to", &to, "--role", "security", "--until", "8h", "--reason", "leave"])
    };
    lend("ria", "ivo").exits(7);
    let done = lend("sam", "ivo").exits(0);
    assert!(done.out.contains("may act as security"), "{done:#?}");
    lend("ivo", "ria").exits(7);
    run(person(&house, "ivo"), &approve(TWO)).exits(0);
    let id = house.json(&["ledger", "list"], 0)["entries"][0]["gate"].as_str().unwrap().to_owned();
    let seen = verify(&house, &id, "guestbook", &[]).exits(0).json();
    assert_eq!(seen["quorum"][0]["seats"][1]["lentBy"], "sam@countersign.example");

    // Taken back: said as such, in the list and by `verify`, and not as a delegation that is good.
    let entries = house.json(&["ledger", "list"], 0)["entries"].as_array().unwrap().clone();
    let given = entries.iter().find(|e| e["kind"] == "delegation").unwrap()["record"].as_str().unwrap().to_owned();
    run(person(&house, "sam"), &["delegate", "--revoke", &given, "--reason", "back again"]).exits(0);
    let list = house.run(&["ledger", "list"]).exits(0);
    assert!(list.out.contains(&format!("revoke the delegation {given} to ivo@")), "{list:#?}");
    let trust = house.demo();
    let (gate, trust) = (["verify", "--gate", &id, "--env", "prod"], trust.to_str().unwrap());
    let said = house.run(&[&gate[..], &["--service", "guestbook", "--trust", trust]].concat());
    assert!(said.out.contains(&format!("the delegation {given} taken back by sam@")), "{said:#?}");
}

#[test]
fn an_older_approvers_file_or_none_is_refused_once_the_ledger_has_one() {
    let house = House::start();
    house.run(&["roles", "check"]).exits(0);
    house.run(&["roles", "record"]).exits(0);
    assert_eq!(house.json(&["roles", "record"], 0)["recorded"], false, "once is enough");
    let folder = |name: &str| -> PathBuf { house.demo().join(name) };
    let file = std::fs::read_to_string(folder("approvers.toml")).unwrap();
    // Another text under the signature of the first.
    std::fs::write(folder("approvers.toml"), file.replace("count = 1", "count = 2")).unwrap();
    let forged = house.run(&approve("payments@1.4.2/prod")).exits(2);
    assert!(forged.err.contains("not believed"), "{forged:#?}");
    std::fs::write(folder("approvers.toml"), &file).unwrap();
    let mut without = house.command();
    without.env("COUNTERSIGN_CONFIG", {
        let config = std::fs::read_to_string(folder("config.toml")).unwrap();
        let lines: Vec<&str> = config.lines().filter(|l| !l.starts_with("approvers = ")).collect();
        std::fs::write(folder("without.toml"), lines.join("\n")).unwrap();
        folder("without.toml")
    });
    let refused = run(without, &approve("payments@1.4.2/prod")).exits(7);
    assert!(refused.err.contains("none is given here"), "{refused:#?}");
    house.run(&approve("payments@1.4.2/prod")).exits(0);
}

#[test]
fn what_the_approval_comes_to_is_what_was_shown_or_nothing_is_signed() {
    let house = House::start();
    let ask = |word: &str| {
        let mut command = house.command();
        command.args(["approve", TWO, "--reason", "looked at it"]);
        let mut terminal = Pty::spawn(&command, 100, 40);
        terminal.sees("Type approve to go on");
        // While the person thinks, somebody else approves.
        let sam = (word == "changed").then(|| run(person(&house, "sam"), &approve(TWO)).exits(10));
        terminal.send("approve\r");
        (terminal.ended().code(), terminal.screen(), sam.is_some())
    };
    let (code, screen, _) = ask("changed");
    assert_eq!(code, Some(5), "{screen}");
    assert!(screen.contains("What the approval comes to changed since it was shown. Nothing was signed"), "{screen}");
    assert!(screen.contains("Then: ") && screen.contains("Now: "), "{screen}");
    assert_eq!((kinds(&house), sendings(&house)), (vec!["decision".to_owned()], 0), "only that of the other");
    // Seen as it is now, it is signed and sent.
    let (code, screen, _) = ask("as it is");
    assert_eq!((code, sendings(&house)), (Some(0), 1), "{screen}");
}
