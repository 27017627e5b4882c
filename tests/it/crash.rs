//! kill -9 at points spread over a decision: it is neither lost nor sent twice, and the ledger explains the end.

use std::process::Stdio;
use std::time::{Duration, Instant};

use countersign::lab::World;
use serde_json::Value;

use crate::support::bench::Bench;

/// What a verb is to have done in the end.
struct Expected {
    verb: &'static str,
    /// What became of the stage that asked, and of the run.
    stage: &'static str,
    run: &'static str,
}

/// Kills the command at points spread over the time that it takes, runs it again, and looks at the ledger and at what
/// reached the stand-in. So many points, or as many as COUNTERSIGN_KILLS says (`make kills`: 50).
async fn killed_anywhere(points: u32, expected: Expected) {
    let Expected { verb, .. } = expected;
    let points: u32 = std::env::var("COUNTERSIGN_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(points);
    let mut interrupted = 0;
    let mut whole = Duration::MAX;
    for point in 0..points {
        let bench = Bench::new(World::demo().unwrap()).await;
        let lab = &bench.lab;
        let gates = lab.gates();
        let (app, execution, stage, _) = gates.iter().find(|g| g.0 == "payments").unwrap();
        let id = format!("spinnaker:{app}/{execution}/{stage}");
        let arguments = [verb, &id, "--reason", "killed", "--yes"];
        let started = Instant::now();
        let mut child = bench.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Spread over the shortest time that a whole decision took here.
        let when = whole.checked_mul(point).map_or(whole, |t| t / points.max(2));
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
        if ended {
            whole = whole.min(started.elapsed());
        }
        interrupted += u32::from(!ended);
        let effective =
            |entries: &[Value]| entries.iter().filter(|e| e["what"].as_str().unwrap().starts_with("effective")).count();
        let again = bench.run(&arguments).await;
        assert!([0, 12].contains(&again.code), "{verb}, point {point}: {again:?}");
        let entries = bench.entries().await;
        let of = |kind: &str| entries.iter().filter(|e| e["kind"] == kind).count();
        assert_eq!(effective(&entries), 1, "{verb}, point {point}: {entries:#?}");
        assert_eq!((of("decision"), of("intent")), (1, 1), "{verb}, point {point}: {entries:#?}");
        let sent = lab.patches(stage).len() + lab.cancellations(execution).len();
        assert_eq!(sent, 1, "{verb}, point {point}: sent once");
        let execution = lab.execution(execution).unwrap();
        let stages = execution["stages"].as_array().unwrap();
        let judged = stages.iter().find(|s: &&Value| s["id"] == *stage).unwrap();
        assert_eq!(judged["status"], expected.stage, "{verb}, point {point}");
        let of_run = execution["status"].as_str().unwrap();
        assert!(expected.run.split('|').any(|s| s == of_run), "{verb}, point {point}: {of_run}");
    }
    assert!(interrupted * 2 >= points - 1, "{verb}: only {interrupted} of {points} were interrupted");
    println!("{interrupted} of {points} runs of {verb} were killed on their way");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_a_decision_is_neither_lost_nor_sent_twice() {
    killed_anywhere(8, Expected { verb: "approve", stage: "SUCCEEDED", run: "RUNNING|SUCCEEDED" }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_a_rejection_is_neither_lost_nor_sent_twice() {
    killed_anywhere(5, Expected { verb: "reject", stage: "TERMINAL", run: "TERMINAL" }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_a_halt_is_neither_lost_nor_sent_twice() {
    killed_anywhere(5, Expected { verb: "halt", stage: "CANCELED", run: "CANCELED" }).await;
}

/// The approval that completes a quorum is killed on its way; whoever approved before takes it up. It is sent once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_completing_a_quorum_another_takes_it_up_and_it_is_sent_once() {
    let points: u32 = std::env::var("COUNTERSIGN_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(6);
    let mut whole = Duration::MAX;
    let mut taken_up = 0;
    for point in 0..points {
        let bench = Bench::new(World::demo().unwrap()).await;
        let gates = bench.lab.gates();
        let (app, execution, stage, _) = gates.iter().find(|g| g.0 == "guestbook").unwrap();
        let id = format!("spinnaker:{app}/{execution}/{stage}");
        let arguments = ["approve", &id, "--reason", "killed", "--yes"];
        bench.run(&arguments).await.exits(10);
        let sam = || {
            let mut command = bench.command(&arguments);
            command.env_remove("SSH_AUTH_SOCK").env("COUNTERSIGN__SIGNER__KEY", bench.dir.path().join("sam_key"));
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        let started = Instant::now();
        let mut child = sam().spawn().unwrap();
        let when = whole.checked_mul(point).map_or(whole, |t| t / points.max(2));
        while child.try_wait().unwrap().is_none() && (point == 0 || started.elapsed() < when) {
            tokio::task::yield_now().await;
        }
        if child.try_wait().unwrap().is_some() {
            whole = whole.min(started.elapsed());
        }
        child.kill().ok();
        child.wait().unwrap();
        let before = bench.lab.patches(stage).len();
        let again = bench.run(&arguments).await;
        match again.code {
            0 | 12 => taken_up += u32::from(before == 0),
            // Killed before it was in the ledger: it is given again.
            10 => {
                let code = tokio::task::spawn_blocking({
                    let mut command = sam();
                    move || command.status().unwrap().code()
                });
                assert_eq!(code.await.unwrap(), Some(0), "point {point}");
            }
            _ => panic!("point {point}: {again:?}"),
        }
        assert_eq!(bench.lab.patches(stage).len(), 1, "point {point}: sent once");
        let judged = || {
            let run = bench.lab.execution(execution).unwrap();
            run["stages"].as_array().unwrap().iter().find(|s: &&Value| s["id"] == *stage).unwrap()["status"].clone()
        };
        // Where the gate had its answer already (12), nobody followed it: it takes effect in the stand-in's own time.
        let deadline = Instant::now() + Duration::from_secs(20);
        while again.code == 12 && judged() == "RUNNING" && Instant::now() < deadline {
            tokio::task::yield_now().await;
        }
        assert_eq!(judged(), "SUCCEEDED", "point {point}, exit {}", again.code);
    }
    println!("{taken_up} of {points} were taken up by the other approver");
}
