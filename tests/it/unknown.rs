//! Outcomes that cannot be known: recorded, never repeated blindly, and settled by running the same command again.

use std::time::Duration;

use countersign::lab::{FaultKind, Span};

use crate::support::house::Ran;
use crate::support::payments::Payments;

/// Loses the answer to the PATCH, and from then on every reading of the run. The PATCH itself is carried out.
async fn lose_everything_after_the_patch(it: &Payments) -> Ran {
    let mut lost = it.fault(FaultKind::Closed, "PATCH");
    lost.after = true;
    // Held back for half a second of ours, so that the next fault is there before the first look.
    lost.latency = Some(Span(Duration::from_secs(50)));
    it.bench.lab.add_fault(lost);
    let blind = async {
        while it.patches().1 == 0 {
            tokio::task::yield_now().await;
        }
        it.bench.lab.add_fault(it.fault(FaultKind::Status, "GET"));
    };
    tokio::join!(it.approve(), blind).0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outcome_that_cannot_be_read_is_exit_9_and_settled_by_running_again() {
    let it = Payments::new().await;
    let unknown = lose_everything_after_the_patch(&it).await.exits(9);
    assert!(unknown.err.contains("was not repeated"), "{unknown:#?}");
    assert_eq!(it.patches(), (1, 1));
    assert_eq!(it.recorded().await, (1, 1, 0), "in the ledger, and not as effective");

    // Still blind: the gate cannot even be found, and nothing is repeated.
    for address in [&it.gate, "payments@1.4.2/prod"] {
        let blind = it.bench.run(&["approve", address, "--reason", "tests green", "--yes"]).await.exits(4);
        let told = "A decision of yours to approve it is open since 20";
        assert!(blind.err.contains(told) && blind.err.contains("Nothing was sent again."), "{blind:#?}");
    }
    assert_eq!((it.patches(), it.recorded().await), ((1, 1), (1, 1, 0)));

    it.bench.lab.clear_faults();
    // Looking settles nothing.
    it.bench.run(&["inbox"]).await.exits(0);
    it.bench.run(&["approve", &it.gate, "--reason", "tests green", "--yes", "--readonly"]).await;
    assert_eq!(it.recorded().await, (1, 1, 0));

    it.approve().await.exits(0);
    assert_eq!(it.patches(), (1, 1), "sent once");
    assert_eq!(it.recorded().await, (1, 1, 1), "one decision, seen to be effective");
    assert_eq!(it.judged(), "SUCCEEDED");
    it.approve().await.exits(12);
    assert_eq!(it.recorded().await, (1, 1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_never_arrived_is_sent_again_when_that_was_seen() {
    let it = Payments::new().await;
    // The connection ends before the stand-in does anything with the request: for the client that is the same.
    let mut closed = it.fault(FaultKind::Closed, "PATCH");
    closed.times = Some(1);
    it.bench.lab.add_fault(closed);
    it.approve().await.exits(9);
    assert_eq!(it.patches(), (1, 0), "one request, that did nothing");
    assert_eq!(it.recorded().await, (1, 1, 0));
    assert_eq!(it.judged(), "RUNNING");

    it.approve().await.exits(0);
    assert_eq!(it.patches(), (2, 1), "one that did something");
    assert_eq!(it.recorded().await, (1, 1, 1), "the very decision that was signed first");
    assert_eq!(it.judged(), "SUCCEEDED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_200_that_meant_nothing_is_no_success() {
    let it = Payments::new().await;
    // As a gateway in between does it: an empty 200, and nothing behind it has heard of the request.
    let mut swallowed = it.fault(FaultKind::Empty, "PATCH");
    swallowed.times = Some(1);
    it.bench.lab.add_fault(swallowed);
    it.approve().await.exits(9);
    assert_eq!((it.patches(), it.recorded().await), ((1, 0), (1, 1, 0)));
    it.approve().await.exits(0);
    assert_eq!((it.patches(), it.recorded().await), ((2, 1), (1, 1, 1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_in_doubt_and_answered_by_another_is_refused() {
    let it = Payments::new().await;
    let mut closed = it.fault(FaultKind::Closed, "PATCH");
    closed.times = Some(1);
    it.bench.lab.add_fault(closed);
    it.approve().await.exits(9);
    assert!(it.bench.lab.answer_as("ben", &it.stage, "stop"));
    it.bench.lab.wake_now();
    let late = it.approve().await.exits(8);
    assert!(late.err.contains("refused"), "{late:#?}");
    assert_eq!((it.patches(), it.recorded().await), ((1, 0), (1, 1, 0)));
    assert_eq!(it.judged(), "TERMINAL");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_never_arrived_is_not_sent_again_over_other_evidence_than_expected() {
    let it = Payments::new().await;
    let mut closed = it.fault(FaultKind::Closed, "PATCH");
    closed.times = Some(1);
    it.bench.lab.add_fault(closed);
    it.approve().await.exits(9);
    let other = format!("sha256:{}", "0".repeat(64));
    it.bench.run(&["approve", &it.gate, "--reason", "seen", "--expect", &other]).await.exits(5);
    assert_eq!((it.patches(), it.recorded().await), ((1, 0), (1, 1, 0)));
    // The first decision is closed; this is another one.
    it.approve().await.exits(0);
    assert_eq!((it.patches(), it.recorded().await), ((2, 1), (2, 2, 1)));
}
