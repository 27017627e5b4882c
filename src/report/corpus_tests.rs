//! The readers against real reports. Every difference to the manifest is explained in the list of differences, and every
//! line of that list must still be true.
//!
//! `COUNTERSIGN_SCANNERS=burp,acunetix cargo test --lib corpus -- --nocapture` looks at some scanners only, and prints.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::*;
use crate::domain::severity::Severity;

const DIFFERENCES: &str = include_str!("../../tests/fixtures/report-differences.tsv");

fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("COUNTERSIGN_CORPUS").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: COUNTERSIGN_CORPUS is not set");
    }
    folder
}

/// A line of the manifest.
struct Row {
    scanner: String,
    file: String,
    expected: String,
    severities: String,
    raw: String,
}

impl Row {
    fn path(&self, corpus: &Path) -> PathBuf {
        corpus.join("reports").join(&self.scanner).join(&self.file)
    }
}

fn rows(corpus: &Path) -> Vec<Row> {
    let only = std::env::var("COUNTERSIGN_SCANNERS").unwrap_or_default();
    let only: Vec<&str> = only.split(',').filter(|s| !s.is_empty()).collect();
    let manifest = std::fs::read_to_string(corpus.join("reports/manifest.tsv")).unwrap();
    let cells = |row: &str| -> Vec<String> { row.split('\t').map(str::to_owned).collect() };
    let all = manifest.lines().skip(1).map(cells).filter(|c| c.len() >= 9);
    let rows: Vec<Row> = all
        .map(|c| Row {
            scanner: c[0].clone(),
            file: c[1].clone(),
            expected: c[3].clone(),
            severities: c[4].clone(),
            raw: c[8].clone(),
        })
        .filter(|r| only.is_empty() || only.contains(&r.scanner.as_str()))
        .collect();
    assert!(!rows.is_empty(), "the manifest was not understood");
    rows
}

/// The report or, of an archive, what is in it, as one.
fn read_file(path: &Path, name: &str) -> Report {
    let mut reports = read_all(name, &std::fs::read(path).unwrap(), None);
    let mut first = reports.remove(0);
    for other in reports {
        first.raw_items += other.raw_items;
        first.merged += other.merged;
        first.findings.extend(other.findings);
    }
    first
}

/// Counts by severity, in the manifest's way of writing them.
fn counts(report: &Report) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for finding in &report.findings {
        *counts.entry(finding.severity.word().to_owned()).or_default() += 1;
    }
    counts
}

/// The manifest's severities in our words; `None` where it has other scales than ours.
fn wanted_counts(severities: &str) -> Option<BTreeMap<String, u64>> {
    let wanted: BTreeMap<String, u64> = serde_json::from_str(severities).ok()?;
    let ours = |(k, n): (String, u64)| Some((k.parse::<Severity>().ok()?.word().to_owned(), n));
    wanted.into_iter().filter(|(_, n)| *n > 0).map(ours).collect()
}

