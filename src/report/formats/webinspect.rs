//! Fortify WebInspect XML: a scan with issues, or, of older versions and full exports, sessions with issues in them.

use crate::report::prelude::*;
use crate::report::xml::Node as Element;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "webinspect-xml",
    title: "Fortify WebInspect XML",
    classes: &[Class::Dast],
    items: "`Issue` elements",
    severity: "`Severity`, 4 (critical) to 0 (info)",
    identity: "vulnerability id and URL",
    checked: "DefectDojo's parser; sessions are written from the tool's documentation",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let Some(xml) = shape.xml() else { return Fit::No };
    let scan = xml.root == "Scan" && (xml.contains("VulnerabilityID") || xml.contains("PolicyName"));
    let sessions =
        xml.root == "Sessions" && xml.contains("Session") && (xml.contains("Issues") || xml.contains("RawRequest"));
    (scan || sessions).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, "WebInspect", &[Class::Dast]);
    let mut list = false;
    xml::walk(input.text, &["Session", "Issue"], |part| match part {
        Part::Open(node) => list = list || matches!(node.name, "Issues" | "Sessions"),
        Part::Close(_) => {}
        Part::Whole(session) if session.name == "Session" => {
            for issue in session.descendants("Issue") {
                reading.add(draft(issue, &session));
            }
        }
        Part::Whole(issue) => reading.add(draft(&issue, &issue)),
    })?;
    if !list {
        reading.not_assessed("The WebInspect scan has no list of issues: it looked at nothing.");
    }
    reading.done()
}

/// An issue, and where the exchange stands that shows it: the session, or the issue itself.
fn draft(issue: &Element, session: &Element) -> Draft {
    let mut draft = Draft::new(Class::Dast);
    let name = issue.text_of("Name").unwrap_or_default();
    issue.text_of("VulnerabilityID").or(issue.text_of("CheckID")).unwrap_or(name).clone_into(&mut draft.rule);
    name.clone_into(&mut draft.title);
    draft.severity = match issue.text_of("Severity").and_then(|s| s.parse().ok()) {
        Some(4_u32) => Severity::Critical,
        Some(3) => Severity::High,
        Some(2) => Severity::Medium,
        Some(1) => Severity::Low,
        Some(0) => Severity::Info,
        _ => issue.text_of("Severity").and_then(words::severity).unwrap_or(Severity::Unknown),
    };
    let url = issue.text_of("URL").or(session.text_of("URL")).or(session.text_of("LocationURI"));
    // What comes with the query differs from scan to scan.
    draft.path = url.map(|u| u.split(['?', '#']).next().unwrap_or(u).to_owned());
    draft.say("Kind", issue.text_of("CheckTypeID"));
    for section in issue.all("ReportSection") {
        let text = html::text(section.text_of("SectionText").unwrap_or_default());
        let name = section.text_of("Name").filter(|n| *n != "Summary").unwrap_or_default();
        draft.say(name, Some(&text));
    }
    draft.say("URL", url);
    for kind in issue.descendants("Classification") {
        let text = format!("{} {}", kind.attribute("kind").unwrap_or_default(), kind.all_text());
        draft.cwe.extend(words::cwe_numbers(&text));
    }
    let of = |names: &[&str]| names.iter().find_map(|n| issue.text_of(n).or(session.text_of(n)));
    let exchange = [of(&["VulnerableSession", "RawRequest"]), of(&["RawResponse"])];
    let exchange: Vec<&str> = exchange.into_iter().flatten().collect();
    draft.context = (!exchange.is_empty()).then(|| exchange.join("\n\n"));
    let param = session.text_of("AttackParamDescriptor").or(session.text_of("AttackParam"));
    draft.snippet = param.map(str::to_owned);
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn issues_stand_in_scans_and_in_sessions() {
        let issue = "<Issue><CheckTypeID>Vulnerability</CheckTypeID><URL>https://a.example/x?s=1</URL><VulnerabilityID>77</VulnerabilityID>
            <Severity>3</Severity><Name>Weak</Name><ReportSection><Name>Summary</Name><SectionText>Is &lt;b&gt;weak&lt;/b&gt;.</SectionText>
            </ReportSection><RawResponse>HTTP/1.1 200 OK</RawResponse></Issue>";
        let scan = format!("<Scan><PolicyName>p</PolicyName><Issues>{issue}</Issues></Scan>");
        let sessions =
            format!("<Sessions><Session><RawRequest>GET /x</RawRequest><Issues>{issue}</Issues></Session></Sessions>");
        for text in [scan, sessions] {
            let report = read("w", text.as_bytes(), None);
            let f = &report.findings[0];
            assert_eq!((report.format, report.raw_items, f.severity), ("webinspect-xml", 1, Severity::High));
            assert_eq!((f.place().as_str(), f.rule.raw()), ("https://a.example/x", "77"));
            assert!(f.detail.raw().contains("Is weak.") && f.context.as_ref().unwrap().raw().contains("200 OK"));
        }
    }

    #[test]
    fn a_scan_without_a_list_is_not_clean() {
        let of = |text: &str| read("w", text.as_bytes(), None).status;
        assert_eq!(of("<Scan><PolicyName>p</PolicyName><Issues/></Scan>"), ReportStatus::Empty);
        assert_eq!(of("<Scan><PolicyName>p</PolicyName></Scan>"), ReportStatus::NotAssessed);
        assert_eq!(of("<Scan><PolicyName>p</PolicyName><Issues><Issue>"), ReportStatus::Error);
    }
}
