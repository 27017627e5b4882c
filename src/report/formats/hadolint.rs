//! Hadolint: its JSON, a list of what is wrong in Dockerfiles, of which any field may be missing; and its JUnit XML.

mod junit;

use super::shellcheck;
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "hadolint-json",
        title: "Hadolint JSON",
        classes: &[Class::Iac],
        items: "elements of the list",
        severity: "`level` (error is high, warning medium, info low, style info)",
        identity: "rule, path and message",
        checked: "DefectDojo's parser, and the parser of Jenkins' Warnings plugin",
        detect,
        parse,
    },
    junit::JUNIT,
];

fn detect(shape: &Shape<'_>) -> Fit {
    // ShellCheck writes the same, with the end of the place and numbers for rules.
    let is_result = |n: &Node<'_>| {
        n.has_all(&["code", "line", "column", "message"]) && n.has_any(&["file", "level"]) && !shellcheck::is_comment(n)
    };
    (shape.json().is_list() && shape.json().items().iter().any(is_result)).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "Hadolint", &[Class::Iac]);
    for result in doc.list()? {
        if !result.is_object() {
            return Err(Unreadable(format!("A result has to be an object, and is {}.", result.kind())));
        }
        let mut draft = Draft::new(Class::Iac);
        result.get("code").text().unwrap_or("hadolint").clone_into(&mut draft.rule);
        result.get("message").text().unwrap_or("A result without a message").clone_into(&mut draft.title);
        draft.severity = severity(result.get("level").or_empty());
        draft.say("", result.get("message").text());
        draft.say("Level", result.get("level").text());
        draft.path = result.get("file").owned();
        draft.line = result.get("line").number();
        draft.column = result.get("column").number();
        draft.url = link(&draft.rule);
        reading.add(draft);
    }
    reading.done()
}

/// The levels of linters of Dockerfiles.
pub(super) fn severity(level: &str) -> Severity {
    match level.to_ascii_lowercase().as_str() {
        "error" => Severity::High,
        "warning" => Severity::Medium,
        // As its reports for SARIF (note) and for SonarQube (minor) say of the same result.
        "info" => Severity::Low,
        "style" => Severity::Info,
        _ => Severity::Unknown,
    }
}

/// Whether a rule is one of Hadolint's own: letters and digits only, for a rule of another tool may begin with the same two
/// letters.
pub(super) fn is_rule(rule: &str) -> bool {
    let digits = rule.strip_prefix("DL").unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Where the rule is explained: rules of its own, and those of `ShellCheck`.
pub(super) fn link(rule: &str) -> Option<String> {
    match rule.get(..2)? {
        "DL" => Some(format!("https://github.com/hadolint/hadolint/wiki/{rule}")),
        "SC" => Some(format!("https://www.shellcheck.net/wiki/{rule}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn results_are_findings_also_where_fields_are_missing() {
        let text = r#"[{}, {"code": "SC2046", "column": 1, "file": "a/Dockerfile", "level": "error", "line": 4, "message": "Quote it."}]"#;
        let report = read("h", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("hadolint-json", 2, 2));
        let (bare, quote) = (&report.findings[0], &report.findings[1]);
        assert_eq!((bare.severity, quote.severity, quote.class), (Severity::Unknown, Severity::High, Class::Iac));
        assert_eq!((quote.place().as_str(), quote.rule.raw()), ("a/Dockerfile:4", "SC2046"));
    }

    #[test]
    fn an_empty_list_is_clean_where_the_format_is_named() {
        assert_eq!(read("h", b"[]", Some("hadolint-json")).status, ReportStatus::Empty);
        assert_eq!(read("h", b"[1]", Some("hadolint-json")).status, ReportStatus::Error);
    }
}
