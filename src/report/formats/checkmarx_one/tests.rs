use crate::domain::finding::{Class, ReportStatus};
use crate::domain::severity::Severity;
use crate::report::{Report, read};

fn of(text: &str) -> Report {
    read("c", text.as_bytes(), None)
}

#[test]
fn results_of_all_engines_are_told_apart() {
    let report = of(r#"{"totalCount": 4, "scanID": "s", "results": [
        {"type": "sast", "id": "h=", "similarityId": "-7", "state": "NOT_EXPLOITABLE", "severity": "HIGH", "vulnerabilityDetails": {"cweId": 89},
         "data": {"queryName": "SQL_Injection", "nodes": [{"fileName": "/a.py", "line": 4, "column": 2, "fullName": "q"}]}},
        {"type": "kics", "id": "k", "similarityId": "abc", "state": "TO_VERIFY", "severity": "INFO",
         "data": {"queryName": "No User", "filename": "Dockerfile", "line": 3, "expectedValue": "a user"}},
        {"type": "sca", "id": "CVE-2020-5", "similarityId": "0", "state": "TO_VERIFY", "severity": "CRITICAL", "vulnerabilityDetails":
         {"cweId": "CWE-20", "cvssScore": 9.8}, "data": {"packageIdentifier": "Npm-some-lib-1.2.3-beta", "recommendedVersion": "1.3"}},
        {"type": "sast", "status": "FIXED", "similarityId": "8", "state": "TO_VERIFY", "severity": "HIGH", "data": {}}]}"#);
    assert_eq!((report.format, report.raw_items, report.findings.len()), ("checkmarx-one-json", 4, 3));
    assert_eq!(report.classes, [Class::Sast, Class::Sca, Class::Iac]);
    let [sql, user, lib] = report.findings.as_slice() else { panic!() };
    assert_eq!((sql.place().as_str(), sql.title.raw(), sql.suppressed.is_some()), ("/a.py:4", "SQL Injection", true));
    assert_eq!(sql.sources[0].native_id.as_ref().unwrap().raw(), "SQL_Injection:-7");
    assert_eq!((user.severity, user.place().as_str()), (Severity::Info, "Dockerfile:3"));
    let package = lib.package.as_ref().unwrap();
    assert_eq!(
        (package.name.raw(), package.version.as_ref().unwrap().raw(), lib.rule.raw()),
        ("some-lib", "1.2.3-beta", "CVE-2020-5")
    );
}

#[test]
fn both_forms_of_the_report_are_read() {
    let old = of(
        r#"{"reportHeader": {}, "scanSummary": {}, "scanResults": {"sast": {"languages": [{"languageName": "Java", "queries":
        [{"queryName": "XSS", "vulnerabilities": [{"similarityId": 5, "state": "To verify", "severity": "LOW", "cweId": 79,
        "nodes": [{"fileName": "A.java", "line": 2}]}]}]}]}}}"#,
    );
    assert_eq!(
        (old.format, old.findings[0].place().as_str(), &old.findings[0].cwe[..]),
        ("checkmarx-one-report", "A.java:2", &[79][..])
    );
    let new = of(
        r#"{"reportHeader": {}, "scanResults": {"resultsList": [{"queryName": "XSS", "cweId": 79, "vulnerabilities":
        [{"similarityId": 5, "state": "To Verify", "severity": "High", "destinationFileName": "B.kt", "destinationLine": 7, "nodes": []}]}]},
        "iacScanResults": {"technology": [{"name": "Docker", "queries": [{"queryName": "Root", "resultsList": [{"severity": "Medium",
        "fileName": "Dockerfile"}]}]}]}, "scaScanResults": null}"#,
    );
    assert_eq!(
        (new.raw_items, new.findings[0].place().as_str(), new.findings[0].severity),
        (2, "B.kt:7", Severity::High)
    );
    assert_eq!((new.findings[1].class, &new.classes[..]), (Class::Iac, &[Class::Sast, Class::Iac][..]));
}

#[test]
fn results_in_a_strange_form_are_no_clean_part() {
    let new = |sca: &str| of(&format!(r#"{{"reportHeader": {{}}, "scanResults": null, "scaScanResults": {sca}}}"#));
    let known = new(
        r#"{"packages": [{"packageName": "p", "packageVersion": "1", "packageCategory": [{"categoryName": "CVE", "categoryResults":
        [{"cve": "CVE-2020-1", "severity": "High"}, {"cve": "CVE-2020-2", "severity": "Low"}]}]}]}"#,
    );
    assert_eq!(
        (known.raw_items, known.findings[0].rule.raw(), &known.classes[..]),
        (2, "CVE-2020-1", &[Class::Sca][..])
    );
    for strange in
        [r#"{"packages": [{"name": "p", "risks": [{"id": "CVE-2020-1"}]}]}"#, r#"{"risks": [{"id": "CVE-2020-1"}]}"#]
    {
        let report = new(strange);
        assert_eq!(report.status, ReportStatus::Error, "{strange}");
        assert!(report.reason.unwrap().raw().contains("in a form that is not known"));
    }
    assert_eq!(new("{}").classes, []);
    assert_eq!(new(r#"{"totalPackages": 0}"#).classes, [Class::Sca]);
    let old = |sca: &str| {
        of(&format!(r#"{{"reportHeader": {{}}, "scanResults": {{"sast": {{"languages": []}}, "sca": {sca}}}}}"#))
    };
    assert_eq!(old(r#"{"risks": [{"id": "CVE-2020-1"}]}"#).status, ReportStatus::Error);
    assert_eq!(old("{}").classes, [Class::Sast]);
    assert_eq!(old(r#"{"packages": []}"#).classes, [Class::Sast, Class::Sca]);
    let other = r#"{"reportHeader": {}, "scanResults": {"resultsList": []}, "containerScanResults": {"images": [{"name": "i"}]}}"#;
    assert_eq!(of(other).status, ReportStatus::NotAssessed);
}

#[test]
fn nothing_at_all_is_not_assessed() {
    let null = of(r#"{"results": null, "totalCount": 0, "scanID": "s"}"#);
    assert_eq!((null.format, null.status), ("checkmarx-one-json", ReportStatus::Empty));
    assert_eq!(of(r#"{"results": null, "totalCount": 5, "scanID": "s"}"#).status, ReportStatus::Error);
    assert_eq!(of(r#"{"results": [], "totalCount": 57, "scanID": "s"}"#).status, ReportStatus::NotAssessed);
    assert_eq!(of(r#"{"results": [], "totalCount": 0, "scanID": "s"}"#).status, ReportStatus::Empty);
    assert_eq!(
        of(r#"{"reportHeader": {}, "scanResults": null, "iacScanResults": null}"#).status,
        ReportStatus::NotAssessed
    );
    assert_eq!(of(r#"{"reportHeader": {}, "scanResults": {"resultsList": {}}}"#).status, ReportStatus::Error);
}
