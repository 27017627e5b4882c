//! The clean release of the demo world, and what is looked at again and again while it is decided.

use countersign::lab::{Fault, FaultKind, Service, World};
use serde_json::Value;

use super::bench::Bench;
use super::house::Ran;

/// The clean release of the demo world.
pub struct Payments {
    pub bench: Bench,
    pub execution: String,
    pub stage: String,
    pub gate: String,
}

impl Payments {
    /// Serves the demo world.
    pub async fn new() -> Self {
        let bench = Bench::new(World::demo().unwrap()).await;
        let (app, execution, stage, _) = bench.lab.gates().into_iter().find(|g| g.0 == "payments").unwrap();
        let gate = format!("spinnaker:{app}/{execution}/{stage}");
        Self { bench, execution, stage, gate }
    }

    pub async fn approve(&self) -> Ran {
        self.decide("approve").await
    }

    pub async fn decide(&self, verb: &str) -> Ran {
        self.bench.run(&[verb, &self.gate, "--reason", "tests green", "--yes"]).await
    }

    /// What `verify` says of the gate.
    pub async fn verify(&self) -> Ran {
        let trust = self.bench.dir.path().to_str().unwrap();
        self.bench
            .run(&["verify", "--gate", &self.gate, "--env", "prod", "--service", "payments", "--trust", trust])
            .await
    }

    /// The next request that would decide is lost before it does anything.
    pub fn lose_the_next(&self) {
        let mut closed = self.fault(FaultKind::Closed, "PATCH");
        closed.times = Some(1);
        self.bench.lab.add_fault(closed);
    }

    /// Does something to the ledger's file that the program would not.
    pub fn tamper(&self, sql: &str) {
        let ledger = rusqlite::Connection::open(self.bench.dir.path().join("ledger.db")).unwrap();
        ledger.execute_batch(sql).unwrap();
    }

    /// How many decisions, intents and receipts that say `effective` the ledger has.
    pub async fn recorded(&self) -> (usize, usize, usize) {
        let entries = self.bench.entries().await;
        let of = |kind: &str| entries.iter().filter(|e| e["kind"] == kind).count();
        let effective = entries.iter().filter(|e| e["what"].as_str().unwrap().starts_with("effective")).count();
        (of("decision"), of("intent"), effective)
    }

    /// PATCHes that came as far as Spinnaker, and those that did something there.
    pub fn patches(&self) -> (usize, usize) {
        let lab = &self.bench.lab;
        (lab.count(Service::Spinnaker, "PATCH", "/pipelines/"), lab.patches(&self.stage).len())
    }

    pub fn fault(&self, kind: FaultKind, method: &str) -> Fault {
        let mut fault = Fault::new(Service::Spinnaker, &format!("/pipelines/{}", self.execution), kind);
        fault.method = Some(method.to_owned());
        fault
    }

    pub fn judged(&self) -> Value {
        let execution = self.bench.lab.execution(&self.execution).unwrap();
        let stages = execution["stages"].as_array().unwrap();
        stages.iter().find(|s| s["id"] == self.stage.as_str()).unwrap()["status"].clone()
    }
}
