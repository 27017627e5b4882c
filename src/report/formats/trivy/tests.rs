use crate::domain::finding::{Class, ReportStatus, Rung};
use crate::domain::severity::Severity;
use crate::report::read;

#[test]
fn a_container_report_has_all_its_classes() {
    let text = br#"{"SchemaVersion": 2, "Trivy": {"Version": "0.67.0"}, "ArtifactName": "pay:1", "ArtifactType": "container_image", "Results": [
        {"Target": "pay:1 (debian 12.5)", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": [
            {"VulnerabilityID": "CVE-2024-1", "PkgName": "openssl", "InstalledVersion": "3.0.1", "FixedVersion": "3.0.2, 3.1.0",
             "PkgIdentifier": {"PURL": "pkg:deb/debian/openssl@3.0.1?arch=amd64"}, "Severity": "CRITICAL", "Title": "openssl: x",
             "CweIDs": ["CWE-787"]}]},
        {"Target": "Java", "Class": "lang-pkgs", "Type": "jar", "Vulnerabilities": [
            {"VulnerabilityID": "GHSA-abcd-efgh-ijkl", "PkgName": "org.x:y", "PkgPath": "app/y.jar", "Severity": "WEIRD"}]},
        {"Target": "main.tf", "Class": "config", "Misconfigurations": [
            {"ID": "AWS-1", "Title": "Open bucket", "Message": "m", "Severity": "HIGH", "Status": "FAIL",
             "CauseMetadata": {"Resource": "aws_s3.b", "StartLine": 4, "Code": {"Lines": [
                {"Number": 3, "Content": "resource", "IsCause": false}, {"Number": 4, "Content": "acl = public", "IsCause": true}]}}},
            {"ID": "AWS-2", "Severity": "HIGH", "Status": "PASS"}]},
        {"Target": ".env", "Class": "secret", "Secrets": [
            {"RuleID": "aws", "Severity": "CRITICAL", "Title": "AWS key", "StartLine": 2, "Match": "KEY=AKIAIOSFODNN7EXAMPLE"}]},
        {"Target": "licences", "Class": "license", "Licenses": [{"Severity": "LOW", "PkgName": "musl", "Name": "MIT", "Confidence": 1}]}]}"#;
    let report = read("t.json", text, None);
    assert_eq!((report.format, report.status, report.raw_items), ("trivy-json", ReportStatus::Ok, 6));
    assert_eq!(report.classes, [Class::Sca, Class::Container, Class::Iac, Class::Secret, Class::Licence]);
    let by = |class| report.findings.iter().find(|f| f.class == class).unwrap();
    let os = by(Class::Container);
    assert_eq!((os.severity, os.cwe.as_slice()), (Severity::Critical, &[787][..]));
    let fixed: Vec<&str> = os.package.as_ref().unwrap().fixed.iter().map(crate::text::Untrusted::raw).collect();
    assert_eq!(fixed, ["3.0.2", "3.1.0"]);
    assert_eq!(by(Class::Sca).severity, Severity::Unknown);
    assert_eq!(by(Class::Sca).place(), "app/y.jar");
    assert_eq!(by(Class::Iac).snippet.as_ref().unwrap().raw(), "acl = public");
    assert!(!by(Class::Secret).snippet.as_ref().unwrap().raw().contains("IOSFODNN7"));
    assert_eq!(by(Class::Licence).title.raw(), "Licence MIT of musl");
    assert_eq!(report.tool_version.unwrap().raw(), "0.67.0");
}

#[test]
fn a_new_tag_and_a_new_version_keep_the_key() {
    let of = |tag: &str, version: &str| {
        let text = format!(
            r#"{{"SchemaVersion": 2, "ArtifactName": "x", "Results": [{{"Target": "r:5000/pay:{tag} (debian 12)", "Class": "os-pkgs",
            "Vulnerabilities": [{{"VulnerabilityID": "CVE-2024-1", "PkgName": "a", "InstalledVersion": "{version}"}}]}}]}}"#
        );
        read("t", text.as_bytes(), None).findings.remove(0)
    };
    let (old, new) = (of("1", "3"), of("2", "4"));
    assert_eq!(old.keys[0].rung, Rung::Vulnerability);
    assert_eq!(old.fingerprint, new.fingerprint);
}

