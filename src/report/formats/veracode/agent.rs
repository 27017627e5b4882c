//! The issues that Veracode's agent for dependencies (formerly SourceClear) found: as the API answers, and as CSV.

use super::{TOOL, api, library};
use crate::report::prelude::*;

pub(super) const JSON: Format = Format {
    name: "veracode-sca-json",
    title: "Veracode SCA issues (JSON of the API)",
    classes: &[Class::Sca, Class::Licence],
    items: "elements of `issues`",
    severity: "`severity`, a CVSS score",
    identity: "vulnerability and package",
    checked: "DefectDojo's parser",
    detect: detect_json,
    parse: parse_json,
};

pub(super) const CSV: Format = Format {
    name: "veracode-sca-csv",
    title: "Veracode SCA issues (CSV)",
    classes: &[Class::Sca, Class::Licence],
    items: "rows",
    severity: "the column Severity, else the CVSS score",
    identity: "vulnerability and package",
    checked: "DefectDojo's parser",
    detect: detect_csv,
    parse: parse_csv,
};

fn detect_json(shape: &Shape<'_>) -> Fit {
    let first = shape.json().at("_embedded.issues.0");
    first.has_all(&["issue_type", "issue_status", "library"]).into()
}

fn detect_csv(shape: &Shape<'_>) -> Fit {
    shape.columns(&["Issue ID", "Issue type", "Library", "Version in use", "Vulnerability ID"]).into()
}

fn parse_json(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    for issue in doc.results("_embedded.issues")? {
        // What is fixed is not in use any more.
        if is_settled(issue.get("issue_status").or_empty()) {
            reading.passed(1);
            continue;
        }
        let (package, vulnerability) = (issue.get("library"), issue.get("vulnerability"));
        let known = package.get("id").text().and_then(library);
        let name = known.as_ref().map(|(name, _)| name.as_str()).or(package.get("name").text());
        let mut draft = of_kind(issue.get("issue_type").or_empty(), name.unwrap_or_default());
        if draft.class == Class::Sca && vulnerability.is_object() {
            named(&mut draft, vulnerability.get("cve").text(), vulnerability.get("id").text(), name);
            draft.say("", vulnerability.get("title").text());
            draft.say("", vulnerability.get("overview").text().map(html::text).as_deref());
            draft.cwe = words::cwe_numbers(vulnerability.get("cwe_id").or_empty());
            let vector = api::vector(vulnerability.get("cvss3_vector").text());
            draft.cvss = Cvss::of(vulnerability.get("cvss3_score").score(), vector.as_deref());
            if draft.cvss.is_empty() {
                let second = vulnerability.get("cvss2_score").score();
                draft.cvss = Cvss::of(second, vulnerability.get("cvss2_vector").text());
            }
        }
        if let Some(score) = issue.get("severity").score() {
            draft.severity = Severity::from_score(score);
        }
        let purl = known.as_ref().and_then(|(_, purl)| purl.clone());
        draft.in_package(name, package.get("version").text(), purl.as_deref(), None);
        draft.say("Vulnerable method is called", vulnerability_method(issue));
        draft.url = issue.at("_links.html.href").owned();
        draft.suppressed = issue.get("ignored").is_true().then(|| "Ignored in Veracode.".to_owned());
        reading.add(draft);
    }
    reading.page_of(doc.at("page.total_elements").number(), "issues");
    reading.done()
}

fn vulnerability_method<'n>(issue: &'n Node<'_>) -> Option<&'n str> {
    issue.get("vulnerable_method").text().filter(|v| *v == "true")
}

fn parse_csv(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    for row in table::read(input.text)?.iter() {
        if is_settled(row.or_empty("Status")) {
            reading.passed(1);
            continue;
        }
        let (first, second) = (row.get("Coordinate 1"), row.get("Coordinate 2"));
        let manager = row.or_empty("Package manager").to_ascii_lowercase();
        let coordinates = [first, second].into_iter().flatten().collect::<Vec<_>>().join(":");
        let name = Some(coordinates.as_str()).filter(|c| !c.is_empty()).or(row.get("Library"));
        let version = row.get("Version in use");
        let mut draft = of_kind(row.or_empty("Issue type"), name.unwrap_or_default());
        if draft.class == Class::Sca {
            named(&mut draft, row.get("CVE"), row.get("Vulnerability ID"), name);
            draft.say("", row.get("Title"));
        } else {
            draft.say("Licence", row.get("License"));
        }
        draft.rated(row.get("Severity"));
        draft.cvss = Cvss::of(row.score("CVSS score"), None);
        let purl =
            library(&format!("{manager}:{coordinates}:{}", version.unwrap_or_default())).and_then(|(_, purl)| purl);
        draft.in_package(name, version, purl.as_deref(), row.get("Updated Version"));
        draft.say("Dependency", row.get("Dependency (Transitive or Direct)"));
        let ignored = row.get("Ignored").is_some_and(|i| i.eq_ignore_ascii_case("true"));
        draft.suppressed = ignored.then(|| "Ignored in Veracode.".to_owned());
        reading.add(draft);
    }
    reading.done()
}

fn is_settled(status: &str) -> bool {
    matches!(status.to_ascii_lowercase().as_str(), "fixed" | "resolved" | "closed")
}

/// An issue of one of the three kinds: a vulnerability, a licence, or a library that is out of date.
fn of_kind(kind: &str, package: &str) -> Draft {
    let kind = kind.to_ascii_lowercase();
    let mut draft = Draft::new(if kind.contains("license") { Class::Licence } else { Class::Sca });
    draft.rule = match draft.class {
        Class::Licence => "licence".to_owned(),
        _ => "outdated-library".to_owned(),
    };
    draft.title = format!("{kind} issue in {package}");
    draft
}

/// The CVE stands without `CVE-`; what has none has a number in Veracode's own database.
fn named(draft: &mut Draft, cve: Option<&str>, own: Option<&str>, package: Option<&str>) {
    let cve = cve.map(|c| if c.to_ascii_uppercase().starts_with("CVE-") { c.to_owned() } else { format!("CVE-{c}") });
    let Some(id) = cve.or_else(|| own.map(|id| format!("SID-{id}"))) else { return };
    draft.vulnerabilities = words::vulnerability_ids(&id);
    draft.title = format!("{id} in {}", package.unwrap_or_default());
    draft.rule = id;
}
