//! The list of issues that the API of Fortify's Software Security Center gives.

use super::{TOOL, is_dismissal};
use crate::report::prelude::*;

pub(super) const FORMAT: Format = Format {
    name: "fortify-ssc-json",
    title: "Fortify Software Security Center API, issues",
    classes: &[Class::Sast],
    items: "elements of `data`",
    severity: "`friority` (Fortify's priority order)",
    identity: "the instance's id",
    checked: "the parser of Jenkins' Warnings plugin and its sample; the API's documentation",
    detect,
    parse,
};

fn detect(shape: &Shape<'_>) -> Fit {
    shape.json().at("data.0").has_all(&["issueName", "friority"]).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[]);
    for issue in doc.results("data")? {
        let issue = issue.object()?;
        // What the last scan did not find any more is kept, and marked.
        if issue.get("removed").is_true() {
            reading.passed(1);
            continue;
        }
        let draft = draft(issue);
        reading.assessed(draft.class);
        reading.add(draft);
    }
    reading.page_of(doc.get("count").number(), "issues");
    reading.done()
}

/// The class of what an engine looks at: the server holds the results of other scanners too.
fn class(issue: &Node<'_>) -> Class {
    match (issue.get("engineCategory").or_empty(), issue.get("engineType").or_empty()) {
        ("DYNAMIC", _) | (_, "WEBINSPECT") => Class::Dast,
        ("OPEN_SOURCE", _) | (_, "SONATYPE" | "DEBRICKED") => Class::Sca,
        _ => Class::Sast,
    }
}

fn draft(issue: &Node<'_>) -> Draft {
    let mut draft = Draft::new(class(issue));
    let name = issue.get("issueName").or_empty();
    draft.rated(issue.get("friority").text());
    issue.get("primaryRuleGuid").text().unwrap_or(name).clone_into(&mut draft.rule);
    name.clone_into(&mut draft.title);
    draft.say("", Some(name));
    draft.say("Kingdom", issue.get("kingdom").text());
    draft.say("Analyzer", issue.get("analyzer").text());
    let place = issue.get("primaryLocation");
    let file = [issue.get("fullFileName"), place.get("fullFileName"), place];
    draft.path = file.into_iter().find_map(Node::owned);
    draft.line = issue.get("lineNumber").number().or_else(|| place.get("line").number());
    if draft.class == Class::Dast
        && let Some(url) = draft.path.take()
    {
        draft.on_page(None, Some(&url), None);
    }
    draft.native_id = issue.get("issueInstanceId").owned();
    let verdict = issue.get("primaryTag").text();
    draft.suppressed = match (issue.get("suppressed").is_true(), verdict.filter(|v| is_dismissal(v))) {
        (true, _) => Some("Suppressed in Fortify.".to_owned()),
        (false, Some(verdict)) => Some(format!("Audited in Fortify: {verdict}.")),
        (false, None) => None,
    };
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn issues_of_all_engines_that_are_not_gone() {
        let text = r#"{"data": [{"id": 1, "issueName": "SQL Injection", "friority": "Critical", "engineCategory": "STATIC", "engineType": "SCA",
            "fullFileName": "src/L.java", "primaryLocation": "L.java", "lineNumber": 42, "issueInstanceId": "A1", "primaryTag": "Not an Issue"},
            {"id": 2, "issueName": "XSS", "friority": "Low", "primaryLocation": {"fullFileName": "src/M.java", "line": 4}, "suppressed": false},
            {"id": 3, "issueName": "Old", "friority": "High", "removed": true}], "count": 9}"#;
        let report = read("f", text.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("fortify-ssc-json", ReportStatus::Ok, 3));
        let [sql, xss] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
        assert_eq!((sql.severity, sql.place().as_str(), sql.class), (Severity::Critical, "src/L.java:42", Class::Sast));
        assert!(sql.suppressed.is_some());
        assert_eq!(sql.sources[0].native_id.as_ref().unwrap().raw(), "A1");
        assert_eq!((xss.severity, xss.place().as_str()), (Severity::Low, "src/M.java:4"));
        assert!(report.reason.unwrap().raw().contains("one page of several"));
        assert_eq!(read("f", br#"{"data": {}}"#, Some("fortify-ssc-json")).status, ReportStatus::Error);
    }
}
