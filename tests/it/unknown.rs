//! Outcomes that cannot be known: recorded, never repeated blindly, and settled by running the same command again.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use countersign::lab::home::{self, Home, Signer};
use countersign::lab::{Fault, FaultKind, Options, Running, Service, Span, World, start};
use serde_json::Value;

use crate::support::house::{Ran, hermetic};

const SCALE: u32 = 100;

/// A demo world in this process, so that its faults can be set, and the program in a home of its own.
struct Bench {
    dir: tempfile::TempDir,
    lab: Running,
    home: Home,
    execution: String,
    stage: String,
    gate: String,
}

impl Bench {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let lab = start(World::demo().unwrap(), Options { scale: SCALE, ..Options::default() }).await.unwrap();
        let home = home::prepare_with(dir.path(), &lab, Signer::KeyFile).await.unwrap();
        let (app, execution, stage, _) = lab.gates().into_iter().find(|g| g.0 == "payments").unwrap();
        let gate = format!("spinnaker:{app}/{execution}/{stage}");
        Self { dir, lab, home, execution, stage, gate }
    }

    async fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = command(self.dir.path(), &self.home.config, arguments);
        // Blocking is for another thread: the lab is served by this runtime.
        tokio::task::spawn_blocking(move || command.output().unwrap().into()).await.unwrap()
    }

    async fn approve(&self) -> Ran {
        self.run(&["approve", &self.gate, "--reason", "tests green", "--yes"]).await
    }

    async fn entries(&self) -> Vec<Value> {
        let listed = self.run(&["ledger", "list", "--output", "json"]).await.exits(0).json();
        self.run(&["ledger", "check"]).await.exits(0);
        listed["entries"].as_array().unwrap().clone()
    }

    /// How many decisions, intents and receipts that say `effective` the ledger has.
    async fn recorded(&self) -> (usize, usize, usize) {
        let entries = self.entries().await;
        let of = |kind: &str| entries.iter().filter(|e| e["kind"] == kind).count();
        let effective = entries.iter().filter(|e| e["what"].as_str().unwrap().starts_with("effective")).count();
        (of("decision"), of("intent"), effective)
    }

    /// PATCHes that came as far as Spinnaker, and those that did something there.
    fn patches(&self) -> (usize, usize) {
        (self.lab.count(Service::Spinnaker, "PATCH", "/pipelines/"), self.lab.patches(&self.stage).len())
    }

    fn fault(&self, kind: FaultKind, method: &str) -> Fault {
        let mut fault = Fault::new(Service::Spinnaker, &format!("/pipelines/{}", self.execution), kind);
        fault.method = Some(method.to_owned());
        fault
    }

    fn judged(&self) -> Value {
        let execution = self.lab.execution(&self.execution).unwrap();
        let stages = execution["stages"].as_array().unwrap();
        stages.iter().find(|s| s["id"] == self.stage.as_str()).unwrap()["status"].clone()
    }
}

fn command(home: &Path, config: &Path, arguments: &[&str]) -> Command {
    let mut command = hermetic(home);
    command.env("COUNTERSIGN_CONFIG", config).env("COUNTERSIGN_LAB_SCALE", SCALE.to_string());
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Loses the answer to the PATCH, and from then on every reading of the run. The PATCH itself is carried out.
async fn lose_everything_after_the_patch(bench: &Bench) -> Ran {
    let mut lost = bench.fault(FaultKind::Closed, "PATCH");
    lost.after = true;
    // Held back for half a second of ours, so that the next fault is there before the first look.
    lost.latency = Some(Span(Duration::from_secs(50)));
    bench.lab.add_fault(lost);
    let blind = async {
        while bench.patches().1 == 0 {
            tokio::task::yield_now().await;
        }
        bench.lab.add_fault(bench.fault(FaultKind::Status, "GET"));
    };
    tokio::join!(bench.approve(), blind).0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outcome_that_cannot_be_read_is_exit_9_and_settled_by_running_again() {
    let bench = Bench::new().await;
    let unknown = lose_everything_after_the_patch(&bench).await.exits(9);
    assert!(unknown.err.contains("was not repeated"), "{unknown:#?}");
    assert_eq!(bench.patches(), (1, 1));
    assert_eq!(bench.recorded().await, (1, 1, 0), "in the ledger, and not as effective");

    // Still blind: the gate cannot even be found, and nothing is repeated.
    bench.approve().await.exits(4);
    assert_eq!((bench.patches(), bench.recorded().await), ((1, 1), (1, 1, 0)));

    bench.lab.clear_faults();
    // Looking settles nothing.
    bench.run(&["inbox"]).await.exits(0);
    bench.run(&["approve", &bench.gate, "--reason", "tests green", "--yes", "--readonly"]).await;
    assert_eq!(bench.recorded().await, (1, 1, 0));

    bench.approve().await.exits(0);
    assert_eq!(bench.patches(), (1, 1), "sent once");
    assert_eq!(bench.recorded().await, (1, 1, 1), "one decision, seen to be effective");
    assert_eq!(bench.judged(), "SUCCEEDED");
    bench.approve().await.exits(12);
    assert_eq!(bench.recorded().await, (1, 1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_never_arrived_is_sent_again_when_that_was_seen() {
    let bench = Bench::new().await;
    // The connection ends before the stand-in does anything with the request: for the client that is the same.
    let mut closed = bench.fault(FaultKind::Closed, "PATCH");
    closed.times = Some(1);
    bench.lab.add_fault(closed);
    bench.approve().await.exits(9);
    assert_eq!(bench.patches(), (1, 0), "one request, that did nothing");
    assert_eq!(bench.recorded().await, (1, 1, 0));
    assert_eq!(bench.judged(), "RUNNING");

    bench.approve().await.exits(0);
    assert_eq!(bench.patches(), (2, 1), "one that did something");
    assert_eq!(bench.recorded().await, (1, 1, 1), "the very decision that was signed first");
    assert_eq!(bench.judged(), "SUCCEEDED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_200_that_meant_nothing_is_no_success() {
    let bench = Bench::new().await;
    // As a gateway in between does it: an empty 200, and nothing behind it has heard of the request.
    let mut swallowed = bench.fault(FaultKind::Empty, "PATCH");
    swallowed.times = Some(1);
    bench.lab.add_fault(swallowed);
    bench.approve().await.exits(9);
    assert_eq!((bench.patches(), bench.recorded().await), ((1, 0), (1, 1, 0)));
    bench.approve().await.exits(0);
    assert_eq!((bench.patches(), bench.recorded().await), ((2, 1), (1, 1, 1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_in_doubt_and_answered_by_another_is_refused() {
    let bench = Bench::new().await;
    let mut closed = bench.fault(FaultKind::Closed, "PATCH");
    closed.times = Some(1);
    bench.lab.add_fault(closed);
    bench.approve().await.exits(9);
    assert!(bench.lab.answer_as("ben", &bench.stage, "stop"));
    bench.lab.wake_now();
    let late = bench.approve().await.exits(8);
    assert!(late.err.contains("refused"), "{late:#?}");
    assert_eq!((bench.patches(), bench.recorded().await), ((1, 0), (1, 1, 0)));
    assert_eq!(bench.judged(), "TERMINAL");
}
