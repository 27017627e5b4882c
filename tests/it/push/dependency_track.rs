//! Dependency-Track: an analysis goes back as a whole, and nothing that somebody else said is lost.

use countersign::lab::{Service, World};
use serde_json::Value;

use super::{dismiss, pushes};
use crate::support::bench::Bench;

const GATE: &str = "checkout@5.1.0/prod";
const QUERY: &str = "cve:CVE-2026-90007";

fn body(push: &Value) -> Value {
    serde_json::from_str(push["requests"][0]["body"].as_str().unwrap()).unwrap()
}

fn writes(bench: &Bench) -> usize {
    bench.lab.requests().iter().filter(|r| r.service == Service::DependencyTrack && r.method != "GET").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_analysis_is_sent_whole_and_keeps_what_others_said() {
    let bench = Bench::new(World::demo().unwrap()).await;
    let why = ["--as", "not-affected", "--justification", "requires_configuration"];
    let (record, _) = dismiss(&bench, GATE, QUERY, &why).await;
    let push = ["triage", "push", GATE, "--to", "dtrack"];

    let dry = bench.json(&[&push[..], &["--dry-run"]].concat(), 0).await;
    let planned = &pushes(&dry)[0];
    assert_eq!(planned["what"], "CVE-2026-90007 (NVD) in libparse2@1.8.0-3", "{planned:#}");
    assert_eq!(planned["from"], "IN_TRIAGE, UPDATE");
    assert_eq!(planned["becomes"], "NOT_AFFECTED, REQUIRES_CONFIGURATION, UPDATE, suppressed");
    let sent = body(planned);
    assert_eq!(sent["analysisDetails"], "Debian has a fix in testing.", "{sent:#}");
    assert!(sent["comment"].as_str().unwrap().contains(&record), "{sent:#}");
    assert_eq!(writes(&bench), 0);

    let done = bench.json(&[&push[..], &["--yes"]].concat(), 0).await;
    assert_eq!(pushes(&done)[0]["outcome"], "seen", "{done:#}");
    let analysis = bench.lab.analysis("libparse2", "CVE-2026-90007");
    assert_eq!(analysis["analysisState"], "NOT_AFFECTED", "{analysis:#}");
    assert_eq!(analysis["analysisResponse"], "UPDATE", "what nobody spoke of stays: {analysis:#}");
    assert_eq!(analysis["analysisDetails"], "Debian has a fix in testing.");
    assert_eq!((&analysis["isSuppressed"], analysis["analysisComments"].as_array().unwrap().len()), (&true.into(), 1));

    // A second time there is nothing to do, and nothing is sent.
    let again = bench.json(&[&push[..], &["--yes"]].concat(), 0).await;
    assert_eq!((&pushes(&again)[0]["state"], &pushes(&again)[0]["outcome"]), (&"already".into(), &"already".into()));
    assert_eq!(writes(&bench), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accepted_risk_stays_in_sight_and_a_project_that_is_not_there_is_said() {
    let bench = Bench::new(World::demo().unwrap()).await;
    dismiss(&bench, GATE, QUERY, &["--as", "accepted", "--expires", "30d"]).await;
    let push = ["triage", "push", GATE, "--to", "dtrack"];
    let dry = bench.json(&[&push[..], &["--dry-run"]].concat(), 0).await;
    assert_eq!(pushes(&dry)[0]["becomes"], "EXPLOITABLE, UPDATE", "{dry:#}");
    assert!(pushes(&dry)[0]["remarks"][0].as_str().unwrap().contains("not suppressed"), "{dry:#}");

    bench.reconfigure(|config| {
        let services = config["service"].as_array_mut().unwrap();
        let checkout = services.iter_mut().find(|s| s["name"].as_str() == Some("checkout")).unwrap();
        checkout["push"][0]["version"] = "5.0.9".into();
    });
    let whole = bench.json(&[&push[..], &["--yes"]].concat(), 4).await;
    assert!(pushes(&whole)[0]["why"].as_str().unwrap().contains("404"), "{whole:#}");
    std::fs::write(bench.dir.path().join("tokens/dtrack"), "wrong").unwrap();
    let whole = bench.json(&[&push[..], &["--yes"]].concat(), 4).await;
    assert!(pushes(&whole)[0]["why"].as_str().unwrap().contains("401"), "{whole:#}");
    assert_eq!(writes(&bench), 0);
    let ran = bench.run(&["doctor"]).await;
    assert!(ran.out.contains("connection dtrack") && ran.out.contains("DefectDojo, as demo"), "{ran:#?}");
}
