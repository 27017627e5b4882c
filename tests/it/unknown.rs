//! Outcomes that cannot be known: recorded, never repeated blindly, and settled by running the same command again.

use std::path::Path;
use std::process::{Command, Stdio};

use countersign::lab::home::{self, Home, Signer};
use countersign::lab::{Fault, FaultKind, Options, Running, Service, World, start};
use serde_json::Value;

use crate::support::house::{Ran, hermetic};

/// A second of ours is a second of Spinnaker's wake and of following: the request's own time limit is not scaled, and
/// must have passed before anything is sent again.
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn x() {
    let bench = Bench::new().await;
    let mut lost = bench.fault(FaultKind::Closed, "PATCH");
    lost.after = true;
    bench.lab.add_fault(lost);
    // probe
    let r = bench.approve().await;
    println!("{r:#?} {:?}", bench.patches());
    for s in bench.lab.requests().iter().filter(|s| s.service == Service::Spinnaker) {
        println!("{} {} {:?}", s.method, s.path, s.query);
    }
    println!("{:?}", bench.entries().await);
    println!("{:?}", bench.recorded().await);
    println!("{:?}", bench.judged());
}
