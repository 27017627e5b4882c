//! GitLab's Code Quality report: a list of remarks, as many linters write it (`--output-format gitlab`), and Code Climate's
//! issues, which it is a part of.

use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "gitlab-code-quality",
    title: "GitLab Code Quality and Code Climate JSON, of any linter",
    classes: &[Class::Sast],
    items: "elements of the list that are issues",
    severity: "`severity` (blocker is critical, critical high, major medium, minor low, info info)",
    identity: "`fingerprint`",
    checked: "written from the documentation of GitLab and Code Climate; no real file was at hand",
    detect,
    parse,
}];

/// What is no issue is a measurement of the code.
fn is_issue(node: &Node<'_>) -> bool {
    node.get("type").text().is_none_or(|t| t.eq_ignore_ascii_case("issue"))
}

fn detect(shape: &Shape<'_>) -> Fit {
    let remark = |n: &Node<'_>| {
        let location = n.get("location");
        let placed = location.get("path").text().is_some() && location.has_any(&["lines", "positions"]);
        placed && n.has("description") && n.has_any(&["fingerprint", "check_name"])
    };
    (shape.json().is_list() && shape.json().items().iter().any(remark)).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    // Any linter may have written it, and nothing in it says what that looks at.
    let mut reading = Reading::new(input, "Code Quality", &[]);
    for remark in doc.list()? {
        let remark = remark.as_result()?;
        if is_issue(remark) {
            reading.add(draft(remark));
        }
    }
    reading.done()
}

fn draft(remark: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Sast);
    let text = remark.get("description").or_empty();
    remark.get("check_name").or_empty().clone_into(&mut draft.rule);
    text.clone_into(&mut draft.title);
    draft.severity = match remark.get("severity").or_empty().to_ascii_lowercase().as_str() {
        "blocker" => Severity::Critical,
        "critical" => Severity::High,
        "major" => Severity::Medium,
        "minor" => Severity::Low,
        "info" => Severity::Info,
        _ => Severity::Unknown,
    };
    draft.say("", Some(text));
    draft.say("", remark.at("content.body").text());
    draft.say("Categories", Some(&remark.get("categories").texts().collect::<Vec<_>>().join(", ")));
    let location = remark.get("location");
    draft.path = location.get("path").owned();
    let begin = location.at("positions.begin");
    // Some linters write the place as a whole where others write its line.
    let lines = [location.at("lines.begin"), location.at("lines.begin.line"), begin.get("line")];
    draft.line = lines.into_iter().find_map(Node::number);
    draft.column = begin.get("column").number();
    draft.native_id = remark.get("fingerprint").owned();
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn remarks_of_both_ways_of_placing_are_findings() {
        let text = br#"[{"description": "Unused variable.", "check_name": "no-unused", "fingerprint": "7815696ecbf1c96e", "severity": "minor",
            "location": {"path": "lib/a.js", "lines": {"begin": 42}}},
            {"type": "issue", "description": "Too long.", "check_name": "len", "fingerprint": "b", "severity": "critical", "categories": ["Style"],
            "location": {"path": "b.py", "positions": {"begin": {"line": 3, "column": 2}, "end": {"line": 3}}}},
            {"type": "measurement", "name": "loc", "value": 7}]"#;
        let report = read("c", text, None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("gitlab-code-quality", 2, 2));
        let (one, two) = (&report.findings[0], &report.findings[1]);
        let (one, two) = if one.rule.raw() == "len" { (two, one) } else { (one, two) };
        assert_eq!((one.class, one.severity, one.place().as_str()), (Class::Sast, Severity::Low, "lib/a.js:42"));
        assert_eq!(one.sources[0].native_id.as_ref().unwrap().raw(), "7815696ecbf1c96e");
        assert_eq!((two.severity, two.place().as_str(), two.location.column), (Severity::High, "b.py:3", Some(2)));
        assert!(report.classes.is_empty(), "nothing says what the linter looks at");
    }

    #[test]
    fn what_is_no_remark_is_an_error() {
        assert_eq!(read("c", b"[7]", Some("gitlab-code-quality")).status, ReportStatus::Error);
        assert_eq!(read("c", b"{}", Some("gitlab-code-quality")).status, ReportStatus::Error);
    }
}
