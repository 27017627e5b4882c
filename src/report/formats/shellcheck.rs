//! `ShellCheck`: `-f json`, a bare list, and `-f json1`, the same list under `comments`.

use super::hadolint;
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "shellcheck-json",
    title: "ShellCheck JSON (`json` and `json1`)",
    classes: &[Class::Sast],
    items: "elements of the list, or of `comments`",
    severity: "`level` (error is high, warning medium, info low, style info)",
    identity: "rule, path and message",
    checked: "written from the tool's documentation; no real file was at hand",
    detect,
    parse,
}];

/// Whether an element of a list is one of `ShellCheck`'s: Hadolint's have neither an end nor numbers for rules.
pub(super) fn is_comment(node: &Node<'_>) -> bool {
    let numbered = matches!(node.get("code"), Node::Number(_));
    node.has_all(&["file", "line", "column", "level", "code", "message"]) && (node.has("endLine") || numbered)
}

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let comments = doc.get("comments");
    let found = if doc.is_list() { doc.items() } else { comments.items() };
    let empty = comments.is_list() && comments.items().is_empty() && doc.entries().len() == 1;
    (found.first().is_some_and(is_comment) || empty).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "ShellCheck", &[Class::Sast]);
    let comments = if doc.is_list() { doc.list()? } else { doc.results("comments")? };
    for comment in comments {
        reading.add(draft(comment.object()?));
    }
    reading.done()
}

fn draft(comment: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Sast);
    let code = comment.get("code").text().unwrap_or("shellcheck");
    draft.rule = if code.bytes().all(|b| b.is_ascii_digit()) { format!("SC{code}") } else { code.to_owned() };
    comment.get("message").text().unwrap_or("A remark without words").clone_into(&mut draft.title);
    draft.severity = hadolint::severity(comment.get("level").or_empty());
    draft.say("", comment.get("message").text());
    draft.say("Level", comment.get("level").text());
    for change in comment.at("fix.replacements").items() {
        let words = change.get("replacement").or_empty();
        let (line, column) = (change.get("line").or_empty(), change.get("column").or_empty());
        draft.say("Fix", Some(&format!("{words:?} at line {line}, column {column}")));
    }
    draft.path = comment.get("file").owned();
    draft.line = comment.get("line").number();
    draft.column = comment.get("column").number();
    draft.url = draft.rule.starts_with("SC").then(|| format!("https://www.shellcheck.net/wiki/{}", draft.rule));
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    const COMMENT: &str = r#"{"file": "bin/run.sh", "line": 3, "endLine": 3, "column": 6, "endColumn": 11, "level": "info",
        "code": 2086, "message": "Double quote.", "fix": {"replacements": [{"line": 3, "column": 6, "replacement": "\""}]}}"#;

    #[test]
    fn both_forms_are_read_alike() {
        for text in [format!("[{COMMENT}]"), format!("{{\"comments\": [{COMMENT}]}}")] {
            let report = read("s", text.as_bytes(), None);
            assert_eq!((report.format, report.raw_items), ("shellcheck-json", 1));
            let f = &report.findings[0];
            assert_eq!((f.class, f.severity, f.rule.raw()), (Class::Sast, Severity::Low, "SC2086"));
            assert_eq!((f.place().as_str(), f.location.column), ("bin/run.sh:3", Some(6)));
            assert_eq!(f.url.as_ref().unwrap().raw(), "https://www.shellcheck.net/wiki/SC2086");
        }
    }

    #[test]
    fn nothing_is_clean_and_no_list_an_error() {
        let of = |text: &str, format| read("s", text.as_bytes(), format);
        assert_eq!(of(r#"{"comments": []}"#, None).status, ReportStatus::Empty);
        assert_eq!(of(r#"{"comments": {}}"#, Some("shellcheck-json")).status, ReportStatus::Error);
        assert_eq!(of("[1]", Some("shellcheck-json")).status, ReportStatus::Error);
    }
}
