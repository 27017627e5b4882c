//! What a decision is bound to: evidence that changed stops it, evidence that did not has the same digest anywhere.

use countersign::lab::home::{self, Signer};
use countersign::lab::{Running, Service, World};
use serde_json::json;

use crate::support::bench::{Bench, command, finish};

const RELEASE: &str = "payments@1.4.2/prod";

async fn digest(bench: &Bench, release: &str) -> String {
    bench.json(&["show", release], 0).await["gate"]["digest"].as_str().unwrap().to_owned()
}

/// One change of one field that is shown, and its taking back.
struct Change {
    what: &'static str,
    make: fn(&Running) -> bool,
    undo: fn(&Running) -> bool,
}

const CHANGES: &[Change] = &[
    Change {
        what: "the status of a ticket",
        make: |lab| lab.set_ticket("PAY-311", "In Progress", "indeterminate"),
        undo: |lab| lab.set_ticket("PAY-311", "Done", "done"),
    },
    Change {
        what: "the result of the build",
        make: |lab| lab.set_build_result("team/payments", 142, "UNSTABLE"),
        undo: |lab| lab.set_build_result("team/payments", 142, "SUCCESS"),
    },
    Change {
        what: "the quality gate",
        make: |lab| lab.set_quality_gate("com.acme:payments", "ERROR"),
        undo: |lab| lab.set_quality_gate("com.acme:payments", "OK"),
    },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_that_changed_changes_the_digest_and_stops_the_approval() {
    let bench = Bench::new(World::demo().unwrap()).await;
    let seen = digest(&bench, RELEASE).await;
    assert_eq!(digest(&bench, RELEASE).await, seen, "read twice");
    for Change { what, make, undo } in CHANGES {
        assert!(make(&bench.lab), "{what}");
        assert_ne!(digest(&bench, RELEASE).await, seen, "{what}");
        let stopped = bench.run(&["approve", RELEASE, "--reason", "seen", "--expect", &seen]).await.exits(5);
        assert!(stopped.err.contains("not what was expected"), "{what}: {stopped:#?}");
        assert_eq!(bench.entries().await.len(), 0, "{what}: nothing was signed");
        assert_eq!(bench.lab.count(Service::Spinnaker, "PATCH", "/"), 0, "{what}: nothing was sent");
        assert!(undo(&bench.lab), "{what}");
        assert_eq!(digest(&bench, RELEASE).await, seen, "{what}: as it was before");
    }
    // The way back shows that it was the changes that stopped it.
    bench.run(&["approve", RELEASE, "--reason", "seen", "--expect", &seen]).await.exits(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_approvers_see_the_same_digest() {
    let bench = Bench::new(World::demo().unwrap()).await;
    // Another home, another key, another ledger; the first release has a folder in that home among its evidence.
    let other = tempfile::tempdir().unwrap();
    let home = home::prepare_with(other.path(), &bench.lab, Signer::KeyFile).await.unwrap();
    for release in [RELEASE, "ledger-api@1.9.0/prod", "guestbook@0.9.3/prod", "mailer@4.1.0/prod"] {
        let theirs = finish(command(other.path(), &home.config, &["show", release, "--output", "json"])).await;
        let theirs = theirs.exits(0).json()["gate"]["digest"].as_str().unwrap().to_owned();
        assert_eq!(theirs, digest(&bench, release).await, "{release}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gate_that_no_service_fits_is_not_shown_as_clean() {
    let bench = Bench::new(World::demo().unwrap()).await;
    let inbox = bench.json(&["inbox", "--query", "missing:service"], 0).await;
    let gates = inbox["gates"].as_array().unwrap();
    assert!(!gates.is_empty(), "{inbox:#}");
    for gate in gates {
        assert_eq!((&gate["matched"], &gate["missing"]), (&json!(false), &json!(["service"])), "{gate:#}");
        assert!(gate["findings"]["new"].is_null(), "{gate:#}");
    }
    let shown = bench.run(&["show", gates[0]["id"].as_str().unwrap()]).await.exits(0).out;
    assert!(shown.contains("Findings: not known; no source of findings is configured"), "{shown}");
    assert!(!shown.contains("0 open"), "{shown}");
    let table = bench.run(&["inbox", "--query", "missing:service"]).await.exits(0).out;
    assert!(table.lines().nth(1).unwrap().contains(" ? ") && !table.contains("0/0"), "{table}");
}
