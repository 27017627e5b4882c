//! Harbor: the vulnerabilities of an artifact by its API, below a key that is a media type, or as its scanners hand it over.

use super::counts;
use super::image::{self, Flaw};
use crate::report::prelude::*;

const CLASSES: &[Class] = &[Class::Container];

pub(super) const FORMATS: &[Format] = &[Format {
    name: "harbor-json",
    title: "Harbor vulnerability report, 1.0 and 1.1",
    classes: CLASSES,
    items: "elements of `vulnerabilities`",
    severity: "`severity`, then CVSS",
    identity: "vulnerability and package, and the artifact where it is named",
    checked: "DefectDojo's parser",
    detect,
    parse,
}];

fn is_media_type(key: &str) -> bool {
    key.starts_with("application/vnd.") && key.contains("vuln")
}

/// The reports in a document.
fn reports<'n, 'a>(doc: &'n Node<'a>) -> Vec<&'n Node<'a>> {
    // What the API says of an artifact has a summary of the scan.
    let doc = if doc.get("scan_overview").is_object() { doc.get("scan_overview") } else { doc };
    let wrapped: Vec<_> = doc.entries().iter().filter(|(k, _)| is_media_type(k)).map(|(_, report)| report).collect();
    if wrapped.is_empty() { vec![doc] } else { wrapped }
}

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let reports = [doc, doc.get("scan_overview")].into_iter().flat_map(Node::entries);
    let wrapped = reports.into_iter().any(|(k, v)| is_media_type(k) && (v.is_object() || v.is_null()));
    let bare = doc.has_all(&["generated_at", "scanner", "vulnerabilities"]) && !doc.has("version");
    (wrapped || bare).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "Harbor", CLASSES);
    for report in reports(&doc) {
        let artifact = report.get("artifact");
        let image = artifact.get("repository").text().map(|repository| {
            let server = report.at("registry.url").text().unwrap_or_default();
            let server = server.split_once("://").map_or(server, |(_, host)| host).trim_end_matches('/');
            let digest = artifact.get("digest").text().map(|d| format!("@{d}")).unwrap_or_default();
            if server.is_empty() { format!("{repository}{digest}") } else { format!("{server}/{repository}{digest}") }
        });
        if report.is_null() {
            reading.not_assessed("Harbor has no scan of the artifact.");
        }
        if let Some(status) = report.get("scan_status").text().filter(|s| !s.eq_ignore_ascii_case("success")) {
            reading.not_assessed(format!("Harbor has not scanned the artifact: the scan's status is {status}."));
        }
        let before = reading.items();
        for found in report.results_or_none("vulnerabilities")? {
            reading.add(draft(image::object(found, "A vulnerability")?, image.as_deref()));
        }
        let counted = counts::sum(report.at("summary.summary")).max(report.at("summary.total").number().unwrap_or(0));
        counts::compare(&mut reading, "Harbor", before, counted, "vulnerabilities");
        let worst = report.get("severity").text().filter(|s| words::severity(s).is_some_and(|s| s < Severity::Info));
        if let Some(worst) = worst.filter(|_| reading.items() == before) {
            reading.not_assessed(format!("Harbor calls the artifact {worst}, and the report lists no vulnerability."));
        }
    }
    reading.done()
}

fn draft(found: &Node<'_>, image: Option<&str>) -> Draft {
    let mut draft = Flaw {
        id: found.get("id").or_empty(),
        description: found.get("description").text(),
        name: found.get("package").text(),
        version: found.get("version").text(),
        image,
        fixed: found.get("fix_version").text(),
        ..Flaw::default()
    }
    .draft();
    draft.rated(found.get("severity").text());
    draft.url = found.at("links.0").owned();
    draft.cwe = found.get("cwe_ids").texts().flat_map(words::cwe_numbers).collect();
    let preferred = found.get("preferred_cvss");
    let score = |s: &str, v: &str| Cvss::of(preferred.get(s).score(), preferred.get(v).text());
    // Trivy's adapter leaves the preferred vector empty, and hands over what each database says.
    let nvd = found.at("vendor_attributes.CVSS.nvd");
    let of_nvd = |s: &str, v: &str| Cvss::of(nvd.get(s).score(), nvd.get(v).text());
    draft.cvss = image::best([
        score("score_v3", "vector_v3"),
        of_nvd("V3Score", "V3Vector"),
        score("score_v2", "vector_v2"),
        of_nvd("V2Score", "V2Vector"),
    ]);
    let status = found.get("status").text();
    draft.say("Status", status);
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn the_vector_of_a_database_completes_a_preferred_score() {
        let text = r#"{"generated_at": "x", "artifact": null, "scanner": {"name": "Trivy"}, "severity": "High", "vulnerabilities": [{"id": "CVE-2024-1",
            "package": "zlib", "version": "1", "severity": "Medium", "preferred_cvss": {"score_v3": 9.8, "vector_v3": ""}, "vendor_attributes":
            {"CVSS": {"nvd": {"V2Score": 7.5, "V3Score": 9.8, "V3Vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}}}]}"#;
        let report = read("h", text.as_bytes(), None);
        let f = &report.findings[0];
        assert_eq!((report.format, f.severity), ("harbor-json", Severity::Medium));
        assert!(f.scores.as_ref().unwrap().vector.as_ref().unwrap().raw().starts_with("CVSS:3.1/AV:N"));
    }

    #[test]
    fn vulnerabilities_are_read_below_any_media_type() {
        let report = r#"{"generated_at": "2024-01-01T00:00:00Z", "artifact": {"repository": "lib/pay", "digest": "sha256:1"},
            "scanner": {"name": "Trivy"}, "severity": "High", "vulnerabilities": [{"id": "CVE-2024-1", "package": "curl", "version": "8",
            "fix_version": "8.1", "severity": "Negligible", "links": ["https://a.example"], "cwe_ids": ["CWE-79"],
            "preferred_cvss": {"score_v3": 7.5, "vector_v3": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}}]}"#;
        let wrapped = format!(r#"{{"application/vnd.security.vulnerability.report; version=1.1": {report}}}"#);
        for text in [report, &wrapped] {
            let report = read("h", text.as_bytes(), None);
            assert_eq!((report.format, report.status, report.raw_items), ("harbor-json", ReportStatus::Ok, 1));
            let f = &report.findings[0];
            assert_eq!(
                (f.severity, f.place().as_str(), f.cwe.as_slice()),
                (Severity::Info, "lib/pay@sha256:1", &[79][..])
            );
            assert_eq!(f.package.as_ref().unwrap().fixed[0].raw(), "8.1");
        }
    }

    #[test]
    fn no_vulnerabilities_are_clean_and_no_scan_is_not() {
        let of = |report: &str| {
            let text = format!(r#"{{"application/vnd.security.vulnerability.report; version=1.1": {report}}}"#);
            read("h", text.as_bytes(), None).status
        };
        assert_eq!((of(r#"{"vulnerabilities": null}"#), of("null")), (ReportStatus::Empty, ReportStatus::NotAssessed));
        let counted = r#"{"scan_status": "Success", "severity": "None", "summary": {"total": 12}}"#;
        assert_eq!(
            (of(counted), of(r#"{"severity": "High"}"#)),
            (ReportStatus::NotAssessed, ReportStatus::NotAssessed)
        );
        assert_eq!((of(&counted.replace("12", "0"))), ReportStatus::Empty);
        assert_eq!(
            (of(r#"{"vulnerabilities": {}}"#), of(r#"{"vulnerabilities": [1]}"#)),
            (ReportStatus::Error, ReportStatus::Error)
        );
    }
}
