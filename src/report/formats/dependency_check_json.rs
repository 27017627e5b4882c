//! OWASP Dependency-Check JSON: the same as the XML, under other names.

use super::dependency_check::{Component, Dependency, THIRD, TOOL, Vulnerability, draft, vector};
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "dependency-check-json",
    title: "OWASP Dependency-Check JSON",
    classes: &[Class::Sca],
    items: "elements of `vulnerabilities` of all dependencies; `suppressedVulnerabilities` become findings too",
    severity: "`severity`, else that of the CVSS score",
    identity: "vulnerability, package and file",
    checked: "written from the tool's templates; no real file was at hand",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    shape.has(&["scanInfo", "projectInfo", "dependencies"]).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    reading.version(doc.at("scanInfo.engineVersion").text());
    let failed = doc.at("scanInfo.analysisExceptions").items().len();
    if failed > 0 {
        reading.remark(format!("Dependency-Check met {failed} errors while it looked."));
    }
    let dependencies = doc.results("dependencies")?;
    for node in dependencies {
        if !node.is_object() {
            return Err(Unreadable(format!("A dependency has to be an object, and is {}.", node.kind())));
        }
        let of = dependency(node);
        let component = Component::of(&of);
        for one in node.results_or_none("vulnerabilities")? {
            reading.add(draft(&of, &component, &vulnerability(one, false)));
        }
        for one in node.results_or_none("suppressedVulnerabilities")? {
            reading.more(draft(&of, &component, &vulnerability(one, true)));
        }
    }
    if dependencies.is_empty() {
        reading.not_assessed("Dependency-Check found no dependencies to look at.");
    }
    reading.done()
}

fn dependency(node: &Node<'_>) -> Dependency {
    let evidence = |kind: &str| {
        let all = node.get("evidenceCollected").get(kind).items();
        all.first().and_then(|e| e.get("value").owned())
    };
    let related = node.get("relatedDependencies").items().iter();
    Dependency {
        file: node.get("fileName").or_empty().to_owned(),
        path: node.get("filePath").or_empty().to_owned(),
        ids: node.get("packages").items().iter().filter_map(|p| p.get("id").owned()).collect(),
        product: evidence("productEvidence"),
        version: evidence("versionEvidence"),
        related: related
            .filter_map(|r| r.get("filePath").text().or(r.get("fileName").text()).map(str::to_owned))
            .collect(),
    }
}

fn vulnerability(node: &Node<'_>, suppressed: bool) -> Vulnerability {
    Vulnerability {
        name: node.get("name").or_empty().to_owned(),
        source: node.get("source").owned(),
        severity: node.get("severity").owned(),
        description: node.get("description").owned(),
        notes: node.get("notes").owned(),
        cwe: node.get("cwes").texts().chain(node.get("cwe").texts()).map(str::to_owned).collect(),
        cvss: scores(node),
        links: node.get("references").items().iter().filter_map(|r| r.get("url").owned()).collect(),
        exploited: node.get("knownExploitedVulnerability").is_object(),
        suppressed,
    }
}

/// The scores, those of the newest version of CVSS first.
fn scores(node: &Node<'_>) -> Vec<(Option<f64>, Option<String>)> {
    let (fourth, third, second) = (node.get("cvssv4"), node.get("cvssv3"), node.get("cvssv2"));
    let version = third.get("version").text().filter(|v| v.starts_with('3')).unwrap_or("3.1");
    vec![
        (fourth.get("baseScore").score(), fourth.get("vectorString").owned().or_else(|| fourth.get("vector").owned())),
        (third.get("baseScore").score(), vector(&format!("CVSS:{version}/"), &THIRD, |name| third.get(name).text())),
        (second.get("score").score(), None),
    ]
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn a_vulnerability_becomes_a_finding() {
        let text = r#"{"reportSchema": "1.1", "scanInfo": {"engineVersion": "10.0.2"}, "projectInfo": {"name": "x"}, "dependencies": [
            {"fileName": "pad:1.0", "filePath": "/w/package-lock.json?/pad:1.0", "packages": [{"id": "pkg:npm/pad@1.0"}], "vulnerabilities": [
            {"source": "NPM", "name": "GHSA-aaaa-bbbb-cccc", "severity": "moderate", "cwes": ["CWE-79"],
             "knownExploitedVulnerability": {"vulnerabilityName": "Pad"}, "cvssv3": {"baseScore": 5.3}}]}, {"fileName": "b"}]}"#;
        let report = read("d", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("dependency-check-json", 1));
        let f = &report.findings[0];
        assert_eq!((f.severity, f.place().as_str()), (Severity::Medium, "/w/package-lock.json"));
        assert_eq!(f.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:npm/pad@1.0");
        assert!(f.scores.as_ref().unwrap().exploited);
    }

    #[test]
    fn lists_of_another_type_are_errors() {
        let of = |list: &str| format!(r#"{{"scanInfo": {{}}, "projectInfo": {{}}, "dependencies": {list}}}"#);
        for list in ["null", "[1]", r#"[{"vulnerabilities": {}}]"#] {
            assert_eq!(read("d", of(list).as_bytes(), None).status, ReportStatus::Error, "{list}");
        }
        assert_eq!(read("d", of("[]").as_bytes(), None).status, ReportStatus::NotAssessed);
    }
}
