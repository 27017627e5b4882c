//! GitHub: open alerts are dismissed with a reason that it offers.

use countersign::lab::{Service, World};
use serde_json::Value;

use super::pushes;
use crate::support::bench::Bench;

const GATE: &str = "ledger-api@1.9.0/prod";

async fn dismissed(bench: &Bench, reason: &str) -> String {
    let found = bench.json(&["findings", GATE, "--query", "rule:B324"], 0).await;
    let print = found["findings"][0]["fingerprint"].as_str().unwrap();
    let arguments = ["dismiss", GATE, print, "--as", "false-positive", "--reason", reason, "--yes"];
    bench.json(&arguments, 0).await["record"].as_str().unwrap().to_owned()
}

async fn push(bench: &Bench, how: &str, code: i32) -> Value {
    let whole = bench.json(&["triage", "push", GATE, "--to", "github", how], code).await;
    assert_eq!(pushes(&whole).len(), 1, "{whole:#}");
    pushes(&whole)[0].clone()
}

fn writes(bench: &Bench) -> usize {
    bench.lab.requests().iter().filter(|r| r.service == Service::Github && r.method != "GET").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_alert_is_dismissed_once_with_a_comment_that_fits() {
    let bench = Bench::new(World::demo().unwrap()).await;
    let record = dismissed(&bench, &"MD5 names cache entries here. ".repeat(30)).await;
    let planned = push(&bench, "--dry-run", 0).await;
    assert_eq!(planned["what"], "code-scanning alert 11 (B324)", "{planned:#}");
    assert_eq!(planned["becomes"], "dismissed as false positive");
    assert_eq!(writes(&bench), 0);
    let done = push(&bench, "--yes", 0).await;
    assert_eq!(done["outcome"], "seen", "{done:#}");
    let alert = bench.lab.alert("acme/ledger-api", "code-scanning", 11);
    let comment = alert["dismissed_comment"].as_str().unwrap();
    assert!(comment.contains(&record) && comment.ends_with("...") && comment.chars().count() == 280, "{alert:#}");
    assert_eq!(bench.lab.alert("acme/ledger-api", "code-scanning", 12)["state"], "open");
    assert_eq!(push(&bench, "--yes", 0).await["outcome"], "already");
    assert_eq!(writes(&bench), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_dismissed_for_another_reason_is_left_to_them() {
    let mut world = World::demo().unwrap();
    let repository = world.repository.iter_mut().find(|r| r.name == "acme/ledger-api").unwrap();
    repository.alerts.retain(|a| a.number == 11);
    let twin = repository.alerts[0].clone();
    let bench = Bench::new(world.clone()).await;
    dismissed(&bench, "Not so").await;
    assert!(bench.lab.dismiss_alert("acme/ledger-api", "code-scanning", 11, "won't fix"));
    let push_of = push(&bench, "--yes", 8).await;
    assert_eq!((&push_of["state"], &push_of["from"]), (&"cannot".into(), &"dismissed as won't fix".into()));
    assert_eq!(writes(&bench), 0);

    // Two that fit are one too many.
    let repository = world.repository.iter_mut().find(|r| r.name == "acme/ledger-api").unwrap();
    repository.alerts.push(countersign::lab::Alert { number: 13, ..twin });
    let bench = Bench::new(world).await;
    dismissed(&bench, "Not so").await;
    let push_of = push(&bench, "--yes", 8).await;
    assert!(push_of["why"].as_str().unwrap().contains("2 code-scanning alerts fit"), "{push_of:#}");
    assert_eq!(writes(&bench), 0);
}
