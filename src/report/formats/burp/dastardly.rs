//! The JUnit XML of Dastardly, and of Burp Suite DAST in a pipeline: a suite for each page, and a failure for each issue on it.
//! The parts of an issue stand in the failure's text, below headings.

use super::{IDENTITY, Issue, TOOL, draft};
use crate::report::prelude::*;
use crate::report::xml::Node as Element;

pub(super) const FORMAT: Format = Format {
    name: "burp-junit",
    title: "Burp Suite DAST and Dastardly, JUnit XML",
    classes: &[Class::Dast],
    items: "`failure` elements",
    severity: "`type` of the failure",
    identity: IDENTITY,
    checked: "DefectDojo's parser and its sample",
    detect,
    parse,
};

/// The case of a page without issues.
const NONE: &str = "<testcase name=\"No issues were identified\"";

/// The headings that the parts of a text stand below.
const HEADINGS: [&str; 8] = [
    "Issue Detail",
    "Issue Background",
    "Remediation Detail",
    "Remediation Background",
    "Evidence",
    "References",
    "Vulnerability Classifications",
    "Issue Description",
];

fn detect(shape: &Shape<'_>) -> Fit {
    let Some(sketch) = shape.xml().filter(|s| s.root == "testsuites") else { return Fit::No };
    let name = sketch.attribute("name").unwrap_or_default();
    (name.starts_with("Dastardly") || name.starts_with("Burp ") || shape.head.contains(NONE)).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Dast]);
    let (mut page, mut pages) = (String::new(), 0_u32);
    let (mut counted, mut found) = (0_u32, 0_u32);
    xml::walk(input.text, &["testcase"], |part| match part {
        Part::Open(node) if node.name == "testsuite" => {
            node.attribute("name").unwrap_or_default().clone_into(&mut page);
            pages = pages.saturating_add(1);
            let failures = node.attribute("failures").and_then(|n| n.parse().ok()).unwrap_or(0);
            counted = counted.saturating_add(failures);
        }
        Part::Whole(case) => {
            for failure in case.children.iter().filter(|c| matches!(c.name, "failure" | "error")) {
                found = found.saturating_add(1);
                reading.add(issue(&case, failure, &page));
            }
        }
        Part::Open(_) | Part::Close(_) => {}
    })?;
    if pages == 0 {
        reading.not_assessed("Burp looked at no page: the report has no suite in it.");
    }
    if counted > found {
        reading.incomplete(format!("The suites count {counted} issues, and {found} stand in the report."));
    }
    reading.done()
}

fn issue(case: &Element, failure: &Element, page: &str) -> Draft {
    let (facts, parts) = parts(&failure.text);
    let fact = |wanted: &str| {
        facts.lines().find_map(|l| l.trim().strip_prefix(wanted)).map(str::trim).filter(|f| !f.is_empty())
    };
    let part = |wanted: &str| parts.iter().find(|(heading, _)| *heading == wanted).map(|(_, text)| text.trim());
    let evidence = part("Evidence").unwrap_or_default();
    let request = evidence.strip_prefix("Request:").unwrap_or_default();
    let method = request.split_whitespace().next().filter(|m| m.chars().all(|c| c.is_ascii_uppercase()));
    let (origin, path) = match (fact("Host:"), fact("Path:")) {
        (Some(host), Some(path)) => (host, path),
        _ => ("", page),
    };
    let mut draft = draft(&Issue {
        name: case.attribute("name").or(failure.attribute("message")).unwrap_or_default(),
        severity: failure.attribute("type").or(fact("Severity:")),
        confidence: fact("Confidence:"),
        origin,
        path,
        method,
        classifications: part("Vulnerability Classifications"),
        exchange: evidence.to_owned(),
        ..Issue::default()
    });
    // The text is no HTML, and may quote some.
    draft.detail = String::new();
    draft.say("", failure.attribute("message"));
    if parts.is_empty() {
        draft.say("", Some(failure.text.trim()));
    }
    for (heading, text) in parts.iter().filter(|(heading, _)| *heading != "Evidence") {
        draft.say(if *heading == "Issue Detail" { "" } else { heading }, Some(text.trim()));
    }
    draft
}

/// What stands before the first heading, and the text below each heading.
fn parts(text: &str) -> (String, Vec<(&str, String)>) {
    let (mut facts, mut parts): (String, Vec<(&str, String)>) = (String::new(), Vec::new());
    for line in text.lines() {
        // Below the evidence stands what the server answered: of that a line may be a heading too, but seldom alone.
        if let Some(heading) = HEADINGS.iter().find(|h| **h == line.trim()) {
            parts.push((heading, String::new()));
        } else {
            let to = parts.last_mut().map_or(&mut facts, |(_, text)| text);
            to.push_str(line);
            to.push('\n');
        }
    }
    (facts, parts)
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    const TEXT: &str = r#"<testsuites failures="1" name="Dastardly scan results" tests="2">
        <testsuite failures="0" name="https://x.example:443/" tests="1"><testcase name="No issues were identified"/></testsuite>
        <testsuite failures="1" name="https://x.example:443/a?q=1" tests="1"><testcase name="Cross-site scripting"><failure
        message="Cross-site scripting found at https://x.example/a" type="Info"><![CDATA[
Severity: Info

Confidence: Firm

Host: https://x.example

Path: /a

Issue Detail
The value of <q> is echoed.

Evidence
Request:
GET /a?q=1 HTTP/2

Vulnerability Classifications

- CWE-79: Neutralization
]]></failure></testcase></testsuite></testsuites>"#;

    #[test]
    fn a_failure_is_an_issue_on_its_page() {
        let report = read("d.xml", TEXT.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("burp-junit", ReportStatus::Ok, 1));
        let f = &report.findings[0];
        assert_eq!((f.class, f.severity, f.rule.raw()), (Class::Dast, Severity::Info, "Cross-site scripting"));
        assert_eq!((f.place().as_str(), f.cwe.as_slice()), ("https://x.example/a", &[79][..]));
        assert!(f.detail.raw().contains("The value of <q> is echoed."));
        assert!(f.context.as_ref().unwrap().raw().contains("GET /a?q=1"));
        assert_eq!(f.confidence.as_ref().unwrap().raw(), "firm");
    }

    #[test]
    fn pages_without_issues_are_clean_and_no_page_is_not() {
        let none = r#"<testsuites name="Dastardly scan results"><testsuite name="https://x.example/" failures="0">
            <testcase name="No issues were identified"/></testsuite></testsuites>"#;
        assert_eq!(read("d", none.as_bytes(), None).status, ReportStatus::Empty);
        let lost = none.replace("failures=\"0\"", "failures=\"2\"");
        assert_eq!(read("d", lost.as_bytes(), None).status, ReportStatus::NotAssessed);
        let nothing = r#"<testsuites name="Dastardly scan results"/>"#;
        assert_eq!(read("d", nothing.as_bytes(), None).status, ReportStatus::NotAssessed);
    }
}
