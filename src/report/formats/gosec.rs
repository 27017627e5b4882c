//! gosec JSON: `gosec -fmt json`. Lines are text, and may be a range.

mod junit;

use crate::report::prelude::*;

const TOOL: &str = "gosec";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "gosec-json",
        title: "gosec JSON",
        classes: &[Class::Sast],
        items: "elements of `Issues`",
        severity: "`severity`",
        identity: "rule, path and code",
        checked: "DefectDojo's parser",
        detect,
        parse,
    },
    junit::JUNIT,
];

fn detect(shape: &Shape<'_>) -> Fit {
    shape.has(&["Issues", "Stats"]).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sast]);
    reading.version(doc.get("GosecVersion").text().filter(|v| *v != "dev"));
    for issue in doc.results_or_none("Issues")? {
        if !issue.is_object() {
            return Err(Unreadable(format!("An issue has to be an object, and is {}.", issue.kind())));
        }
        reading.add(draft(issue));
    }
    let files = doc.get("Golang errors").entries();
    if !files.is_empty() {
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_ref()).collect();
        reading.remark(format!("gosec could not look at all of {} files: {}.", names.len(), names.join(", ")));
    }
    if reading.items() == 0 && doc.at("Stats.files").number() == Some(0) {
        reading.not_assessed("gosec looked at no file.");
    }
    reading.done()
}

fn draft(issue: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Sast);
    issue.get("rule_id").or_empty().clone_into(&mut draft.rule);
    issue.get("details").or_empty().clone_into(&mut draft.title);
    draft.rated(issue.get("severity").text());
    draft.say("", issue.get("details").text());
    draft.say("Fix", issue.get("autofix").text());
    let cwe = issue.get("cwe");
    draft.cwe = [cwe.get("id"), cwe.get("ID")].iter().filter_map(|n| n.number()).filter(|n| *n > 0).collect();
    draft.url = [cwe.get("url"), cwe.get("URL")].iter().find_map(|n| n.owned());
    draft.confidence = issue.get("confidence").owned();
    draft.path = issue.get("file").owned();
    let lines = issue.get("line").or_empty();
    let (first, last) = lines.split_once('-').unwrap_or((lines, lines));
    draft.line = first.trim().parse().ok();
    draft.column = issue.get("column").number();
    let code = issue.get("code").or_empty();
    draft.snippet = Some(snippet(code, draft.line, last.trim().parse().ok()));
    draft.context = Some(code.to_owned()).filter(|c| c.lines().count() > 1);
    let said: Vec<&str> =
        issue.get("suppressions").items().iter().filter_map(|s| s.get("justification").text()).collect();
    if issue.get("nosec").is_true() || issue.get("suppressions").items().iter().any(Node::is_object) {
        draft.suppressed =
            Some(format!("Suppressed by a comment or the configuration. {}", said.join(" ")).trim_end().to_owned());
    }
    draft
}

/// The code at the place: newer versions number the lines, and add some before and after.
fn snippet(code: &str, first: Option<u32>, last: Option<u32>) -> String {
    let numbered = code.lines().filter_map(|line| {
        let (number, rest) = line.split_once(':')?;
        Some((number.trim().parse::<u32>().ok()?, rest.strip_prefix(' ').unwrap_or(rest)))
    });
    let range = first..=last.or(first);
    let wanted: Vec<&str> = numbered.filter(|(n, _)| range.contains(&Some(*n))).map(|(_, l)| l).collect();
    if wanted.is_empty() { code.trim_end().to_owned() } else { wanted.join("\n") }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn an_issue_has_the_code_of_its_lines() {
        let text = r#"{"Golang errors": {"b.go": [{"line": 1, "error": "x"}]}, "GosecVersion": "2.20", "Stats": {"files": 2}, "Issues": [
            {"severity": "HIGH", "confidence": "LOW", "cwe": {"id": "78", "url": "https://c.example"}, "rule_id": "G204", "details": "Command.",
             "file": "/src/a.go", "code": "4: a\n5: run(\n6: \tx)\n7: b\n", "line": "5-6", "column": "3", "nosec": true,
             "suppressions": [{"kind": "inSource", "justification": "constant"}]}]}"#;
        let report = read("g", text.as_bytes(), None);
        let f = &report.findings[0];
        assert_eq!((report.format, report.raw_items, f.severity), ("gosec-json", 1, Severity::High));
        assert_eq!(
            (f.place().as_str(), f.snippet.as_ref().unwrap().raw(), &f.cwe[..]),
            ("/src/a.go:5", "run(\n\tx)", &[78][..])
        );
        assert!(
            f.suppressed.as_ref().unwrap().raw().contains("constant") && report.reason.unwrap().raw().contains("b.go")
        );
    }

    #[test]
    fn no_file_is_not_clean() {
        let of = |text: &str| read("g", text.as_bytes(), None).status;
        assert_eq!(of(r#"{"Issues": [], "Stats": {"files": 0}}"#), ReportStatus::NotAssessed);
        assert_eq!(of(r#"{"Issues": null, "Stats": {"files": 3}}"#), ReportStatus::Empty);
        assert_eq!(of(r#"{"Issues": {}, "Stats": {"files": 3}}"#), ReportStatus::Error);
    }
}
