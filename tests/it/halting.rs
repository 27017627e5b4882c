//! Halting stops a run, at a gate or not; a run that is over is not halted once more.

use std::process::{Command, Stdio};

use countersign::lab::World;

use crate::support::bench::Bench;
use crate::support::house::Ran;

const RELEASE: &str = "payments@1.4.2/prod";

/// The full id of the release's gate, and its run.
async fn gate(bench: &Bench) -> (String, String) {
    let shown = bench.json(&["show", RELEASE], 0).await;
    let id = shown["gate"]["id"].as_str().unwrap().to_owned();
    let run = id.split('/').nth(1).unwrap().to_owned();
    (id, run)
}

async fn decisions(bench: &Bench) -> usize {
    bench.entries().await.iter().filter(|e| e["kind"] == "decision").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_over_is_not_halted_and_nothing_is_signed() {
    for verb in ["halt", "reject"] {
        let bench = Bench::new(World::demo().unwrap()).await;
        let (id, run) = gate(&bench).await;
        bench.run(&[verb, &id, "--reason", "not today", "--yes"]).await.exits(0);
        let sent = bench.lab.cancellations(&run).len();
        for arguments in [&["--yes"][..], &["--dry-run"]] {
            let again = [&["halt", &id, "--reason", "once more"], arguments].concat();
            let again = bench.run(&again).await.exits(12);
            assert!(again.err.contains("cannot be halted any more"), "{verb}: {again:?}");
        }
        assert_eq!(decisions(&bench).await, 1, "{verb}");
        assert_eq!(bench.lab.cancellations(&run).len(), sent, "{verb}: nothing is sent");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_goes_on_after_its_gate_is_halted() {
    let mut world = World::demo().unwrap();
    let run = world.run.iter_mut().find(|r| r.application == "payments" && r.version.as_deref() == Some("1.4.2"));
    // The run waits once more after the gate, so that it does not end by itself.
    run.unwrap().stage.last_mut().unwrap().kind = "manualJudgment".to_owned();
    let bench = Bench::new(world).await;
    let (id, run) = gate(&bench).await;
    bench.run(&["approve", &id, "--reason", "tests green", "--yes"]).await.exits(0);
    bench.run(&["reject", &id, "--reason", "too late for that", "--yes"]).await.exits(12);
    bench.run(&["halt", &id, "--reason", "the error rate rises", "--yes"]).await.exits(0);
    assert_eq!(bench.lab.execution(&run).unwrap()["status"], "CANCELED");
    assert_eq!(decisions(&bench).await, 2);

    // The halt speaks against the approval, also where it can be read only once.
    let mut envelopes = Vec::new();
    for entry in bench.entries().await.iter().filter(|e| e["kind"] == "decision") {
        let dir = bench.dir.path().join(entry["seq"].to_string());
        bench.run(&["ledger", "show", &entry["seq"].to_string(), "--export", dir.to_str().unwrap()]).await.exits(0);
        let files = std::fs::read_dir(&dir).unwrap().flatten().map(|f| f.path());
        envelopes.push(files.into_iter().find(|f| f.extension().is_some_and(|e| e == "json")).unwrap());
    }
    let [approval, halt] = envelopes.try_into().unwrap();
    let (trust, approval) = (bench.dir.path().to_str().unwrap(), approval.to_str().unwrap());
    let verify = ["verify", "--gate", &id, "--env", "prod", "--service", "payments", "--trust", trust, approval];
    bench.run(&verify).await.exits(0);
    let mut command = bench.command(&[&verify[..], &["/dev/stdin"]].concat());
    let judged = tokio::task::spawn_blocking(move || {
        let mut cat = Command::new("cat").arg(halt).stdout(Stdio::piped()).spawn().unwrap();
        let judged = Ran::from(command.stdin(cat.stdout.take().unwrap()).output().unwrap());
        cat.wait().unwrap();
        judged
    });
    let judged = judged.await.unwrap().exits(11);
    assert!(judged.err.contains("rejects or halts what was approved"), "{judged:?}");
}
