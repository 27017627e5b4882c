//! kill -9 at points spread over a decision: it is neither lost nor sent twice, and the ledger explains the end.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use countersign::lab::home::{self, Signer};
use countersign::lab::{Options, World, start};
use serde_json::Value;

use crate::support::house::{Ran, hermetic};

const SCALE: u32 = 100;

fn command(home: &Path, config: &Path, arguments: &[&str]) -> Command {
    let mut command = hermetic(home);
    command.env("COUNTERSIGN_CONFIG", config).env("COUNTERSIGN_LAB_SCALE", SCALE.to_string());
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn run(mut command: Command) -> Ran {
    // Blocking is for another thread: the lab is served by this runtime.
    tokio::task::spawn_blocking(move || command.output().unwrap().into()).await.unwrap()
}

/// Eight points, or as many as COUNTERSIGN_KILLS says (`make kills`: 50).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_a_decision_is_neither_lost_nor_sent_twice() {
    let points: u32 = std::env::var("COUNTERSIGN_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(8);
    let mut interrupted = 0;
    let mut whole = Duration::from_secs(2);
    for point in 0..points {
        let dir = tempfile::tempdir().unwrap();
        let lab = start(World::demo().unwrap(), Options { scale: SCALE, ..Options::default() }).await.unwrap();
        let home = home::prepare_with(dir.path(), &lab, Signer::KeyFile).await.unwrap();
        let gates = lab.gates();
        let (app, execution, stage, _) = gates.iter().find(|g| g.0 == "payments").unwrap();
        let id = format!("spinnaker:{app}/{execution}/{stage}");
        let arguments = ["approve", &id, "--reason", "killed", "--yes"];
        let started = Instant::now();
        let mut child =
            command(dir.path(), &home.config, &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Spread over the time that the first whole decision took here.
        let when = whole * point / points.max(2);
        let ended = loop {
            if child.try_wait().unwrap().is_some() {
                break true;
            }
            if point > 0 && started.elapsed() >= when {
                break false;
            }
            tokio::task::yield_now().await;
        };
        child.kill().ok();
        child.wait().unwrap();
        if point == 0 {
            whole = started.elapsed();
        }
        interrupted += u32::from(!ended);
        let again = run(command(dir.path(), &home.config, &arguments)).await;
        assert!([0, 12].contains(&again.code), "point {point}: {again:?}");
        let ledger = run(command(dir.path(), &home.config, &["ledger", "list", "--output", "json"])).await.json();
        let entries = ledger["entries"].as_array().unwrap();
        let of = |kind: &str| entries.iter().filter(|e| e["kind"] == kind).count();
        let effective = entries.iter().filter(|e| e["what"].as_str().unwrap().starts_with("effective")).count();
        assert_eq!(effective, 1, "point {point}: {entries:#?}");
        assert_eq!((of("decision"), of("intent")), (1, 1), "point {point}: {entries:#?}");
        assert_eq!(lab.patches(stage).len(), 1, "point {point}: sent once");
        let execution = lab.execution(execution).unwrap();
        let stages = execution["stages"].as_array().unwrap();
        let judged = stages.iter().find(|s: &&Value| s["id"] == *stage).unwrap();
        assert_eq!(judged["status"], "SUCCEEDED", "point {point}");
    }
    assert!(interrupted * 2 >= points - 1, "only {interrupted} of {points} were interrupted");
    println!("{interrupted} of {points} decisions were killed on their way");
}
