//! Clocks that differ: refused over ten minutes however the gate is named, and recorded where somebody insists.

use countersign::lab::{Service, World};

use crate::support::bench::Bench;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_far_off_stops_every_verb_whichever_way_the_gate_is_named() {
    let mut world = World::demo().unwrap();
    world.skew.insert(Service::Spinnaker, -900);
    let bench = Bench::new(world).await;
    let gates = bench.lab.gates();
    let (app, execution, stage, _) = gates.iter().find(|g| g.0 == "payments").unwrap();
    let full = format!("spinnaker:{app}/{execution}/{stage}");
    for gate in ["payments@1.4.2/prod", &full] {
        for verb in ["approve", "reject", "halt", "comment"] {
            let refused = bench.run(&[verb, gate, "--reason", "r", "--yes"]).await.exits(6);
            assert!(refused.err.contains("--allow-clock-skew"), "{verb} {gate}: {refused:#?}");
        }
    }
    assert_eq!(bench.entries().await.len(), 0, "nothing was signed");

    for verb in ["comment", "reject"] {
        let insists = [verb, "payments@1.4.2/prod", "--reason", "r", "--yes", "--allow-clock-skew"];
        let said = bench.run(&insists).await.exits(0);
        assert!(said.err.contains("Warning: This machine's clock"), "{said:#?}");
        let entries = bench.entries().await;
        let last = entries.iter().rev().find(|e| e["kind"] == "decision").unwrap();
        let shown = bench.json(&["ledger", "show", &last["seq"].to_string()], 0).await;
        let recorded = shown["statement"]["predicate"]["clockSkewSeconds"].as_str().and_then(|s| s.parse::<u64>().ok());
        assert!(recorded.is_some_and(|s| (890..=960).contains(&s)), "{verb}: {shown:#}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_a_little_off_is_shown_and_stops_nothing() {
    let mut world = World::demo().unwrap();
    world.skew.insert(Service::Spinnaker, 300);
    let bench = Bench::new(world).await;
    let said = bench.run(&["approve", "payments@1.4.2/prod", "--reason", "r", "--yes"]).await.exits(0);
    assert!(said.err.contains("Warning: This machine's clock"), "{said:#?}");
}