#[test]
fn real_reports_have_as_many_items_as_the_manifest_says() {
    let Some(corpus) = corpus() else { return };
    let partial = std::env::var_os("COUNTERSIGN_SCANNERS").is_some();
    let mut found = BTreeSet::new();
    let mut scanners = BTreeSet::new();
    for row in rows(&corpus) {
        let Row { scanner, file, expected, severities, raw } = &row;
        scanners.insert(scanner.clone());
        let report = read_file(&row.path(&corpus), file);
        if partial {
            println!(
                "{scanner}/{file}: {} {:?} raw {} findings {} merged {} {:?}; manifest raw {raw:?} findings {expected:?} {severities}{}",
                report.format,
                report.status,
                report.raw_items,
                report.findings.len(),
                report.merged,
                counts(&report),
                report.reason.as_ref().map(|r| format!("; {}", r.raw())).unwrap_or_default()
            );
        }
        let mut compare = |what: &str, wanted: &str, ours: String| {
            if !wanted.is_empty() && wanted != ours {
                found.insert(format!("{scanner}\t{file}\t{what}\t{wanted}\t{ours}"));
            }
        };
        if report.status == ReportStatus::Error {
            let wanted = if expected == "error" { "error" } else { "yes" };
            compare("read", wanted, if report.format.is_empty() { "no" } else { "error" }.to_owned());
            continue;
        }
        compare("raw", raw, report.raw_items.to_string());
        if expected == "error" {
            compare("read", "error", "yes".to_owned());
            continue;
        }
        compare("findings", expected, report.findings.len().to_string());
        if let Some(wanted) = wanted_counts(severities) {
            compare("severities", &format!("{wanted:?}"), format!("{:?}", counts(&report)));
        }
        assert!(report.merged as usize <= report.raw_items as usize + report.findings.len(), "{file}");
        let unique: BTreeSet<_> = report.findings.iter().map(|f| &f.fingerprint).collect();
        assert_eq!(unique.len(), report.findings.len(), "{file}");
        for finding in &report.findings {
            assert!(!finding.title.raw().trim().is_empty(), "{file}: a finding without a title");
            assert!(!finding.rule.raw().trim().is_empty(), "{file}: a finding without a rule: {finding:?}");
        }
    }
    let known: BTreeSet<String> = DIFFERENCES
        .lines()
        .filter(|l| !l.starts_with('#') && !l.is_empty())
        .map(|l| l.rsplit_once('\t').expect("a reason in the last column").0.to_owned())
        .filter(|l| l.split('\t').next().is_some_and(|s| scanners.contains(s)))
        .collect();
    let new: Vec<_> = found.difference(&known).collect();
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(new.is_empty() && gone.is_empty(), "not explained: {new:#?}\nnot true any more: {gone:#?}");
}

