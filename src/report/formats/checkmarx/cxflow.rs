//! The JSON of CxFlow: issues by query and file, each with the lines that it is in, and their paths beside.

use std::collections::HashMap;

use crate::report::prelude::*;

pub(super) const FORMAT: Format = Format {
    name: "checkmarx-cxflow",
    title: "Checkmarx CxFlow JSON",
    classes: &[Class::Sast, Class::Sca],
    items: "lines in `details` of the elements of `xissues`; of dependencies elements of `osaDetails`",
    severity: "`severity`",
    identity: "query, path and code",
    checked: "written from the tool's documentation; no real file was at hand",
    detect,
    parse,
};

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    (doc.get("xissues").is_list() && doc.has_any(&["additionalDetails", "scanSummary", "projectId", "loc"])).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, super::TOOL, &[Class::Sast]);
    reading.version(doc.get("version").text());
    for issue in doc.results("xissues")? {
        if !issue.is_object() {
            return Err(Unreadable(format!("An issue has to be an object, and is {}.", issue.kind())));
        }
        let (lines, packages) = (issue.get("details").entries(), issue.get("osaDetails").items());
        // By the line that each begins in; of two that begin in one the first.
        let mut paths: HashMap<&str, &Node<'_>> = HashMap::new();
        for path in issue.at("additionalDetails.results").items() {
            paths.entry(path.at("source.line").or_empty()).or_insert(path);
        }
        for (line, detail) in lines {
            let path = paths.get(line.as_ref()).copied().unwrap_or(&Node::Null);
            reading.add(of_line(issue, line, path, detail));
        }
        for package in packages {
            reading.add(of_package(issue, package));
        }
        if lines.is_empty() && packages.is_empty() {
            reading.add(draft(issue, Class::Sast));
        }
    }
    reading.done()
}

fn draft(issue: &Node<'_>, class: Class) -> Draft {
    let mut draft = Draft::new(class);
    issue.get("vulnerability").or_empty().clone_into(&mut draft.rule);
    draft.title = draft.rule.replace('_', " ");
    draft.rated(issue.get("severity").text());
    draft.cwe = issue.get("cwe").number().filter(|n| *n > 0).into_iter().collect();
    draft.path = issue.get("filename").owned();
    draft.url = issue.get("link").owned();
    draft.say("", issue.get("description").text());
    draft.say("Categories", issue.at("additionalDetails.categories").text());
    draft
}

/// The finding in one line: that of the source, by which the paths are found too.
fn of_line(issue: &Node<'_>, line: &str, path: &Node<'_>, detail: &Node<'_>) -> Draft {
    let mut draft = draft(issue, Class::Sast);
    let sink = path.get("sink");
    draft.line = sink.get("line").number().or(line.parse().ok());
    draft.path = sink.get("file").owned().or(draft.path);
    draft.snippet = sink.get("snippet").owned().or_else(|| detail.get("codeSnippet").owned());
    for (heading, end) in [("From", path.get("source")), ("To", sink)] {
        let place = [end.get("file"), end.get("line"), end.get("object")].map(Node::or_empty).join(" ");
        draft.say(heading, Some(&place));
    }
    draft.say("Line", Some(line));
    draft.say("Comment", detail.get("comment").text());
    if detail.get("falsePositive").is_true() || path.get("state").or_empty() == "1" {
        draft.suppressed = Some("Marked as not exploitable in Checkmarx.".to_owned());
    }
    draft
}

fn of_package(issue: &Node<'_>, package: &Node<'_>) -> Draft {
    let mut draft = draft(issue, Class::Sca);
    let id = package.get("cve").text().or(issue.get("cve").text()).unwrap_or_default();
    draft.vulnerabilities = words::vulnerability_ids(id);
    if !id.is_empty() {
        id.clone_into(&mut draft.rule);
    }
    if package.get("severity").text().is_some() {
        draft.rated(package.get("severity").text());
    }
    draft.say("", package.get("description").text());
    draft.say("Recommendation", package.get("recommendation").text());
    draft.url = package.get("url").owned().or(draft.url);
    let name = package.get("libraryName").text().or(issue.get("filename").text());
    draft.in_package(name, package.get("version").text(), None, None);
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn each_line_is_a_finding_with_its_path() {
        let text = r#"{"projectId": "1", "additionalDetails": {}, "xissues": [{"vulnerability": "SQL_Injection", "cwe": "89", "severity": "High",
            "filename": "a.cs", "details": {"4": {"falsePositive": true, "codeSnippet": "in"}, "9": {"codeSnippet": "x"}},
            "additionalDetails": {"results": [{"state": "0", "source": {"file": "a.cs", "line": "4"},
            "sink": {"file": "b.cs", "line": "7", "snippet": "run(q)"}}]}}]}"#;
        let report = read("c", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("checkmarx-cxflow", 2));
        let (one, two) = (&report.findings[0], &report.findings[1]);
        assert_eq!((one.severity, one.place().as_str(), one.suppressed.is_some()), (Severity::High, "b.cs:7", true));
        assert_eq!((two.place().as_str(), two.snippet.as_ref().unwrap().raw()), ("a.cs:9", "x"));
        assert_eq!(read("c", br#"{"projectId": "1", "xissues": []}"#, None).status, ReportStatus::Empty);
    }
}
