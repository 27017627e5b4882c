//! `dockerfile_lint` of Project Atomic: three lists by their level. It names no file.

use super::hadolint::severity;
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "dockerfile-lint-json",
    title: "dockerfile_lint JSON",
    classes: &[Class::Iac],
    items: "elements of `data` of `error`, `warn` and `info`",
    severity: "the list (error is high, warning medium, info low)",
    identity: "rule and line of the file",
    checked: "the parser of Jenkins' Warnings plugin and its sample",
    detect,
    parse,
}];

const LEVELS: [(&str, &str); 3] = [("error", "error"), ("warn", "warning"), ("info", "info")];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    (doc.has("summary") && LEVELS.iter().all(|(list, _)| doc.get(list).has_all(&["count", "data"]))).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "dockerfile_lint", &[Class::Iac]);
    for (list, level) in LEVELS {
        for result in doc.results(&format!("{list}.data"))? {
            let result = result.object()?;
            let mut draft = Draft::new(Class::Iac);
            let (message, about) = (result.get("message").text(), result.get("description").text());
            let said = message.or(about).unwrap_or_default();
            let rule = result.get("label").text().or(result.get("instruction").text());
            rule.unwrap_or(said).clone_into(&mut draft.rule);
            said.clone_into(&mut draft.title);
            draft.severity = severity(level);
            draft.say("", message);
            draft.say("", about.filter(|a| *a != "None"));
            draft.logical = result.get("instruction").owned();
            draft.line = result.get("line").number();
            draft.snippet = result.get("lineContent").owned();
            let address: String = result.get("reference_url").texts().collect();
            draft.url = Some(address).filter(|a| a.starts_with("http"));
            reading.add(draft);
        }
    }
    reading.done()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn each_list_is_a_level() {
        let text = r#"{"error": {"count": 1, "data": [{"message": "Invalid parameters", "line": 39, "level": "error", "lineContent": "USER ${u}"}]},
            "warn": {"count": 1, "data": [{"label": "no_clean", "message": "No cleaning", "line": -1, "reference_url": ["https://d.example/", "x"]}]},
            "info": {"count": 1, "data": [{"instruction": "EXPOSE", "description": "No port."}]}, "summary": []}"#;
        let report = read("d", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("dockerfile-lint-json", 3));
        let severities: Vec<Severity> = report.findings.iter().map(|f| f.severity).collect();
        assert_eq!(severities, [Severity::High, Severity::Medium, Severity::Low]);
        assert_eq!((report.findings[0].location.line, report.findings[1].rule.raw()), (Some(39), "no_clean"));
        let none = r#"{"error": {"count": 0, "data": []}, "warn": {"count": 0, "data": []}, "info": {"count": 0, "data": []}, "summary": []}"#;
        assert_eq!(read("d", none.as_bytes(), None).status, ReportStatus::Empty);
        assert_eq!(read("d", none.replacen("[]", "[1]", 1).as_bytes(), None).status, ReportStatus::Error);
    }
}
