use crate::domain::finding::{Class, ReportStatus};
use crate::domain::severity::Severity;
use crate::report::{Report, read};

fn of(text: &str) -> Report {
    read("v", text.as_bytes(), None)
}

#[test]
fn the_detailed_report_has_flaws_and_components() {
    let report = of(
        r#"<detailedreport app_id="9"><static-analysis/><severity level="4"><category categoryname="Injection"><desc>
        <para text="About."/></desc><recommendations><para text="Bind."/></recommendations><cwe cweid="89"><staticflaws>
        <flaw severity="4" categoryname="SQL Injection" issueid="3" cweid="89" description="Here." sourcefilepath="com/a/" sourcefile="B.java"
         line="7" remediation_status="Open" mitigation_status="accepted"><mitigations><mitigation description="filtered"/></mitigations></flaw>
        <flaw severity="4" issueid="4" cweid="89" remediation_status="Fixed"/></staticflaws></cwe></category></severity>
        <software_composition_analysis><vulnerable_components><component library="lib" version="1.0" library_id="maven:g:lib:1.0:"><file_paths>
        <file_path value="a.war#lib.jar"/></file_paths><vulnerabilities><vulnerability cve_id="CVE-2020-3" cvss_score="9.8" severity="5"
        cwe_id="CWE-20" mitigation="false"/></vulnerabilities></component></vulnerable_components></software_composition_analysis></detailedreport>"#,
    );
    assert_eq!((report.format, report.raw_items, report.findings.len()), ("veracode-xml", 3, 2));
    assert_eq!(report.classes, [Class::Sast, Class::Sca]);
    let (flaw, lib) = (&report.findings[0], &report.findings[1]);
    assert_eq!((flaw.severity, flaw.rule.raw(), flaw.place().as_str()), (Severity::High, "CWE-89", "com/a/B.java:7"));
    assert_eq!(flaw.sources[0].native_id.as_ref().unwrap().raw(), "9:3");
    assert!(
        flaw.suppressed.as_ref().unwrap().raw().contains("filtered")
            && flaw.detail.raw().contains("Recommendations: Bind.")
    );
    let package = lib.package.as_ref().unwrap();
    assert_eq!((package.name.raw(), package.purl.as_ref().unwrap().raw()), ("g:lib", "pkg:maven/g/lib@1.0"));
    assert_eq!((lib.severity, lib.vulnerabilities[0].raw()), (Severity::Critical, "CVE-2020-3"));
    assert_eq!(
        of("<detailedreport app_id='9'><severity level='5'/></detailedreport>").status,
        ReportStatus::NotAssessed
    );
    let clean = of("<detailedreport><static-analysis/><software_composition_analysis \
        sca_service_available='false'><vulnerable_components/></software_composition_analysis></detailedreport>");
    assert_eq!((clean.status, clean.classes.as_slice()), (ReportStatus::Empty, &[Class::Sast][..]));
}

