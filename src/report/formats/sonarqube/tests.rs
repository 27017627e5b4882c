use crate::domain::finding::{Class, ReportStatus};
use crate::domain::severity::Severity;
use crate::report::{Report, read};

fn of(text: &str) -> Report {
    read("s", text.as_bytes(), None)
}

#[test]
fn issues_have_the_severity_of_the_live_source() {
    let report = of(r#"{"paging": {"pageIndex": 1, "pageSize": 3, "total": 9}, "issues": [
        {"key": "K1", "rule": "java:S1", "severity": "MINOR", "component": "p:src/A.java", "project": "p", "line": 4,
         "message": "Mend it.", "type": "BUG", "impacts": [{"softwareQuality": "SECURITY", "severity": "HIGH"}]},
        {"key": "K2", "rule": "java:S2", "severity": "BLOCKER", "component": "m", "project": "p", "status": "CLOSED", "resolution": "FIXED"},
        {"key": "K3", "rule": "OWASP:UsingComponentWithKnownVulnerability", "severity": "MAJOR", "component": "p", "project": "p",
         "resolution": "WONTFIX", "message": "Filename: parser-1.2.3.jar | Reference: CVE-2020-77 | CVSS Score: 6.4 | Category: CWE-120"}],
        "components": [{"key": "m", "path": "x.java"}]}"#);
    assert_eq!((report.format, report.raw_items, report.findings.len()), ("sonarqube-json", 3, 2));
    assert!(report.reason.unwrap().raw().contains("3 of 9"));
    let (bug, jar) = (&report.findings[0], &report.findings[1]);
    assert_eq!((bug.severity, bug.place(), bug.rule.raw()), (Severity::High, "src/A.java:4".to_owned(), "java:S1"));
    assert_eq!(bug.sources[0].native_id.as_ref().unwrap().raw(), "K1");
    let package = jar.package.as_ref().unwrap();
    assert_eq!((package.name.raw(), package.version.as_ref().unwrap().raw()), ("parser", "1.2.3"));
    assert_eq!((jar.class, &jar.cwe[..], jar.vulnerabilities[0].raw()), (Class::Sca, &[120][..], "CVE-2020-77"));
    assert!(jar.suppressed.is_some());
}

#[test]
fn hotspots_and_empty_answers() {
    let report = of(r#"[{"key": "H", "component": "p:a.rb", "project": "p", "securityCategory": "auth", "line": 2,
        "vulnerabilityProbability": "MEDIUM", "status": "REVIEWED", "resolution": "SAFE", "message": "Look."}]"#);
    let f = &report.findings[0];
    assert_eq!((f.severity, f.rule.raw(), f.suppressed.is_some()), (Severity::Medium, "hotspot:auth", true));
    let empty = r#"{"paging": {"pageIndex": 1, "total": 0}, "hotspots": [], "components": []}"#;
    assert_eq!(of(empty).status, ReportStatus::Empty);
    let later = r#"{"paging": {"pageIndex": 9, "pageSize": 100, "total": 57}, "issues": [], "components": []}"#;
    assert_eq!(of(later).status, ReportStatus::NotAssessed);
    assert_eq!(of(r#"{"paging": {"pageIndex": 1, "total": 0}, "issues": {"a": 1}}"#).status, ReportStatus::Error);
}

#[test]
fn rows_of_the_page_are_findings() {
    let page = |rows: &str| {
        format!("<!DOCTYPE html><html><h1>SonarQube</h1><h2>Summary of the Detected Vulnerabilities</h2><table><tr><th>Rule</th>
        <th>Severity</th><th>Component</th><th>Line</th><th>Description</th><th>Message</th><th>Key</th></tr>{rows}</table>
        <table><tr><th>Rule</th><th>Description</th></tr><tr><td>r:S1</td><td>See CWE-798.</td></tr></table></html>")
    };
    let report = of(&page(
        "<tr><td><a href='u'>r:S1</a></td><td>CRITICAL</td><td>a.java</td><td>7</td><td>D</td><td>M</td><td>K</td></tr>",
    ));
    let f = &report.findings[0];
    assert_eq!(
        (report.format, f.severity, f.place().as_str(), &f.cwe[..]),
        ("sonarqube-html", Severity::High, "a.java:7", &[798][..])
    );
    assert_eq!(of(&page("")).status, ReportStatus::Empty);
    assert_eq!(of("<html>SonarQube Detected Vulnerabilities</html>").status, ReportStatus::Error);
}

#[test]
fn issues_of_other_tools_are_read() {
    let report = of(r#"{"issues": [{"engineId": "lint", "ruleId": "L1", "severity": "CRITICAL", "primaryLocation":
        {"message": "Bad.", "filePath": "a.c", "textRange": {"startLine": 3}}}]}"#);
    assert_eq!(
        (report.format, report.tool.raw(), report.findings[0].severity),
        ("sonarqube-generic", "lint", Severity::High)
    );
}

#[test]
fn the_json_of_sonar_report() {
    let with = |rules: &str, issues: &str| {
        of(&format!(
            r#"{{"date": "d", "projectName": "p", "sonarBaseURL": "https://s.example", "rules": {rules}, "issues": {issues}, "hotspotKeys": [], "summary": {{"major": 0}}}}"#
        ))
    };
    let report = with(
        r#"{"py:S9": {"name": "Guard it", "htmlDesc": "<p>See CWE-352.</p>", "severity": "MAJOR"}}"#,
        r#"[{"rule": "py:S9", "severity": "MAJOR", "status": "TO_REVIEW", "component": "app.py", "line": 8, "message": "Guard.", "key": "K"}]"#,
    );
    let f = &report.findings[0];
    assert_eq!(
        (report.format, f.severity, f.place(), &f.cwe[..]),
        ("sonarqube-json", Severity::Medium, "app.py:8".to_owned(), &[352][..])
    );
    let none = with("{}", "[]");
    assert_eq!((none.format, none.status), ("sonarqube-json", ReportStatus::Empty));
}
