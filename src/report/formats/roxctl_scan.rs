//! StackRox (Red Hat Advanced Cluster Security): `roxctl image scan` in JSON, of today and of before 3.70, and in CSV.
//!
//! The report does not name the image unless it is the older JSON. A blank cell is a dash.

use super::image::{self, Flaw};
use crate::report::prelude::*;

const TOOL: &str = "roxctl";
const CLASSES: &[Class] = &[Class::Container];
const SEVERITY: &str = "the severity, on Red Hat's scale: important is high, moderate medium";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "roxctl-scan-json",
        title: "roxctl image scan JSON",
        classes: CLASSES,
        items: "elements of `result.vulnerabilities`, or vulnerabilities of all components",
        severity: SEVERITY,
        identity: "vulnerability, package and image",
        checked: "golden files of roxctl's own tests",
        detect: |shape| {
            let doc = shape.json();
            let newer = doc.at("result.summary").has("TOTAL-VULNERABILITIES")
                || doc.at("result.vulnerabilities.0").has_all(&["cveId", "componentName"]);
            let first = doc.at("scan.components.0");
            (newer || (doc.at("scan").has("components") && (first.is_null() || first.has("name")))).into()
        },
        parse: json,
    },
    Format {
        name: "roxctl-scan-csv",
        title: "roxctl image scan CSV",
        classes: CLASSES,
        items: "rows",
        severity: SEVERITY,
        identity: "vulnerability and package",
        checked: "golden files of roxctl's own tests",
        detect: |shape| shape.columns(&["COMPONENT", "VERSION", "CVE", "SEVERITY", "LINK"]).into(),
        parse: csv,
    },
];

/// `IMPORTANT_VULNERABILITY_SEVERITY` or `IMPORTANT`.
fn rated(draft: &mut Draft, word: Option<&str>) {
    draft.rated(word.map(|w| w.split('_').next().unwrap_or(w)));
}

fn json(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, CLASSES);
    if doc.has("result") {
        for found in doc.results_or_none("result.vulnerabilities")? {
            reading.add(newer(image::object(found, "A vulnerability")?));
        }
        // The list is left out where it is empty.
        let counted = doc.at("result.summary").get("TOTAL-VULNERABILITIES").number().unwrap_or(0);
        if reading.items() == 0 && counted > 0 {
            reading
                .not_assessed(format!("roxctl counts {counted} vulnerabilities, and the report lists none of them."));
        }
        return reading.done();
    }
    let image = doc.at("name.fullName").text().or_else(|| doc.get("id").text());
    let distro = doc.at("scan.operatingSystem").or_empty();
    let components = doc.results("scan.components")?;
    for component in components {
        let component = image::object(component, "A component")?;
        for found in component.results_or_none("vulns")? {
            reading.add(older(image::object(found, "A vulnerability")?, component, distro, image));
        }
    }
    for note in doc.at("scan.notes").texts().chain(doc.get("notes").texts()) {
        match note {
            "MISSING_SCAN_DATA" | "OS_UNAVAILABLE" | "OS_CVES_UNAVAILABLE" => {
                if components.is_empty() {
                    reading.not_assessed(format!("StackRox saw nothing in the image: {note}."));
                }
                reading.remark(format!("StackRox could not look at everything: {note}."));
            }
            _ => {}
        }
    }
    reading.done()
}

fn newer(found: &Node<'_>) -> Draft {
    let mut draft = Flaw {
        id: found.get("cveId").or_empty(),
        description: found.get("cveSummary").text(),
        name: found.get("componentName").text(),
        version: found.get("componentVersion").text(),
        fixed: found.get("componentFixedVersion").text(),
        ..Flaw::default()
    }
    .draft();
    rated(&mut draft, found.get("cveSeverity").text());
    draft.cvss = Cvss::of(found.get("cveCVSS").score(), None);
    draft.url = found.get("cveInfo").owned();
    draft.say("Advisory", found.get("advisoryId").text());
    draft
}

