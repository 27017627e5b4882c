//! A million findings on the screen: filtered and grouped in steps, between which keys are read; and a release opened.

use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign::domain::dossier::Dossier;
use countersign::domain::finding::Finding;
use countersign::domain::grouping::GroupBy;
use countersign::domain::ids::Fingerprint;
use countersign::text::Untrusted;
use countersign::tui::model::findings::Findings;

/// How many findings, or COUNTERSIGN_BENCH_FINDINGS.
const FINDINGS: usize = 1_000_000;
/// Rounds; the fastest of each counts.
const ROUNDS: usize = 3;

/// Measures over `few`, whose findings are taken again and again; `seal` makes a dossier of findings.
pub fn measure(few: &[Arc<Finding>], seal: impl Fn(Vec<Arc<Finding>>) -> Dossier) {
    let count = std::env::var("COUNTERSIGN_BENCH_FINDINGS").ok().and_then(|n| n.parse().ok()).unwrap_or(FINDINGS);
    let many = few.iter().cycle().take(count).enumerate().map(|(n, finding)| {
        let mut own = Finding::clone(finding);
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&(n as u64).to_be_bytes());
        own.fingerprint = Fingerprint::new(bytes);
        // Each in a file of its own: as many groups as there can be.
        own.location.path = Some(Untrusted::new(format!("src/part{}/file{n}.rs", n % 97)));
        Arc::new(own)
    });
    let (large, small) = (Arc::new(seal(many.collect())), Arc::new(seal(few.to_vec())));
    let count = large.findings.len();
    super::compare(
        &format!("a release with {count} findings opened / with {}", small.findings.len()),
        || Findings::default().show(&large),
        || Findings::default().show(&small),
    );
    for query in ["sev>=high", "tool:lint rule:R7", "outside zebra"] {
        steps(&format!("{count} findings filtered: {query}"), &large, |findings| {
            findings.filter.input.clear();
            findings.filter.input.insert_text(query);
            findings.apply_filter();
            findings.show(&large);
        });
    }
    for by in GroupBy::ALL {
        steps(&format!("{count} findings grouped by {}", by.word()), &large, |findings| findings.regroup(Some(by)));
    }
}

/// Prints how long all steps take, and the longest of them: for so long no key is read.
fn steps(what: &str, dossier: &Arc<Dossier>, begin: impl Fn(&mut Findings)) {
    let (mut all, mut longest) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        let mut findings = Findings::default();
        findings.show(dossier);
        let started = Instant::now();
        begin(&mut findings);
        let mut slowest = started.elapsed();
        while findings.progress().is_some() {
            let step = Instant::now();
            findings.go_on();
            slowest = slowest.max(step.elapsed());
        }
        all = all.min(started.elapsed());
        longest = longest.min(slowest);
    }
    super::print(&format!("{what}: all of it / its longest step"), all, longest);
}