#[test]
fn the_api_has_all_kinds_in_one_list() {
    let report = of(r#"{"_embedded": {"findings": [
        {"issue_id": 5, "scan_type": "STATIC", "context_guid": "g", "finding_status": {"status": "OPEN", "resolution_status": "APPROVED",
         "resolution": "MITIGATED"}, "finding_details": {"severity": 3, "cwe": {"id": 80}, "file_path": "/a.jsp", "file_line_number": 5,
         "finding_category": {"name": "XSS"}}, "description": "<span>Bad.</span>"},
        {"issue_id": 6, "scan_type": "DYNAMIC", "finding_status": {"status": "CLOSED"}, "finding_details": {}},
        {"scan_type": "SCA", "finding_status": {"status": "OPEN"}, "finding_details": {"severity": 4, "version": "2.1",
         "component_filename": "lib-2.1.jar", "cve": {"name": "CVE-2021-4", "cvss3": {"score": 7.5, "vector": "AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}}}}]}}"#);
    assert_eq!((report.format, report.raw_items, report.findings.len()), ("veracode-findings", 3, 2));
    let (xss, lib) = (&report.findings[0], &report.findings[1]);
    assert_eq!(
        (xss.place().as_str(), xss.suppressed.is_some(), xss.detail.raw()),
        ("/a.jsp:5", true, "Bad.\n\nFlaw: 5")
    );
    assert_eq!(
        (lib.package.as_ref().unwrap().name.raw(), lib.scores.as_ref().unwrap().cvss.as_ref().unwrap().raw()),
        ("lib", "7.5")
    );
    let none = r#"{"_links": {"self": {"href": "https://api.example/appsec/v2/applications/g/findings?page=0"}}, "page":
        {"size": 100, "total_elements": 0, "total_pages": 0, "number": 0}}"#;
    let clean = of(none);
    assert_eq!((clean.format, clean.status), ("veracode-findings", ReportStatus::Empty));
    assert_eq!(of(&none.replace("elements\": 0", "elements\": 57")).status, ReportStatus::NotAssessed);
    assert_eq!(of(r#"{"findings": {"scan_type": 1}}"#).status, ReportStatus::Error);
}

#[test]
fn a_pipeline_scan_that_failed_is_not_assessed() {
    let of = |status: &str| {
        of(&format!(
            r#"{{"pipeline_scan": "24.1", "scan_status": "{status}", "findings": [{{"title": "java.sql.run", "issue_type": "SQL Injection",
        "cwe_id": "89", "severity": 4, "files": {{"source_file": {{"file": "a/B.java", "line": 3}}}},
        "flaw_match": {{"procedure_hash": "1", "flaw_hash": "2", "flaw_hash_ordinal": "1"}}}}]}}"#
        ))
    };
    let report = of("SUCCESS");
    assert_eq!((report.format, report.findings[0].place().as_str()), ("veracode-pipeline", "a/B.java:3"));
    assert_eq!(report.findings[0].sources[0].native_id.as_ref().unwrap().raw(), "1:2:1");
    assert_eq!(of("FAILURE").status, ReportStatus::NotAssessed);
}

#[test]
fn the_agent_lists_the_same_in_both_forms() {
    let csv = of(
        "\"Issue ID\",\"Issue type\",\"Ignored\",\"Status\",\"Library\",\"Version in use\",\"Package manager\",\"Coordinate 1\",\"Coordinate 2\",\"Vulnerability ID\",\"Title\",\"CVSS score\",\"Severity\",\"CVE\"\n\
        1,\"Vulnerability\",false,\"Open\",\"A lib\",\"1.0\",\"MAVEN\",\"g\",\"a\",36,\"Traversal\",6.4,\"Medium\",\"2022-31\"\n\
        2,\"Vulnerability\",false,\"Resolved\",\"A lib\",\"1.0\",\"MAVEN\",\"g\",\"a\",36,\"Traversal\",6.4,\"Medium\",\"2022-32\"\n",
    );
    let json = of(
        r#"{"_embedded": {"issues": [{"issue_status": "open", "issue_type": "vulnerability", "severity": 6.4, "ignored": true,
        "library": {"id": "maven:g:a:1.0:", "name": "A lib", "version": "1.0"}, "vulnerability": {"cve": "2022-31", "cwe_id": "CWE-22"}}]}}"#,
    );
    assert_eq!((csv.format, csv.raw_items, json.format), ("veracode-sca-csv", 2, "veracode-sca-json"));
    for f in [&csv.findings[0], &json.findings[0]] {
        assert_eq!(
            (f.severity, f.rule.raw(), f.package.as_ref().unwrap().name.raw()),
            (Severity::Medium, "CVE-2022-31", "g:a")
        );
        assert_eq!(f.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:maven/g/a@1.0");
    }
    assert!(json.findings[0].suppressed.is_some());
}
