//! DefectDojo: the one finding of the product that fits is closed, or its risk accepted.

use countersign::lab::{Service, World};

use super::{dismiss, pushes};
use crate::support::bench::Bench;

const CHECKOUT: &str = "checkout@5.1.0/prod";
const LEDGER: &str = "ledger-api@1.9.0/prod";
const MD5: &str = "Use of weak MD5 hash for security. Consider usedforsecurity=False";

fn writes(bench: &Bench) -> usize {
    bench.lab.requests().iter().filter(|r| r.service == Service::Defectdojo && r.method != "GET").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_false_positive_is_closed_once_with_its_reason() {
    let bench = Bench::new(World::demo().unwrap()).await;
    let (record, _) = dismiss(&bench, LEDGER, "rule:B324", &["--as", "false-positive"]).await;
    let done = bench.json(&["triage", "push", LEDGER, "--yes"], 0).await;
    let push = &pushes(&done)[0];
    assert_eq!((&push["from"], &push["becomes"]), (&"open".into(), &"closed as a false positive".into()), "{push:#}");
    assert_eq!(push["outcome"], "seen", "{push:#}");
    let finding = bench.lab.dojo_finding(MD5);
    assert_eq!(
        (&finding["false_p"], &finding["active"], &finding["out_of_scope"]),
        (&true.into(), &false.into(), &false.into())
    );
    assert!(finding["notes"][0]["entry"].as_str().unwrap().contains(&record), "{finding:#}");
    assert_eq!(bench.lab.dojo_finding("Weak hash")["active"], true, "another line is another finding");
    let again = bench.json(&["triage", "push", LEDGER, "--yes"], 0).await;
    assert_eq!(pushes(&again)[0]["outcome"], "already", "{again:#}");
    assert_eq!(writes(&bench), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_risk_is_accepted_until_its_day_in_its_own_product() {
    let bench = Bench::new(World::demo().unwrap()).await;
    dismiss(&bench, CHECKOUT, "cve:CVE-2026-90007", &["--as", "accepted", "--expires", "2099-12-31"]).await;
    let done = bench.json(&["triage", "push", CHECKOUT, "--to", "dojo", "--yes"], 0).await;
    assert_eq!(pushes(&done)[0]["outcome"], "seen", "{done:#}");
    let acceptances = bench.lab.dojo_acceptances();
    assert_eq!(acceptances.len(), 1);
    assert!(acceptances[0]["expiration_date"].as_str().unwrap().starts_with("2099-12-31T00:00:00"), "{acceptances:#?}");
    assert_eq!((&acceptances[0]["owner"], &acceptances[0]["reactivate_expired"]), (&3.into(), &true.into()));
    assert_eq!(bench.lab.dojo_finding("CVE-2026-90007 libparse2 1.8.0-3")["risk_accepted"], true);
    assert_eq!(bench.lab.dojo_finding("CVE-2026-90007 libparse2 1.8.0-3, of last year")["risk_accepted"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_there_twice_or_not_at_all_is_not_touched() {
    let demo = World::demo().unwrap();
    let mut twice = demo.clone();
    let twin = twice.dojo.iter().find(|f| f.title == MD5).unwrap().clone();
    twice.dojo.push(twin);
    let mut gone = demo;
    gone.dojo.clear();
    for (world, code, state, says) in
        [(twice, 8, "cannot", "2 findings fit"), (gone, 0, "absent", "has no such finding")]
    {
        let bench = Bench::new(world).await;
        let (_, prints) = dismiss(&bench, LEDGER, "rule:B324", &["--as", "false-positive"]).await;
        for dry in ["--dry-run", "--yes"] {
            let whole = bench.json(&["triage", "push", LEDGER, "--to", "dojo", dry], code).await;
            assert_eq!(pushes(&whole)[0]["state"], state, "{whole:#}");
            assert!(pushes(&whole)[0]["why"].as_str().unwrap().contains(says), "{whole:#}");
        }
        // What was asked for by name and is nowhere is not done.
        bench.json(&["triage", "push", LEDGER, &prints[0], "--to", "dojo", "--yes"], 8).await;
        assert_eq!(writes(&bench), 0);
    }
}
