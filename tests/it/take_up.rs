//! What a crash or another approver left open: taken up by the right one, sent once, and with what was signed.

use countersign::lab::{Fault, FaultKind, Service, World};
use serde_json::Value;

use crate::support::bench::{Bench, finish};
use crate::support::house::Ran;

/// The gate that needs two people.
struct Two {
    bench: Bench,
    execution: String,
    stage: String,
    gate: String,
}

impl Two {
    async fn new() -> Self {
        let mut world = World::demo().unwrap();
        let run = world.run.iter_mut().find(|r| r.application == "guestbook").unwrap();
        for stage in run.stage.iter_mut().filter(|s| s.kind == "manualJudgment") {
            stage.options = ["ship", "hold"].map(|o| serde_json::from_value(o.into()).unwrap()).to_vec();
        }
        let bench = Bench::new(world).await;
        let (app, execution, stage, _) = bench.lab.gates().into_iter().find(|g| g.0 == "guestbook").unwrap();
        let gate = format!("spinnaker:{app}/{execution}/{stage}");
        Self { bench, execution, stage, gate }
    }

    async fn run(&self, who: &str, arguments: &[&str]) -> Ran {
        let all = [arguments, &["--reason", "looked at it", "--yes"]].concat();
        let mut command = self.bench.command(&all);
        if who != "demo" {
            let key = self.bench.dir.path().join(format!("{who}_key"));
            command.env_remove("SSH_AUTH_SOCK").env("COUNTERSIGN__SIGNER__KEY", key);
        }
        finish(command).await
    }

    async fn approve(&self, who: &str, option: &str) -> Ran {
        self.run(who, &["approve", &self.gate, "--option", option]).await
    }

    /// Somebody approves, and their machine is gone before the delivery is claimed.
    async fn gone_before_it_claims(&self, who: &str) {
        self.gone_before_a_receipt(who, &["approve", &self.gate, "--option", "ship"]).await;
    }

    async fn gone_before_a_receipt(&self, who: &str, arguments: &[&str]) {
        let ledger = rusqlite::Connection::open(self.bench.dir.path().join("ledger.db")).unwrap();
        let gone = "BEFORE INSERT ON entries WHEN NEW.kind = 'receipt' BEGIN SELECT RAISE(ABORT, 'gone'); END";
        ledger.execute_batch(&format!("CREATE TRIGGER gone {gone}")).unwrap();
        let ran = self.run(who, arguments).await;
        assert_ne!(ran.code, 0, "{ran:#?}");
        ledger.execute_batch("DROP TRIGGER gone").unwrap();
    }

    /// The next request that would decide is lost before it does anything.
    fn lose_the_next(&self) {
        let mut lost = Fault::new(Service::Spinnaker, &format!("/pipelines/{}", self.execution), FaultKind::Closed);
        (lost.method, lost.times) = (Some("PATCH".to_owned()), Some(1));
        self.bench.lab.add_fault(lost);
    }

    /// What did something at the stand-in.
    fn arrived(&self) -> Vec<Value> {
        self.bench.lab.patches(&self.stage)
    }

    /// The ledger's entries: kind, the start of what is said of them, and the decision.
    async fn entries(&self) -> Vec<(String, String, String)> {
        let word = |e: &Value, key: &str| e[key].as_str().unwrap().to_owned();
        let entries = self.bench.entries().await;
        entries.iter().map(|e| (word(e, "kind"), word(e, "what"), word(e, "record"))).collect()
    }

    /// The receipts of a decision, in order.
    async fn receipts(&self, decision: &str) -> Vec<String> {
        let entries = self.entries().await;
        let of = entries.into_iter().filter(|(kind, _, record)| kind == "receipt" && record == decision);
        of.map(|(_, what, _)| what.split(':').next().unwrap().to_owned()).collect()
    }
}

