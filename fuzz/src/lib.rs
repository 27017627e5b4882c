//! The rooms of Countersign that read what others write, on their own, so that they build fast with the instrumentation
//! of a fuzzer. The files are the same ones, by symbolic links.
#![allow(missing_docs, dead_code)]

pub mod domain;
pub mod report;
pub mod text;

/// Reads a report, and holds it to what must be true of every report.
pub fn check(data: &[u8], format: Option<&str>) {
    for report in report::read_all("fuzz", data, format) {
        let unique: std::collections::HashSet<_> = report.findings.iter().map(|f| f.fingerprint).collect();
        assert_eq!(unique.len(), report.findings.len(), "two findings with one fingerprint");
        assert!(report.findings.iter().all(|f| !f.keys.is_empty()), "a finding that cannot be recognised again");
        let failed = matches!(report.status, domain::finding::ReportStatus::Error);
        assert!(!failed || report.reason.is_some(), "an error without a reason");
        assert!(!failed || report.findings.is_empty(), "an error with findings");
        let summed = u64::from(report.merged) + report.findings.len() as u64;
        assert!(u64::from(report.merged) <= summed);
    }
}
