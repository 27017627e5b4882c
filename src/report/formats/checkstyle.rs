//! Checkstyle XML, which many linters write: Hadolint, `ShellCheck`, `ESLint`, detekt, PMD, `PHP_CodeSniffer`. It names no tool,
//! but the rules of some tell of them.

use super::hadolint;
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "checkstyle-xml",
    title: "Checkstyle XML, as many linters write it",
    classes: &[Class::Sast, Class::Iac],
    items: "`error` elements of all files",
    severity: "`severity` (error is high, warning medium, info low)",
    identity: "rule, path and message",
    checked: "the same run of Hadolint in its other formats",
    detect: |shape| Fit::general(shape.root("checkstyle")),
    parse,
}];

/// How the rules of a tool begin, and how the tool calls itself elsewhere.
const TOOLS: [(&str, &str); 8] = [
    ("DL", "Hadolint"),
    ("ShellCheck.", "ShellCheck"),
    ("eslint.rules.", "ESLint"),
    ("detekt.", "detekt"),
    ("com.puppycrawl.", "Checkstyle"),
    ("net.sourceforge.pmd.", "PMD"),
    ("standard:", "ktlint"),
    ("PSR", "PHP_CodeSniffer"),
];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut errors: Vec<(String, xml::Node)> = Vec::new();
    // What could not be checked, with what was thrown.
    let mut broken: Vec<(String, xml::Node)> = Vec::new();
    let mut path = String::new();
    let mut root = false;
    xml::walk(input.text, &["error", "exception"], |part| match part {
        Part::Open(node) if node.name == "file" => node.attribute("name").unwrap_or_default().clone_into(&mut path),
        Part::Open(node) => root |= node.name == "checkstyle",
        Part::Whole(exception) if exception.name == "exception" => broken.push((path.clone(), exception)),
        Part::Whole(error) => errors.push((path.clone(), error)),
        Part::Close(_) => {}
    })?;
    if !root {
        return Err(Unreadable("A Checkstyle report has the outermost element <checkstyle>.".to_owned()));
    }
    let sources = || errors.iter().filter_map(|(_, e)| e.attribute("source"));
    let known = TOOLS.iter().find(|(start, _)| sources().any(|s| is_rule(s, start)));
    let tool = known.map_or("Checkstyle", |(_, tool)| tool);
    let class = if tool == "Hadolint" { Class::Iac } else { Class::Sast };
    let mut reading = Reading::new(input, tool, &[class]);
    for (path, error) in &errors {
        reading.add(draft(class, path, error));
    }
    if let Some((path, exception)) = broken.first() {
        let said = exception.text.trim().lines().next().unwrap_or("no reason is given");
        let (path, said) = (crate::text::line(path), crate::text::line(said));
        reading.incomplete(format!("{tool} could not check {} files, the first: {path}: {said}", broken.len()));
    }
    reading.done()
}

fn is_rule(source: &str, start: &str) -> bool {
    if start == "DL" { hadolint::is_rule(source) } else { source.starts_with(start) }
}

fn draft(class: Class, path: &str, error: &xml::Node) -> Draft {
    let mut draft = Draft::new(class);
    let number = |name: &str| error.attribute(name).and_then(|n| n.parse().ok());
    draft.severity = match error.attribute("severity").unwrap_or_default().to_ascii_lowercase().as_str() {
        "error" => Severity::High,
        "warning" => Severity::Medium,
        "info" => Severity::Low,
        "ignore" | "style" => Severity::Info,
        other => words::severity(other).unwrap_or(Severity::Unknown),
    };
    let source = error.attribute("source").unwrap_or_default();
    // In their other formats these two write the rule alone.
    let own = ["ShellCheck.", "eslint.rules."].iter().find_map(|prefix| source.strip_prefix(prefix));
    let rule = own.unwrap_or(source);
    rule.clone_into(&mut draft.rule);
    let message = error.attribute("message").unwrap_or_default();
    // ESLint writes the rule behind the message here only.
    let behind = own.and_then(|rule| message.strip_suffix(&format!(" ({rule})")));
    behind.unwrap_or(message).clone_into(&mut draft.title);
    draft.detail.clone_from(&draft.title);
    draft.path = Some(path.to_owned());
    draft.line = number("line");
    draft.column = number("column");
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn errors_of_all_files_are_read() {
        let text = r#"<?xml version="1.0"?><checkstyle version="4.3"><file name="./a/Dockerfile"><error column="1" line="2"
            message="Pin it." severity="warning" source="DL3008"/></file><file name="b.Dockerfile"><error line="7" message="Quote it."
            severity="info" source="SC2086"/></file></checkstyle>"#;
        let report = read("r", text.as_bytes(), None);
        assert_eq!((report.format, report.tool.raw(), report.raw_items), ("checkstyle-xml", "Hadolint", 2));
        let (a, b) = (&report.findings[0], &report.findings[1]);
        assert_eq!(
            (a.class, a.severity, a.rule.raw(), a.place().as_str()),
            (Class::Iac, Severity::Medium, "DL3008", "a/Dockerfile:2")
        );
        assert_eq!((b.severity, b.place().as_str()), (Severity::Low, "b.Dockerfile:7"));
        let eslint = r#"<checkstyle version="4.3"><file name="a.js"><error line="3" column="3" severity="error" message="eval can be harmful. (no-eval)" source="eslint.rules.no-eval"/></file></checkstyle>"#;
        let report = read("r", eslint.as_bytes(), None);
        let f = &report.findings[0];
        assert_eq!((report.tool.raw(), f.rule.raw(), f.title.raw()), ("ESLint", "no-eval", "eval can be harmful."));
        let clean = read("r", br#"<checkstyle version="8"><file name="x.java"></file></checkstyle>"#, None);
        assert_eq!((clean.status, clean.classes.as_slice()), (ReportStatus::Empty, &[Class::Sast][..]));
        let thrown = text.replace(
            "</file></checkstyle>",
            "<exception>\n<![CDATA[Got an exception\n at x]]></exception></file></checkstyle>",
        );
        let report = read("r", thrown.as_bytes(), None);
        assert_eq!(
            (report.raw_items, report.reason.unwrap().raw().contains("b.Dockerfile: Got an exception")),
            (2, true)
        );
        let none =
            br#"<checkstyle version="8"><file name="x.java"><exception>No grammar.</exception></file></checkstyle>"#;
        assert_eq!(read("r", none, None).status, ReportStatus::NotAssessed);
        assert_eq!(read("r", b"<lint/>", Some("checkstyle-xml")).status, ReportStatus::Error);
    }
}
