//! Ruff JSON: `ruff check --output-format json`, and one result a line (`json-lines`).

use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "ruff-json",
    title: "Ruff JSON, as a list and by lines",
    classes: &[Class::Sast],
    items: "elements of the list, or lines",
    severity: "`severity` (error is high, warning medium); older versions have none: unknown",
    identity: "rule, path and message",
    checked: "the SARIF of the same runs of Ruff 0.17",
    detect: |shape| {
        let own = ["code", "filename", "location", "noqa_row"];
        (shape.line().has_all(&own) || shape.lists(&own)).into()
    },
    parse,
}];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let documents = Node::parse_all(input.text)?;
    let mut reading = Reading::new(input, "Ruff", &[Class::Sast]);
    for document in &documents {
        let results =
            if let Node::List(results) = document { results.as_slice() } else { std::slice::from_ref(document) };
        for result in results {
            reading.add(draft(result.object()?));
        }
    }
    reading.done()
}

fn draft(result: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Sast);
    // A file that is no Python has no rule.
    result.get("code").text().unwrap_or("invalid-syntax").clone_into(&mut draft.rule);
    result.get("message").or_empty().clone_into(&mut draft.title);
    draft.severity = match result.get("severity").or_empty() {
        "error" | "fatal" => Severity::High,
        "warning" => Severity::Medium,
        "info" | "help" => Severity::Info,
        _ => Severity::Unknown,
    };
    draft.say("", result.get("message").text());
    draft.say("Fix", result.at("fix.message").text());
    draft.path = result.get("filename").owned();
    draft.line = result.at("location.row").number();
    draft.column = result.at("location.column").number();
    draft.url = result.get("url").owned();
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn results_are_findings_in_both_forms() {
        let one = r#"{"cell": null, "code": "S307", "filename": "/w/a.py", "location": {"column": 5, "row": 3}, "message": "Eval.", "noqa_row": 3, "severity": "error", "url": "https://r.example"}"#;
        let bare = one.replace("\"S307\"", "null").replace("\"severity\": \"error\", ", "");
        for text in [format!("[{one}, {bare}]"), format!("{one}\n{bare}\n")] {
            let report = read("r", text.as_bytes(), None);
            assert_eq!((report.format, report.raw_items, report.tool.raw()), ("ruff-json", 2, "Ruff"));
            let (eval, syntax) = (&report.findings[0], &report.findings[1]);
            assert_eq!((eval.rule.raw(), eval.severity, eval.place().as_str()), ("S307", Severity::High, "/w/a.py:3"));
            assert_eq!((syntax.rule.raw(), syntax.severity), ("invalid-syntax", Severity::Unknown));
        }
    }
}
