use crate::domain::finding::{Class, ReportStatus};
use crate::domain::severity::Severity;
use crate::report::read;

#[test]
fn code_dependencies_and_secrets_are_told_apart() {
    let text = r#"{"version": "1.9.0", "errors": [], "paths": {"scanned": ["a.py"]}, "results": [
        {"check_id": "py.eval", "path": "./a.py", "start": {"line": 3, "col": 5}, "end": {"line": 3, "col": 9}, "extra":
         {"message": "Eval.", "severity": "WARNING", "lines": "eval(x)", "fingerprint": "abc_0", "is_ignored": true,
          "metadata": {"cwe": "CWE-95: Eval", "confidence": "LOW", "shortlink": "https://sg.example/x"}}},
        {"check_id": "generic.secrets.key", "path": "b.env", "start": {"line": 1}, "extra":
         {"message": "A key.", "severity": "ERROR", "lines": "KEY=abcdefghijklmnop", "fingerprint": "requires login", "metadata": {}}},
        {"check_id": "ssc-1", "path": "package-lock.json", "start": {"line": 9}, "extra": {"message": "Bad parser.",
         "severity": "ERROR", "metadata": {"sca-severity": "CRITICAL", "sca-vuln-database-identifier": "CVE-2020-1234",
         "sca-fix-versions": [{"parser": "1.2"}, {"other": "9"}]}, "sca_info": {"reachable": false, "dependency_match":
         {"lockfile": "package-lock.json", "found_dependency": {"package": "parser", "version": "1.0", "ecosystem": "npm"}}}}}]}"#;
    let report = read("s.json", text.as_bytes(), None);
    assert_eq!((report.format, report.status, report.raw_items), ("semgrep-json", ReportStatus::Ok, 3));
    assert_eq!(report.classes, [Class::Sast, Class::Sca, Class::Secret]);
    let by = |rule: &str| report.findings.iter().find(|f| f.rule.raw() == rule).unwrap();
    let eval = by("py.eval");
    assert_eq!((eval.severity, eval.place(), &eval.cwe[..]), (Severity::Medium, "a.py:3".to_owned(), &[95][..]));
    assert!(eval.suppressed.is_some() && eval.sources[0].native_id.as_ref().unwrap().raw() == "abc_0");
    let key = by("generic.secrets.key");
    assert!(key.sources[0].native_id.is_none() && !key.snippet.as_ref().unwrap().raw().contains("mnop"));
    let parser = by("ssc-1");
    let package = parser.package.as_ref().unwrap();
    assert_eq!((parser.severity, parser.vulnerabilities[0].raw()), (Severity::Critical, "CVE-2020-1234"));
    assert_eq!((package.purl.as_ref().unwrap().raw(), package.fixed[0].raw()), ("pkg:npm/parser@1.0", "1.2"));
}

#[test]
fn nothing_scanned_is_not_clean() {
    let none = r#"{"version": "1", "results": [], "errors": [{"message": "no config"}], "paths": {"scanned": []}}"#;
    let report = read("s", none.as_bytes(), None);
    assert_eq!((report.status, report.format), (ReportStatus::NotAssessed, "semgrep-json"));
    assert_eq!(read("s", br#"{"results": [], "errors": []}"#, None).status, ReportStatus::Empty);
    let failed = none.replace(r#", "paths": {"scanned": []}"#, "");
    assert_eq!(read("s", failed.as_bytes(), None).status, ReportStatus::NotAssessed);
    let partly = none.replace(r#""scanned": []"#, r#""scanned": ["a.py"]"#);
    assert_eq!(read("s", partly.as_bytes(), None).status, ReportStatus::Empty);
    assert_eq!(read("s", br#"{"results": [1], "errors": []}"#, Some("semgrep-json")).status, ReportStatus::Error);
}

#[test]
fn junit_has_the_code() {
    let xml = r#"<testsuites><testsuite name="semgrep results"><testcase name="py.eval" classname="a.py" file="a.py" line="3">
        <failure type="INFO" message="Eval.">eval(x)</failure></testcase></testsuite></testsuites>"#;
    let report = read("s.xml", xml.as_bytes(), None);
    let f = &report.findings[0];
    assert_eq!((report.format, f.severity, f.rule.raw()), ("semgrep-junit", Severity::Low, "py.eval"));
    assert_eq!(f.snippet.as_ref().unwrap().raw(), "eval(x)");
}

#[test]
fn the_platform_knows_what_is_fixed() {
    let text = r#"{"findings": [
        {"match_based_id": "m1", "state": "fixed", "rule_name": "py.eval", "severity": "high", "location": {}},
        {"match_based_id": "m2", "state": "unresolved", "triage_state": "ignored", "triage_comment": "test code", "severity": "high",
         "rule": {"name": "py.exec", "message": "Exec.", "cwe_names": ["CWE-95: Eval"]}, "location": {"file_path": "b.py", "line": 2}}]}"#;
    let report = read("s", text.as_bytes(), None);
    assert_eq!((report.format, report.raw_items, report.findings.len()), ("semgrep-findings", 2, 1));
    assert_eq!(report.findings[0].suppressed.as_ref().unwrap().raw(), "ignored: test code");
    let fork = text.replace(r#""m2","#, r#""m2", "repository": {"name": "org/fork"},"#);
    let fork = read("s", fork.as_bytes(), None);
    assert_eq!(fork.findings[0].sources[0].native_id.as_ref().unwrap().raw(), "org/fork:m2");
    assert_ne!(fork.findings[0].keys[0], report.findings[0].keys[0]);
    let text = r#"{"hasMore": true, "vulns": [{"title": "Bad", "advisory": {"ruleId": "ssc-1", "severity": "LOW",
        "references": {"cveIds": ["CVE-2021-1"]}}, "matchedDependency": {"name": "p", "versionSpecifier": "1"},
        "dependencyFileLocation": {"path": "r.txt", "startLine": "4"}}]}"#;
    let report = read("s", text.as_bytes(), None);
    assert_eq!((report.format, report.findings[0].place().as_str()), ("semgrep-sca", "r.txt:4"));
    assert!(report.reason.unwrap().raw().contains("several"));
}
