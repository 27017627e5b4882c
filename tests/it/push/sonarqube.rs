//! SonarQube: transitions that an issue offers, and reviews of hotspots.

use countersign::lab::{Fault, FaultKind, Service, World};

use super::{dismiss, form, pushes};
use crate::support::bench::Bench;

const GATE: &str = "payments@1.4.2/prod";

fn writes(bench: &Bench) -> usize {
    bench.lab.requests().iter().filter(|r| r.service == Service::Sonarqube && r.method != "GET").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dismissal_is_shown_first_then_done_once_and_seen() {
    let bench = Bench::new(World::demo().unwrap()).await;
    let (record, prints) = dismiss(&bench, GATE, "rule:python:S3776", &["--as", "false-positive"]).await;

    // A dry run names every request, and sends none.
    let dry = bench.json(&["triage", "push", GATE, "--dry-run"], 0).await;
    assert_eq!((&dry["dryRun"], pushes(&dry).len()), (&true.into(), 1), "{dry:#}");
    let push = &pushes(&dry)[0];
    assert_eq!((&push["to"], &push["state"]), (&"sonar".into(), &"write".into()), "{push:#}");
    assert_eq!((&push["from"], &push["becomes"]), (&"OPEN".into(), &"FALSE_POSITIVE".into()));
    assert_eq!((push["finding"].as_str(), push["record"].as_str()), (Some(&*prints[0]), Some(&*record)));
    let requests = push["requests"].as_array().unwrap();
    let urls: Vec<&str> = requests.iter().map(|r| r["url"].as_str().unwrap()).collect();
    assert!(urls[0].ends_with("/api/issues/add_comment") && urls[1].ends_with("/api/issues/do_transition"), "{urls:?}");
    let (comment, change) = (form(&requests[0]["body"]), form(&requests[1]["body"]));
    assert!(comment[1].1.contains(&record) && comment[1].1.contains("Looked at <b>twice</b>"), "{comment:?}");
    assert_eq!(change[1], ("transition".to_owned(), "falsepositive".to_owned()));
    assert!(push["remarks"][0].as_str().unwrap().contains("until somebody reopens it"), "{push:#}");
    assert_eq!(writes(&bench), 0);

    // Nobody was asked, so nothing is sent.
    bench.run(&["triage", "push", GATE]).await.exits(2);
    bench.run(&["triage", "push", GATE, "--yes", "--readonly"]).await.exits(2);
    assert_eq!(writes(&bench), 0);

    let done = bench.json(&["triage", "push", GATE, "--yes"], 0).await;
    assert_eq!(pushes(&done)[0]["outcome"], "seen", "{done:#}");
    assert_eq!(pushes(&done)[0]["requests"], push["requests"], "what was shown is what was sent");
    let issue = bench.lab.issue(&change[0].1).unwrap();
    assert_eq!(
        (&issue["issueStatus"], issue["comments"][0]["markdown"].as_str()),
        (&"FALSE_POSITIVE".into(), Some(&*comment[1].1))
    );
    assert_eq!(writes(&bench), 2);

    // The ledger has what was about to be sent, and what came of it.
    let entries = bench.entries().await;
    let kept: Vec<&str> = entries.iter().filter(|e| e["kind"] == "push").map(|e| e["what"].as_str().unwrap()).collect();
    assert_eq!(kept.len(), 2, "{entries:#?}");
    assert!(kept.iter().any(|w| w.starts_with("sending at sonar: issue ")), "{kept:?}");
    assert!(kept.iter().any(|w| w.starts_with("seen at sonar: issue ")), "{kept:?}");

    // What SonarQube calls a false positive it does not list any more; so the finding is gone, and nothing is pushed.
    let again = bench.json(&["triage", "push", GATE, "--yes"], 0).await;
    assert!(pushes(&again).is_empty(), "{again:#}");
    assert_eq!(writes(&bench), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_settled_by_looking_and_a_refusal_is_said() {
    let bench = Bench::new(World::demo().unwrap()).await;
    dismiss(&bench, GATE, "rule:python:S3776", &["--as", "accepted", "--expires", "30d"]).await;
    let lose = |route: &str, after: bool| {
        let mut fault = Fault::new(Service::Sonarqube, route, FaultKind::Closed);
        (fault.after, fault.times) = (after, Some(1));
        bench.lab.add_fault(fault);
    };
    // The comment came, its answer did not; the transition never came.
    lose("/api/issues/add_comment", true);
    lose("/api/issues/do_transition", false);
    let whole = bench.json(&["triage", "push", GATE, "--yes"], 9).await;
    let push = &pushes(&whole)[0];
    assert_eq!(push["outcome"], "unknown", "{push:#}");
    assert!(push["said"].as_str().unwrap().contains("1 of 2 requests were done"), "{push:#}");
    let key = form(&push["requests"][1]["body"])[0].1.clone();
    assert_eq!(bench.lab.issue(&key).unwrap()["comments"].as_array().unwrap().len(), 1);

    // Run again, only what is missing is done.
    let whole = bench.json(&["triage", "push", GATE, "--yes"], 0).await;
    let push = &pushes(&whole)[0];
    assert_eq!((push["outcome"].as_str(), push["requests"].as_array().unwrap().len()), (Some("seen"), 1), "{push:#}");
    let issue = bench.lab.issue(&key).unwrap();
    assert_eq!((&issue["issueStatus"], issue["comments"].as_array().unwrap().len()), (&"ACCEPTED".into(), 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_dismissed_or_not_configured_is_not_pushed() {
    let bench = Bench::new(World::demo().unwrap()).await;
    let found = bench.json(&["findings", GATE], 0).await;
    let open = found["findings"][0]["fingerprint"].as_str().unwrap();
    let ran = bench.run(&["triage", "push", GATE, open, "--dry-run"]).await.exits(2);
    assert!(ran.err.contains("no dismissal in force"), "{ran:#?}");
    let ran = bench.run(&["triage", "push", GATE, "--to", "jira", "--dry-run"]).await.exits(2);
    assert!(ran.err.contains("names in push: sonar"), "{ran:#?}");
    let ran = bench.run(&["triage", "push", "search@3.4.0/prod", "--dry-run"]).await.exits(2);
    assert!(ran.err.contains("push = [{ to ="), "{ran:#?}");
    bench.reconfigure(|config| config["connections"]["sonar"]["url"] = "http://127.0.0.1:9".into());
    let ran = bench.run(&["triage", "push", GATE, "--dry-run"]).await.exits(0);
    assert!(ran.out.contains("nothing to push"), "{ran:#?}");
}
