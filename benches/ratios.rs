//! What is kept fast, as ratios: each line compares two pieces of work that were measured in turns in this one run, so
//! that a slow machine, or a busy one, does not change what it says. `cargo bench`; nothing here is asserted. With
//! COUNTERSIGN_BENCH=check only the check of a ledger is measured, with COUNTERSIGN_BENCH=records only its reading.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it prints figures, and ends where its own input is wrong"
)]

#[path = "ratios/ledger.rs"]
mod ledger;
#[path = "ratios/postgres.rs"]
mod postgres;
#[path = "ratios/records.rs"]
mod records;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign::domain::canonical;
use countersign::domain::dedup::merge_across;
use countersign::domain::dossier::{Baseline, Dossier, Parts};
use countersign::domain::evidence::{Completeness, Evidence, FindingSet, Kind, Origin, Piece};
use countersign::domain::finding::{Class, Finding};
use countersign::domain::gate::Gate;
use countersign::domain::ids::{ConnectionName, GateId};
use countersign::domain::query::Query;
use countersign::domain::release::{Artifact, Release};
use countersign::domain::triage::{Triaged, match_dismissals};
use countersign::policy::Policy;
use countersign::report;

/// Rounds; of each side the fastest counts, because noise only ever adds.
const ROUNDS: usize = 15;

fn main() {
    let people = ledger::people();
    match std::env::var("COUNTERSIGN_BENCH").as_deref() {
        Ok("check") => return ledger::measure_check(&dossier(&[]), &people),
        Ok("records") => return records::measure(&dossier(&[]), &people),
        _ => {}
    }
    let (few, many) = (sarif(100), sarif(12_000));
    println!("{:<58} {:>10} {:>10} {:>7}", "", "this", "that", "ratio");

    compare(
        "SARIF, 12,000 results: read to findings / parsed as JSON",
        || report::read("a.sarif", &many, None),
        || serde_json::from_slice::<serde_json::Value>(&many).unwrap(),
    );

    let (few, many) = (findings(&few), findings(&many));
    compare(
        "12,000 findings: merged / copied",
        || merge_across(vec![many.clone()]),
        || many.iter().map(|f| Finding::clone(f)).collect::<Vec<_>>(),
    );

    let whole = FindingSet { findings: many.clone(), classes: vec![Class::Sast], ..FindingSet::default() };
    let evidence = Evidence::Findings(whole.clone());
    compare(
        "12,000 findings: a piece with its digest / plain JSON",
        || piece(&whole),
        || serde_json::to_vec(&evidence).unwrap(),
    );

    let (small, large) = (dossier(&few), dossier(&many));
    compare(
        "a verdict over 12,000 findings / over 100",
        || Policy::builtin().evaluate(&large, large.as_of),
        || Policy::builtin().evaluate(&small, small.as_of),
    );

    let text = Query::parse("sev>=medium zebra").unwrap();
    compare(
        "12,000 findings: searched for a word / written as JSON",
        || count(&text, &large.findings),
        || serde_json::to_vec(&large.findings).unwrap(),
    );
    let field = Query::parse("sev:high tool:lint").unwrap();
    compare(
        "12,000 findings: filtered by fields / searched for a word",
        || count(&field, &large.findings),
        || count(&text, &large.findings),
    );

    records::measure(&dossier(&[]), &people);
    ledger::measure(&dossier(&[]), &people);
    postgres::measure();
}

fn compare<A, B>(what: &str, this: impl FnMut() -> A, that: impl FnMut() -> B) {
    compare_in(ROUNDS, what, this, that);
}

/// As [`compare`], in fewer rounds: for what takes long.
fn compare_in<A, B>(rounds: usize, what: &str, mut this: impl FnMut() -> A, mut that: impl FnMut() -> B) {
    let (mut a, mut b) = (Duration::MAX, Duration::MAX);
    for _ in 0..rounds {
        a = a.min(time(&mut this));
        b = b.min(time(&mut that));
    }
    print(what, a, b);
}

fn print(what: &str, a: Duration, b: Duration) {
    let ratio = a.as_secs_f64() / b.as_secs_f64();
    println!("{what:<58} {:>7.2} ms {:>7.2} ms {ratio:>7.2}", a.as_secs_f64() * 1e3, b.as_secs_f64() * 1e3);
}

fn time<T>(work: &mut impl FnMut() -> T) -> Duration {
    let started = Instant::now();
    black_box(work());
    started.elapsed()
}

fn count(query: &Query, findings: &[Triaged]) -> usize {
    findings.iter().filter(|t| query.matches(t)).count()
}

/// A report of so many results, no two alike.
fn sarif(results: usize) -> Vec<u8> {
    let levels = ["error", "warning", "note"];
    let result = |n: usize| {
        serde_json::json!({
            "ruleId": format!("R{}", n % 40),
            "level": levels[n % 3],
            "message": {"text": format!("Value {n} comes from outside and is used as it is. {}", "Mend it. ".repeat(n % 20))},
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": format!("src/part{}/file{}.py", n % 7, n % 301)},
                "region": {"startLine": n % 997 + 1, "snippet": {"text": format!("run(argument_{n})")}}
            }}],
        })
    };
    let rules: Vec<_> = (0..40).map(|n| serde_json::json!({"id": format!("R{n}")})).collect();
    let results: Vec<_> = (0..results).map(result).collect();
    let driver = serde_json::json!({"name": "lint", "version": "1.2.3", "rules": rules});
    let report = serde_json::json!({"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]});
    serde_json::to_vec(&report).unwrap()
}

fn findings(sarif: &[u8]) -> Vec<Arc<Finding>> {
    report::read("a.sarif", sarif, None).findings.into_iter().map(Arc::new).collect()
}

fn piece(set: &FindingSet) -> Piece {
    let origin = Origin {
        name: "findings/path/lint".to_owned(),
        kind: Kind::Findings,
        source: "path".to_owned(),
        uri: "a.sarif".into(),
        fetched_at: "2026-11-21T04:00:00Z".parse().unwrap(),
    };
    Piece::got(origin, Evidence::Findings(set.clone()), None, Vec::new(), Completeness::Complete)
}

fn dossier(findings: &[Arc<Finding>]) -> Dossier {
    let as_of = "2026-11-21T04:00:00Z".parse().unwrap();
    let gate = Gate {
        application: "pay".into(),
        pipeline: "deploy".into(),
        stage: "approve".into(),
        ..Gate::new(GateId::new(ConnectionName::new("spinnaker"), ["pay", "run", "stage"]), "1")
    };
    let release = Release {
        service: "payments".into(),
        version: "1.4.2".into(),
        environment: "prod".into(),
        commit: None,
        branch: None,
        artifacts: vec![Artifact {
            name: "payments".into(),
            reference: "r/payments".into(),
            digest: Some(canonical::sha256(b"payments")),
        }],
    };
    let set = FindingSet { findings: findings.to_vec(), classes: vec![Class::Sast], ..FindingSet::default() };
    let triaged = match_dismissals(merge_across(vec![findings.to_vec()]), &[], &release, as_of, None, None);
    let parts = Parts {
        gate,
        release,
        service: Some("payments".into()),
        as_of,
        pieces: vec![piece(&set)],
        findings: triaged,
        baseline: Baseline::Unknown,
        required: vec!["findings:sast".into()],
        policy: canonical::sha256(b""),
    };
    let policy = Policy::builtin();
    Dossier::seal(parts, |dossier| policy.evaluate(dossier, as_of))
}