fn older(found: &Node<'_>, component: &Node<'_>, distro: &str, image: Option<&str>) -> Draft {
    let source = component.get("source").or_empty();
    let mut draft = Flaw {
        id: found.get("cve").or_empty(),
        description: found.get("summary").text(),
        name: component.get("name").text(),
        version: component.get("version").text(),
        // Its own words for what a component is of: OS, PYTHON, JAVA, RUBY, NODEJS, GO.
        kind: source,
        distro: if matches!(source, "OS" | "") { distro } else { "" },
        image,
        path: component.get("location").text(),
        fixed: found.get("fixedBy").text(),
        ..Flaw::default()
    }
    .draft();
    rated(&mut draft, found.get("severity").text());
    let vectors = [found.get("cvssV3"), found.get("cvssV2")];
    let scored = vectors.iter().map(|c| Cvss::of(c.get("score").score(), c.get("vector").text()));
    draft.cvss = image::best(scored.chain([Cvss::of(found.get("cvss").score(), None)]));
    draft.epss = found.at("epss.epssProbability").score();
    draft.url = found.get("link").owned();
    draft.say("Advisory", found.at("advisory.name").text());
    draft.suppressed = found.get("suppressed").is_true().then(|| "deferred in StackRox".to_owned());
    if let Some(state) = found.get("state").text().filter(|s| matches!(*s, "DEFERRED" | "FALSE_POSITIVE")) {
        draft.suppressed = Some(format!("StackRox: {state}"));
    }
    draft
}

fn csv(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let table = table::read(input.text)?;
    let mut reading = Reading::new(input, TOOL, CLASSES);
    for row in table.iter() {
        let cell = |name: &str| row.get(name).filter(|c| *c != "-");
        let mut draft = Flaw {
            id: cell("CVE").unwrap_or_default(),
            name: cell("COMPONENT"),
            version: cell("VERSION"),
            fixed: cell("FIXED_VERSION").or_else(|| cell("FIXED VERSION")),
            ..Flaw::default()
        }
        .draft();
        rated(&mut draft, cell("SEVERITY"));
        draft.cvss = Cvss::of(cell("CVSS").and_then(|s| s.parse().ok()), None);
        draft.url = cell("LINK").map(str::to_owned);
        draft.say("Advisory", cell("ADVISORY"));
        reading.add(draft);
    }
    reading.done()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn the_three_ways_say_the_same() {
        let newer = r#"{"result": {"summary": {"TOTAL-VULNERABILITIES": 1}, "vulnerabilities": [{"cveId": "CVE-2024-1", "cveSeverity": "IMPORTANT", "cveCVSS": 7.5,
            "componentName": "curl", "componentVersion": "7", "componentFixedVersion": "8"}]}}"#;
        let older = r#"{"name": {"fullName": "pay:1"}, "scan": {"components": [{"name": "curl", "version": "7", "vulns": [
            {"cve": "CVE-2024-1", "cvss": 7.5, "severity": "IMPORTANT_VULNERABILITY_SEVERITY", "fixedBy": "8"}]}]}}"#;
        let csv = "COMPONENT,VERSION,CVE,SEVERITY,CVSS,LINK,FIXED_VERSION,ADVISORY,ADVISORY_LINK\ncurl,7,CVE-2024-1,IMPORTANT,7.5,l,8,-,-\n";
        for (text, format) in [(newer, "roxctl-scan-json"), (older, "roxctl-scan-json"), (csv, "roxctl-scan-csv")] {
            let report = read("r", text.as_bytes(), None);
            assert_eq!((report.format, report.status, report.raw_items), (format, ReportStatus::Ok, 1));
            let f = &report.findings[0];
            assert_eq!((f.class, f.severity, f.rule.raw()), (Class::Container, Severity::High, "CVE-2024-1"));
            assert_eq!(f.package.as_ref().unwrap().fixed[0].raw(), "8");
        }
    }

    #[test]
    fn no_vulnerabilities_are_clean_and_no_components_an_error() {
        let status = |text: &str| read("r", text.as_bytes(), Some("roxctl-scan-json")).status;
        assert_eq!(status(r#"{"scan": {"components": []}}"#), ReportStatus::Empty);
        assert_eq!(status(r#"{"scan": {"components": [], "notes": ["OS_UNAVAILABLE"]}}"#), ReportStatus::NotAssessed);
        assert_eq!(status(r#"{"result": {"summary": {"TOTAL-VULNERABILITIES": 0}}}"#), ReportStatus::Empty);
        assert_eq!(status(r#"{"result": {"summary": {"TOTAL-VULNERABILITIES": 7}}}"#), ReportStatus::NotAssessed);
        assert_eq!(status(r#"{"scan": {}}"#), ReportStatus::Error);
        assert_eq!(status(r#"{"result": {"summary": {}, "vulnerabilities": [1]}}"#), ReportStatus::Error);
    }
}