#[test]
fn clusters_and_the_old_list_are_read() {
    let cluster = br#"{"ClusterName": "c", "Resources": [
        {"Namespace": "pay", "Kind": "Deployment", "Name": "api", "Results": [{"Target": "api:1 (alpine 3)", "Class": "os-pkgs",
         "Vulnerabilities": [{"VulnerabilityID": "CVE-2024-1", "PkgName": "a", "Severity": "LOW"}]}]},
        {"Namespace": "pay", "Kind": "Job", "Name": "j", "Error": "no access"}]}"#;
    let report = read("t", cluster, None);
    assert_eq!((report.format, report.raw_items), ("trivy-json", 1));
    assert_eq!(report.findings[0].location.logical.as_ref().unwrap().raw(), "Deployment/pay/api");
    assert!(report.reason.unwrap().raw().contains("Job/pay/j: no access"));
    let old = br#"[{"Target": "a (alpine 3)", "Type": "alpine", "Vulnerabilities": null}, {"Target": "Pipfile.lock", "Type": "pipenv",
        "Vulnerabilities": [{"VulnerabilityID": "CVE-2024-1", "PkgName": "a", "Severity": "LOW"}]}]"#;
    let report = read("t", old, None);
    assert_eq!((report.format, report.raw_items), ("trivy-json", 1));
    assert_eq!(report.classes, [Class::Sca, Class::Container]);
}

#[test]
fn no_results_is_not_assessed_and_results_without_findings_are_clean() {
    let none = br#"{"SchemaVersion": 2, "ArtifactName": "x", "ArtifactType": "container_image"}"#;
    assert_eq!(read("t", none, None).status, ReportStatus::NotAssessed);
    assert_eq!(read("t", b"null", Some("trivy-json")).status, ReportStatus::NotAssessed);
    let clean = br#"{"SchemaVersion": 2, "ArtifactName": "x", "Results": [{"Target": "a", "Class": "lang-pkgs", "Type": "npm"}]}"#;
    let report = read("t", clean, None);
    assert_eq!((report.status, report.classes.as_slice()), (ReportStatus::Empty, &[Class::Sca][..]));
    let odd = br#"{"SchemaVersion": 2, "ArtifactName": "x", "Results": {"a": 1}}"#;
    assert_eq!(read("t", odd, None).status, ReportStatus::Error);
}

#[test]
fn scores_are_those_of_the_severity_and_what_is_suppressed_stays() {
    let text = br#"{"SchemaVersion": 2, "ArtifactName": "x", "Results": [{"Target": "x (alpine 3)", "Class": "os-pkgs", "Vulnerabilities": [
        {"VulnerabilityID": "CVE-2024-1", "PkgName": "a", "Severity": "HIGH", "SeveritySource": "redhat", "VendorIDs": ["RHSA-2024:1", "GHSA-aaaa-bbbb-cccc"],
         "CVSS": {"nvd": {"V3Score": 9.8, "V2Score": 7.5}, "redhat": {"V3Score": 7.1}}, "Status": "will_not_fix"}],
        "ExperimentalModifiedFindings": [{"Type": "vulnerability", "Status": "ignored", "Statement": "not used", "Source": ".trivyignore",
         "Finding": {"VulnerabilityID": "CVE-2024-2", "PkgName": "b", "Severity": "LOW"}}]}]}"#;
    let report = read("t", text, None);
    assert_eq!((report.status, report.raw_items), (ReportStatus::Ok, 2));
    let (open, ignored) = (&report.findings[0], &report.findings[1]);
    assert_eq!(open.scores.as_ref().unwrap().cvss.as_ref().unwrap().raw(), "7.1");
    assert!(open.detail.raw().contains("will_not_fix") && open.vulnerabilities.len() == 2);
    assert_eq!((ignored.rule.raw(), ignored.severity), ("CVE-2024-2", Severity::Low));
    assert_eq!(ignored.suppressed.as_ref().unwrap().raw(), "Trivy: ignored, not used, .trivyignore");
}

#[test]
fn secrets_of_an_image_are_no_evidence_of_its_packages() {
    let of = |class: &str| {
        let text = format!(
            r#"{{"SchemaVersion": 2, "ArtifactName": "pay:1", "ArtifactType": "container_image", "Results": [{{"Target": "a", "Class": "{class}"}}]}}"#
        );
        read("t", text.as_bytes(), None).classes
    };
    assert_eq!((of("secret"), of("lang-pkgs")), (vec![Class::Secret], vec![Class::Sca, Class::Container]));
}

#[test]
fn an_exception_of_the_policy_is_suppressed() {
    let text = br#"{"SchemaVersion": 2, "ArtifactName": "x", "Results": [{"Target": "a.tf", "Class": "config", "Misconfigurations": [
        {"ID": "AWS-1", "Title": "Open", "Severity": "HIGH", "Status": "EXCEPTION"}]}]}"#;
    let report = read("t", text, None);
    assert!(report.findings[0].suppressed.is_some());
}
