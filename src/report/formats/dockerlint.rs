//! The Docker linter of Opstree (`ot-docker-linter`): a list like that of Hadolint, with its own keys.

use super::hadolint::severity;
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "dockerlint-json",
    title: "ot-docker-linter JSON",
    classes: &[Class::Iac],
    items: "elements of the list",
    severity: "`severity` (error is high, warning medium, info low)",
    identity: "rule, path and line of the file",
    checked: "the parser of Jenkins' Warnings plugin",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    shape.lists(&["line_number", "line", "code", "description", "severity", "file"]).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "ot-docker-linter", &[Class::Iac]);
    for result in doc.list()? {
        if !result.is_object() {
            return Err(Unreadable(format!("A result has to be an object, and is {}.", result.kind())));
        }
        let mut draft = Draft::new(Class::Iac);
        result.get("code").text().unwrap_or("ot-docker-linter").clone_into(&mut draft.rule);
        result
            .get("description")
            .text()
            .or(result.get("message").text())
            .unwrap_or_default()
            .clone_into(&mut draft.title);
        draft.severity = severity(result.get("severity").or_empty());
        draft.say("", result.get("description").text());
        draft.say("", result.get("message").text());
        draft.path = result.get("file").owned();
        draft.line = result.get("line_number").number();
        draft.snippet = result.get("line").owned();
        reading.add(draft);
    }
    reading.done()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn results_have_the_line_of_the_file() {
        let text = r#"[{"line_number": 2, "line": "USER root", "code": "DL3002", "description": "Not root.", "message": "",
            "severity": "Warning", "file": "x/Dockerfile"}]"#;
        let report = read("d", text.as_bytes(), None);
        let f = &report.findings[0];
        assert_eq!((report.format, f.severity, f.rule.raw()), ("dockerlint-json", Severity::Medium, "DL3002"));
        assert_eq!((f.place().as_str(), f.snippet.as_ref().unwrap().raw()), ("x/Dockerfile:2", "USER root"));
        assert_eq!(read("d", b"[true]", Some("dockerlint-json")).status, ReportStatus::Error);
    }
}
