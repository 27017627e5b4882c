//! The readers against real reports. Every difference to the manifest is explained in the list of differences, and
//! every line of that list must still be true.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::*;

const DIFFERENCES: &str = include_str!("../../tests/fixtures/report-differences.tsv");
const SCANNERS: [&str; 5] = ["bandit", "sarif", "trivy", "trivy_golden", "zap"];

fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("COUNTERSIGN_CORPUS").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: COUNTERSIGN_CORPUS is not set");
    }
    folder
}

/// Counts by severity, in the manifest's way of writing them.
fn counts(report: &Report) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for finding in &report.findings {
        *counts.entry(finding.severity.word().to_owned()).or_default() += 1;
    }
    counts
}

#[test]
fn real_reports_have_as_many_items_as_the_manifest_says() {
    let Some(corpus) = corpus() else { return };
    let manifest = std::fs::read_to_string(corpus.join("reports/manifest.tsv")).unwrap();
    let mut found = BTreeSet::new();
    let mut seen = 0;
    for row in manifest.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [scanner, file, format, expected, severities, _, _, _, raw, ..] = columns.as_slice() else { continue };
        if !SCANNERS.contains(scanner) && !format.starts_with("sarif") {
            continue;
        }
        seen += 1;
        let bytes = std::fs::read(corpus.join("reports").join(scanner).join(file)).unwrap();
        let report = read(file, &bytes, None);
        let mut compare = |what: &str, wanted: &str, ours: String| {
            if !wanted.is_empty() && wanted != ours {
                found.insert(format!("{scanner}\t{file}\t{what}\t{wanted}\t{ours}"));
            }
        };
        if report.status == ReportStatus::Error {
            compare("read", "yes", if report.format.is_empty() { "no" } else { "error" }.to_owned());
            continue;
        }
        compare("raw", raw, report.raw_items.to_string());
        compare("findings", expected, report.findings.len().to_string());
        // Other scales than ours are not compared.
        if let Ok(wanted) = serde_json::from_str::<BTreeMap<String, u64>>(severities)
            && wanted.keys().all(|k| k.parse::<crate::domain::severity::Severity>().is_ok())
        {
            let wanted: BTreeMap<String, u64> =
                wanted.into_iter().filter(|(_, n)| *n > 0).map(|(k, n)| (k.to_lowercase(), n)).collect();
            let ours = counts(&report);
            compare("severities", &format!("{wanted:?}"), format!("{ours:?}"));
        }
        assert!(report.merged as usize + report.findings.len() <= report.raw_items as usize);
        let unique: BTreeSet<_> = report.findings.iter().map(|f| &f.fingerprint).collect();
        assert_eq!(unique.len(), report.findings.len(), "{file}");
    }
    assert!(seen > 60, "the manifest was not understood: {seen}");
    let known: BTreeSet<String> = DIFFERENCES
        .lines()
        .filter(|l| !l.starts_with('#') && !l.is_empty())
        .map(|l| l.rsplit_once('\t').expect("a reason in the last column").0.to_owned())
        .collect();
    let new: Vec<_> = found.difference(&known).collect();
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(new.is_empty() && gone.is_empty(), "not explained: {new:#?}\nnot true any more: {gone:#?}");
}

#[test]
fn one_bandit_run_in_two_formats_is_the_same_findings() {
    let Some(corpus) = corpus() else { return };
    let of = |name: &str| {
        let bytes = std::fs::read(corpus.join("recordings/scanners").join(name)).unwrap();
        let report = read(name, &bytes, None);
        assert_eq!(report.status, ReportStatus::Ok, "{name}");
        report.findings
    };
    let (json, sarif) = (of("bandit.json"), of("bandit.sarif"));
    assert_eq!(json.len(), sarif.len());
    let merged = dedup::merge_across(vec![json.clone(), sarif]);
    assert_eq!(merged.len(), json.len());
    assert!(merged.iter().all(|f| f.sources.len() == 2));
    // Another tool that reports the same weakness stays another finding.
    let semgrep = of("semgrep.sarif");
    assert_eq!(dedup::merge_across(vec![json.clone(), semgrep.clone()]).len(), json.len() + semgrep.len());
    assert_eq!(of("hadolint.sarif")[0].class, Class::Iac);
}
