//! Codacy's results: JSON objects one after another, as the tools write them that Codacy runs, and Hadolint by itself
//! (`--format codacy`). They say no severity, and name no tool, but the rules of some tell of them.

use super::hadolint;
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "codacy-json",
    title: "Codacy results, JSON lines of any tool",
    classes: &[Class::Sast, Class::Iac],
    items: "the objects that have a `patternId`",
    severity: "unknown: it is not written",
    identity: "rule, path and message",
    checked: "the JSON of the same run of Hadolint, and the documentation of Codacy",
    detect,
    parse,
}];

/// An object with the name of a file and a message only is what could not be looked at.
fn detect(shape: &Shape<'_>) -> Fit {
    let line = shape.line();
    (line.has_all(&["filename", "line", "message", "patternId"]) && line.get("patternId").text().is_some()).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let all = Node::parse_all(input.text)?;
    let by_hadolint = all.iter().any(|r| hadolint::is_rule(r.get("patternId").or_empty()));
    let (tool, class) = if by_hadolint { ("Hadolint", Class::Iac) } else { ("Codacy", Class::Sast) };
    let mut reading = Reading::new(input, tool, if by_hadolint { &[Class::Iac] } else { &[] });
    let mut unread: Vec<String> = Vec::new();
    for result in &all {
        let result = result.object()?;
        if result.has("patternId") {
            reading.add(draft(class, result));
        } else if result.has("message") {
            unread.push(format!("{} ({})", result.get("filename").or_empty(), result.get("message").or_empty()));
        } else {
            return Err(Unreadable(
                "A result has to have a \"patternId\" or a \"message\", and one has neither.".to_owned(),
            ));
        }
    }
    if !unread.is_empty() {
        reading.remark(format!("{tool} could not look at {} files: {}.", unread.len(), unread.join(", ")));
    }
    reading.done()
}

fn draft(class: Class, result: &Node<'_>) -> Draft {
    let mut draft = Draft::new(class);
    result.get("patternId").or_empty().clone_into(&mut draft.rule);
    result.get("message").or_empty().clone_into(&mut draft.title);
    draft.say("", result.get("message").text());
    draft.say("Suggestion", result.get("suggestion").text());
    draft.path = result.get("filename").owned();
    draft.line = result.get("line").number();
    if by_digits(&draft.rule) {
        draft.url = hadolint::link(&draft.rule);
    }
    draft
}

fn by_digits(rule: &str) -> bool {
    hadolint::is_rule(rule) || rule.strip_prefix("SC").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn results_one_after_another_are_findings() {
        let text = r#"{"filename":"Dockerfile","line":3,"message":"No sudo.","patternId":"DL3004"}{"filename":"Dockerfile","line":4,"message":"Quote.","patternId":"SC2046"}
            {"filename": "b/Dockerfile", "message": "cannot be parsed"}"#;
        let report = read("c", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.tool.raw()), ("codacy-json", 2, "Hadolint"));
        assert_eq!(report.classes, [Class::Iac]);
        assert!(report.reason.unwrap().raw().contains("b/Dockerfile (cannot be parsed)"));
        let f = &report.findings[0];
        assert_eq!((f.rule.raw(), f.severity, f.place().as_str()), ("DL3004", Severity::Unknown, "Dockerfile:3"));
        assert!(f.url.as_ref().unwrap().raw().ends_with("/DL3004"));
        let other = read("c", text.replace("DL3004", "no-eval").as_bytes(), None);
        assert_eq!((other.tool.raw(), other.findings[0].class, other.classes.len()), ("Codacy", Class::Sast, 0));
    }

    #[test]
    fn what_is_no_result_is_an_error() {
        for bad in ["{\"filename\": \"a\"}", "7", "{\"filename\""] {
            assert_eq!(read("c", bad.as_bytes(), Some("codacy-json")).status, ReportStatus::Error, "{bad}");
        }
    }
}