/// A finding as an upstream parser sees it, and which of its fields ours agrees with.
fn agreement(theirs: &Value, ours: &Finding) -> Vec<(&'static str, bool)> {
    let text = |key: &str| theirs[key].as_str().filter(|t| !t.trim().is_empty());
    let mut out = Vec::new();
    if let Some(severity) = text("severity") {
        out.push(("severity", severity.parse::<Severity>().ok() == Some(ours.severity)));
    }
    let places = || std::iter::once(&ours.location).chain(&ours.also);
    if let Some(path) = text("file_path")
        && ours.location.path.is_some()
    {
        let path = dedup::normalise_path(path);
        let same = |p: &str| p == path || p.ends_with(&format!("/{path}")) || path.ends_with(&format!("/{p}"));
        out.push(("file", places().any(|l| l.path.as_ref().is_some_and(|p| same(p.raw())))));
    }
    if let Some(line) = theirs["line"].as_u64().or_else(|| text("line")?.parse().ok()).filter(|n| *n > 0)
        && ours.location.line.is_some()
    {
        out.push(("line", places().any(|l| l.line.map(u64::from) == Some(line))));
    }
    let ids: Vec<&str> = theirs["ids"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if let Some(id) = ids.iter().find(|i| i.starts_with("CVE-"))
        && !ours.vulnerabilities.is_empty()
    {
        out.push(("id", ours.vulnerabilities.iter().any(|v| v.raw() == *id)));
    }
    if let Some(name) = text("component_name")
        && let Some(package) = &ours.package
    {
        let bare = |n: &str| n.to_lowercase().replace(':', "/");
        let (name, own) = (bare(name), bare(package.name.raw()));
        out.push((
            "component",
            own == name || own.ends_with(&format!("/{name}")) || name.ends_with(&format!("/{own}")),
        ));
    }
    if let Some(version) = text("component_version")
        && let Some(own) = ours.package.as_ref().and_then(|p| p.version.as_ref())
    {
        out.push(("version", own.raw() == version));
    }
    if let Some(cwe) = theirs["cwe"].as_u64().or_else(|| text("cwe")?.parse().ok()).filter(|n| *n > 0)
        && !ours.cwe.is_empty()
    {
        out.push(("cwe", ours.cwe.iter().any(|c| u64::from(*c) == cwe)));
    }
    out
}

/// Each finding of an upstream parser is compared with the one of ours that agrees best.
#[test]
fn findings_agree_with_upstream_in_their_fields() {
    let Some(corpus) = corpus() else { return };
    let partial = std::env::var_os("COUNTERSIGN_SCANNERS").is_some();
    let details = std::fs::read_to_string(corpus.join("reports/expected_detail.jsonl")).unwrap();
    let known: BTreeSet<(String, String)> = rows(&corpus).into_iter().map(|r| (r.scanner, r.file)).collect();
    let mut shares: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for line in details.lines() {
        let expected: Value = serde_json::from_str(line).unwrap();
        let (scanner, file) = (expected["scanner"].as_str().unwrap(), expected["file"].as_str().unwrap());
        if !known.contains(&(scanner.to_owned(), file.to_owned())) {
            continue;
        }
        let path = corpus.join("reports").join(scanner).join(file);
        let report = read_file(&path, file);
        for theirs in expected["findings"].as_array().into_iter().flatten() {
            let title = theirs["title"].as_str().unwrap_or_default().to_lowercase();
            let words: Vec<&str> = title.split(|c: char| !c.is_alphanumeric()).filter(|w| w.len() > 3).collect();
            let score = |f: &Finding| {
                let agree = agreement(theirs, f);
                let own = format!("{} {}", f.title.raw(), f.rule.raw()).to_lowercase();
                let common = words.iter().filter(|w| own.contains(**w)).count();
                let severity = agree.iter().any(|(n, ok)| *n == "severity" && *ok);
                (agree.iter().filter(|(n, ok)| *n != "severity" && *ok).count() * 3 + common, severity)
            };
            let Some(best) = report.findings.iter().max_by_key(|f| score(f)) else { continue };
            for (field, same) in agreement(theirs, best) {
                let share = shares.entry(field).or_default();
                share.0 += u32::from(same);
                share.1 += 1;
                if partial && !same {
                    println!(
                        "{scanner}/{file}: {field} of {:?}: theirs {theirs}; ours {:?} {:?} {} {:?} {:?}",
                        best.title.raw(),
                        best.severity,
                        best.vulnerabilities,
                        best.place(),
                        best.package,
                        best.cwe
                    );
                }
            }
        }
    }
    for (field, (same, of)) in &shares {
        println!("{field}: {same} of {of} agree ({:.1} %)", f64::from(*same) * 100.0 / f64::from(*of));
    }
    for (field, (same, of)) in shares {
        // What is left are scales of upstream, and places that it makes up; the list of differences says which.
        let floor = if matches!(field, "severity" | "file") { 80 } else { 88 };
        assert!(partial || same * 100 >= of * floor, "{field}: only {same} of {of} agree");
    }
}

/// A document belongs to one format: two that are sure of it would make the order of the formats matter.
#[test]
fn no_report_is_claimed_by_two_formats() {
    let Some(corpus) = corpus() else { return };
    for row in rows(&corpus) {
        let bytes = std::fs::read(row.path(&corpus)).unwrap();
        let Ok(text) = decode::text(&bytes) else { continue };
        let shape = Shape::of(&text, true);
        for fit in [shape::Fit::Sure, shape::Fit::General] {
            let sure: Vec<_> = formats().filter(|f| (f.detect)(&shape) == fit).map(|f| f.name).collect();
            assert!(sure.len() <= 1, "{}/{}: {sure:?}", row.scanner, row.file);
        }
        let early = detected(&Shape::of(&text, false)).map(|f| f.name);
        assert_eq!(early, detected(&shape).map(|f| f.name), "{}/{}", row.scanner, row.file);
    }
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
