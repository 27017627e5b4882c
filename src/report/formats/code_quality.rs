//! GitLab's Code Quality report: a list of remarks, as many linters write it (`--output-format gitlab`), and Code Climate's
//! issues, which it is a part of: one object after another, with a NUL between them.

use super::hadolint;
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "gitlab-code-quality",
    title: "GitLab Code Quality and Code Climate JSON, of any linter",
    classes: &[Class::Sast],
    items: "elements of the list that are issues, or the issues one after another",
    severity: "`severity` (blocker is critical, critical high, major medium, minor low, info info; of Hadolint as its levels)",
    identity: "`fingerprint`",
    checked: "the other formats of the same run of Hadolint, and the documentation of GitLab and Code Climate",
    detect,
    parse,
}];

/// What is no issue is a measurement of the code.
fn is_issue(node: &Node<'_>) -> bool {
    node.get("type").text().is_none_or(|t| t.eq_ignore_ascii_case("issue"))
}

fn detect(shape: &Shape<'_>) -> Fit {
    let is_remark = |n: &Node<'_>| {
        let location = n.get("location");
        let placed = location.get("path").text().is_some() && location.has_any(&["lines", "positions"]);
        placed && n.has("description") && n.has_any(&["fingerprint", "check_name"])
    };
    match shape.line() {
        Node::List(items) => items.iter().any(is_remark).into(),
        // Of objects one after another only the first is seen.
        one => (is_remark(one) && is_issue(one)).into(),
    }
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc;
    let all;
    let remarks = if input.text.trim_start().starts_with('{') {
        all = one_after_another(input.text)?;
        all.as_slice()
    } else {
        doc = Node::parse(input.text)?;
        doc.list()?
    };
    // Any linter may have written it, and nothing in it says what that looks at, but for the names of some rules.
    let by_hadolint = remarks.iter().any(|r| hadolint::is_rule(r.get("check_name").or_empty()));
    let mut reading = if by_hadolint {
        Reading::new(input, "Hadolint", &[Class::Iac])
    } else {
        Reading::new(input, "Code Quality", &[])
    };
    for remark in remarks {
        let remark = remark.object()?;
        if is_issue(remark) {
            let mut draft = draft(remark);
            if by_hadolint {
                draft.class = Class::Iac;
                draft.severity = hadolint::severity(match remark.get("severity").or_empty() {
                    "blocker" => "error",
                    "major" => "warning",
                    "minor" => "style",
                    other => other,
                });
            }
            reading.add(draft);
        }
    }
    reading.done()
}

/// The issues of Code Climate's format: a NUL ends each.
fn one_after_another(text: &str) -> Result<Vec<Node<'_>>, Unreadable> {
    let mut all = Vec::new();
    for (number, part) in (1..).zip(text.split('\0').filter(|p| !p.trim().is_empty())) {
        let found = Node::parse_all(part);
        let found = found.map_err(|e| Unreadable(format!("Part {number} of what NULs divide: {}", e.0)))?;
        if !found.iter().all(|f| f.has_any(&["description", "type"])) {
            return Err(Unreadable(format!("Part {number} of what NULs divide has neither a description nor a type.")));
        }
        all.extend(found);
    }
    Ok(all)
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
    fn issues_may_stand_one_after_another() {
        let issue = |rule: &str, line: u32, severity: &str| {
            format!(
                r#"{{"type": "issue", "check_name": "{rule}", "description": "Said.", "categories": ["Bug Risk"],
                "location": {{"path": "Dockerfile", "lines": {{"begin": {line}, "end": {line}}}}}, "severity": "{severity}"}}"#
            )
        };
        for between in ["\0", "\0\n", "\n"] {
            let text = format!("{}{between}{}{between}", issue("DL3000", 6, "blocker"), issue("SC2046", 7, "minor"));
            let report = read("c", text.as_bytes(), None);
            assert_eq!((report.format, report.raw_items), ("gitlab-code-quality", 2), "{between:?}");
            assert_eq!((report.tool.raw(), report.classes.as_slice()), ("Hadolint", &[Class::Iac][..]));
            let f = &report.findings[0];
            assert_eq!((f.class, f.severity, f.place().as_str()), (Class::Iac, Severity::High, "Dockerfile:6"));
        }
        let one = read("c", issue("no-unused", 1, "info").as_bytes(), None);
        assert_eq!((one.format, one.raw_items, one.tool.raw()), ("gitlab-code-quality", 1, "Code Quality"));
        let torn = read("c", format!("{}\0{{\"type\": ", issue("x", 1, "info")).as_bytes(), None);
        assert_eq!(torn.status, ReportStatus::Error);
        assert!(torn.reason.unwrap().raw().contains("Part 2"));
    }

    #[test]
    fn what_is_no_remark_is_an_error() {
        assert_eq!(read("c", b"[7]", Some("gitlab-code-quality")).status, ReportStatus::Error);
        assert_eq!(read("c", b"{}", Some("gitlab-code-quality")).status, ReportStatus::Error);
    }
}