/// Sam completes the quorum and is gone before anything is claimed; Demo takes it up and the request is lost. When Sam is
/// back, his own is not sent beside Demo's, which may still be on its way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_that_never_began_waits_for_the_one_that_did() {
    let it = Two::new().await;
    it.approve("demo", "ship").await.exits(10);
    it.gone_before_it_claims("sam").await;
    it.lose_the_next();
    it.approve("demo", "ship").await.exits(9);
    let entries = it.entries().await;
    let decisions: Vec<&str> = entries.iter().filter(|e| e.0 == "decision").map(|e| e.2.as_str()).collect();
    let [first, second] = decisions[..] else { panic!("{entries:?}") };
    assert_eq!((it.receipts(first).await, it.receipts(second).await.len()), (words(&["sending", "unknown"]), 0));

    let done = it.approve("sam", "ship").await.exits(0);
    assert!(done.out.contains("sent with the approval of demo"), "{done:#?}");
    assert_eq!(it.arrived().len(), 1, "sent once");
    assert_eq!(it.receipts(second).await, ["recorded"], "nothing of it was sent");
    assert_eq!(it.receipts(first).await, ["sending", "unknown", "sending", "effective"]);
    let trust = it.bench.dir.path().to_str().unwrap();
    let verify = ["verify", "--gate", &it.gate, "--env", "prod", "--service", "guestbook"];
    it.bench.run(&[&verify[..], &["--option", "ship", "--trust", trust]].concat()).await.exits(0);
    it.bench.run(&[&verify[..], &["--option", "hold", "--trust", trust]].concat()).await.exits(11);
}

/// An emergency that was lost on its way is taken up by the same command, and not by an approval of the ordinary kind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emergency_that_was_lost_is_sent_again_by_the_same_command() {
    let it = Two::new().await;
    let glass = ["break-glass", it.gate.as_str(), "--option", "ship"];
    it.lose_the_next();
    it.run("ivo", &glass).await.exits(9);
    let first = it.entries().await[0].2.clone();
    it.run("ivo", &glass).await.exits(0);
    assert_eq!(it.entries().await.iter().filter(|e| e.0 == "decision").count(), 1, "the same decision");
    assert_eq!(it.receipts(&first).await, ["sending", "unknown", "sending", "effective"]);
    assert_eq!(it.arrived().len(), 1);

    let it = Two::new().await;
    it.lose_the_next();
    it.run("ivo", &["break-glass", it.gate.as_str(), "--option", "ship"]).await.exits(9);
    let first = it.entries().await[0].2.clone();
    it.approve("ivo", "ship").await.exits(7);
    assert_eq!(it.arrived().len(), 0, "an ordinary approval sends no emergency");
    assert_eq!(it.receipts(&first).await, ["sending", "unknown", "unknown", "refused"]);
}

/// An emergency that is in the ledger and was not sent lets nobody else's approval through.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ordinary_approval_is_not_sent_on_the_strength_of_an_emergency() {
    let it = Two::new().await;
    it.approve("demo", "hold").await.exits(10);
    let glass = ["break-glass", it.gate.as_str(), "--option", "ship"];
    it.gone_before_a_receipt("ivo", &glass).await;
    it.approve("demo", "hold").await.exits(10);
    assert!(it.arrived().is_empty());
    it.run("ivo", &glass).await.exits(0);
    let arrived = it.arrived();
    assert_eq!((arrived.len(), &arrived[0]["judgmentInput"]), (1, &Value::from("ship")), "{arrived:?}");
}

/// What is sent is the input that all have signed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_those_who_choose_the_same_input_complete_each_other() {
    let it = Two::new().await;
    it.approve("demo", "ship").await.exits(10);
    let other = it.approve("sam", "hold").await.exits(10);
    assert!(other.out.contains("1 of 2") || other.err.contains("1 of 2"), "{other:#?}");
    assert!(it.arrived().is_empty());
    // The answer is lost; with another input that one is not sent again.
    it.lose_the_next();
    it.approve("sam", "ship").await.exits(9);
    it.approve("sam", "hold").await.exits(10);
    assert!(it.arrived().is_empty());
    it.approve("sam", "ship").await.exits(0);
    let arrived = it.arrived();
    assert_eq!((arrived.len(), &arrived[0]["judgmentInput"]), (1, &Value::from("ship")), "{arrived:?}");
}

/// Who approved first and finds the quorum complete sends the input that was signed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_up_has_its_input() {
    let it = Two::new().await;
    it.approve("demo", "ship").await.exits(10);
    it.gone_before_it_claims("sam").await;
    assert!(it.arrived().is_empty());
    it.approve("demo", "ship").await.exits(0);
    let arrived = it.arrived();
    assert_eq!((arrived.len(), &arrived[0]["judgmentInput"]), (1, &Value::from("ship")), "{arrived:?}");
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}
