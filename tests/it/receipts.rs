//! What came of a decision: it counts in `verify`, it may be impossible to record, and what is open is not forgotten.

use std::process::Stdio;

use countersign::lab::FaultKind;

use crate::support::payments::Payments;

/// As a full disk does it, for receipts that say more than "about to be sent".
const FULL: &str = "CREATE TRIGGER full BEFORE INSERT ON entries
    WHEN NEW.kind = 'receipt' AND instr(CAST(NEW.body AS TEXT), '\"sending\"') = 0
    BEGIN SELECT RAISE(ABORT, 'disk full'); END";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_that_lost_the_race_does_not_verify() {
    let it = Payments::new().await;
    it.lose_the_next();
    it.decide("reject").await.exits(9);
    it.lose_the_next();
    it.approve().await.exits(9);
    it.verify().await.exits(0);
    it.decide("reject").await.exits(0);
    // Nobody has looked yet what became of the approval; that it cannot have been effective is known all the same.
    let overtaken = it.verify().await.exits(11);
    assert!(overtaken.err.contains("took effect"), "{overtaken:#?}");
    it.approve().await.exits(8);
    let refused = it.verify().await.exits(11);
    assert!(refused.err.contains("the orchestrator refused it"), "{refused:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_halt_that_was_refused_does_not_speak_against_an_approval() {
    let it = Payments::new().await;
    it.lose_the_next();
    it.approve().await.exits(9);
    let mut forbidden = it.fault(FaultKind::Status, "PUT");
    forbidden.status = Some(403);
    it.bench.lab.add_fault(forbidden);
    it.decide("halt").await.exits(8);
    it.bench.lab.clear_faults();
    it.approve().await.exits(0);
    it.verify().await.exits(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outcome_that_cannot_be_recorded_is_unknown_and_settled_later() {
    let it = Payments::new().await;
    // The first look makes the ledger.
    assert_eq!(it.recorded().await, (0, 0, 0));
    it.tamper(FULL);
    let unrecorded = it.approve().await.exits(9);
    for words in ["was sent; its outcome (effective: ", "could not be recorded", "run the same command again"] {
        assert!(unrecorded.err.contains(words), "{words}: {unrecorded:#?}");
    }
    assert_eq!((it.patches(), it.recorded().await), ((1, 1), (1, 1, 0)));
    it.tamper("DROP TRIGGER full");
    it.approve().await.exits(0);
    assert_eq!((it.patches(), it.recorded().await), ((1, 1), (1, 1, 1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_open_is_named_by_looking_and_settled_by_the_next_command_that_writes() {
    let it = Payments::new().await;
    // The first look makes the ledger.
    assert_eq!(it.recorded().await, (0, 0, 0));
    it.tamper(FULL);
    it.approve().await.exits(9);
    it.tamper("DROP TRIGGER full");
    for looks in [&["inbox"][..], &["show", "guestbook@0.9.3/prod"], &["ledger", "list"], &["doctor"]] {
        let said = it.bench.run(looks).await;
        let open = format!("1 decision of yours is open: approve {}.", it.gate);
        assert!(said.err.contains(&open), "{looks:?}: {said:#?}");
    }
    assert_eq!(it.recorded().await, (1, 1, 0), "looking settles nothing");

    let other = it.bench.run(&["comment", "guestbook@0.9.3/prod", "--reason", "seen"]).await.exits(0);
    assert!(other.err.contains(&format!("approve {}: effective", it.gate)), "{other:#?}");
    assert_eq!((it.patches(), it.recorded().await), ((1, 1), (2, 1, 2)), "sent once, and the comment");
    let quiet = it.bench.run(&["inbox"]).await.exits(0);
    assert!(!quiet.err.contains("open"), "{quiet:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_never_arrived_is_not_sent_by_another_command_and_noted_once() {
    let it = Payments::new().await;
    it.lose_the_next();
    it.approve().await.exits(9);
    let comment = ["comment", "guestbook@0.9.3/prod", "--reason", "seen"];
    let first = it.bench.run(&comment).await.exits(0);
    assert!(first.err.contains("It can be sent again"), "{first:#?}");
    let receipts = async || it.bench.entries().await.iter().filter(|e| e["kind"] == "receipt").count();
    let before = receipts().await;
    it.bench.run(&comment).await.exits(0);
    assert_eq!(receipts().await, before + 1, "the comment's own");
    assert_eq!(it.patches(), (1, 0));
    it.approve().await.exits(0);
    assert_eq!(it.patches(), (2, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupt_after_sending_ends_with_what_to_do() {
    let it = Payments::new().await;
    // The answer to the request does not come for a minute of ours.
    let mut slow = it.fault(FaultKind::Slow, "PATCH");
    slow.after = true;
    slow.latency = Some(countersign::lab::Span(std::time::Duration::from_secs(6000)));
    it.bench.lab.add_fault(slow);
    let mut command = it.bench.command(&["approve", &it.gate, "--reason", "tests green", "--yes"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while it.patches().0 == 0 {
        tokio::task::yield_now().await;
    }
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT).unwrap();
    let ended = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    let ended = crate::support::house::Ran::from(ended).exits(9);
    assert!(ended.err.contains("Run the same command again"), "{ended:#?}");
    it.bench.lab.clear_faults();
    it.approve().await.exits(0);
    assert_eq!((it.patches().1, it.recorded().await), (1, (1, 1, 1)));
}
