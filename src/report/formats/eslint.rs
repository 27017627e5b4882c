//! ESLint JSON, plain or with metadata. A message without a rule says that a file could not be parsed.

use std::collections::HashMap;

use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "eslint-json",
    title: "ESLint JSON",
    classes: &[Class::Sast],
    items: "`messages` and `suppressedMessages` of all files",
    severity: "`severity` (2, error, is high; 1, warning, medium)",
    identity: "rule, path and code, else message",
    checked: "DefectDojo's parser, and the tool's documentation",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let is_file = |n: &Node<'_>| n.has_all(&["filePath", "messages", "errorCount"]);
    let doc = shape.json();
    (is_file(doc.at("0")) || is_file(doc.at("results.0")) || doc.get("metadata").has("rulesMeta")).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "ESLint", &[Class::Sast]);
    let rules = doc.at("metadata.rulesMeta").entries();
    let rules: HashMap<&str, &Node<'_>> = rules.iter().map(|(name, rule)| (name.as_ref(), rule)).collect();
    let files = if doc.is_object() { doc.results("results")? } else { doc.list()? };
    let mut broken = Vec::new();
    for file in files {
        let path = file.get("filePath").or_empty();
        let lines: Vec<&str> = file.get("source").or_empty().lines().collect();
        for (list, suppressed) in
            [(file.results("messages")?, false), (file.results_or_none("suppressedMessages")?, true)]
        {
            for message in list {
                let mut draft = draft(message, &rules);
                draft.path = Some(path.to_owned());
                let line = draft.line.and_then(|l| usize::try_from(l).ok()).and_then(|l| lines.get(l.checked_sub(1)?));
                draft.snippet = line.map(|l| (*l).to_owned());
                if suppressed {
                    let said = message.get("suppressions").items().iter().filter_map(|s| s.get("justification").text());
                    let said = format!("Disabled by a comment in the code. {}", said.collect::<Vec<_>>().join(" "));
                    draft.suppressed = Some(said.trim_end().to_owned());
                }
                if message.get("fatal").is_true() {
                    broken.push(path);
                }
                reading.add(draft);
            }
        }
    }
    if !broken.is_empty() {
        reading.remark(format!("ESLint could not parse {} files: {}.", broken.len(), broken.join(", ")));
    }
    if files.is_empty() {
        reading.not_assessed("ESLint looked at no file.");
    }
    reading.done()
}

fn draft(message: &Node<'_>, rules: &HashMap<&str, &Node<'_>>) -> Draft {
    let mut draft = Draft::new(Class::Sast);
    let fatal = message.get("fatal").is_true();
    let rule = message.get("ruleId").text();
    rule.unwrap_or(if fatal { "parse-error" } else { "eslint" }).clone_into(&mut draft.rule);
    message.get("message").or_empty().clone_into(&mut draft.title);
    draft.severity = match message.get("severity").or_empty() {
        "2" | "error" => Severity::High,
        "1" | "warning" => Severity::Medium,
        _ if fatal => Severity::High,
        _ => Severity::Unknown,
    };
    draft.say("", message.get("message").text());
    let about = rule.and_then(|r| rules.get(r)).map_or(&Node::Null, |r| r.get("docs"));
    draft.say("Rule", about.get("description").text());
    draft.url = about.get("url").owned();
    draft.line = message.get("line").number();
    draft.column = message.get("column").number();
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn messages_of_files_are_findings() {
        let files = r#"[{"filePath": "/w/a.js", "source": "a\neval(x)\n", "errorCount": 2, "messages": [
            {"ruleId": "no-eval", "severity": 2, "message": "No eval.", "line": 2, "column": 1},
            {"ruleId": null, "fatal": true, "severity": 2, "message": "Parsing error"}], "suppressedMessages": [
            {"ruleId": "no-x", "severity": 1, "message": "No x.", "line": 1, "suppressions": [{"justification": "legacy"}]}]}]"#;
        let with_rules = format!(
            r#"{{"results": {files}, "metadata": {{"rulesMeta": {{"no-eval": {{"docs": {{"url": "https://e.example"}}}}}}}}}}"#
        );
        for text in [files, &with_rules] {
            let report = read("e", text.as_bytes(), None);
            assert_eq!((report.format, report.raw_items, report.findings.len()), ("eslint-json", 3, 3));
            let (eval, old) = (&report.findings[0], &report.findings[2]);
            assert_eq!(
                (eval.severity, eval.place().as_str(), eval.snippet.as_ref().unwrap().raw()),
                (Severity::High, "/w/a.js:2", "eval(x)")
            );
            assert_eq!(
                (old.severity, old.suppressed.as_ref().unwrap().raw().contains("legacy")),
                (Severity::Medium, true)
            );
            assert!(report.reason.unwrap().raw().contains("could not parse"));
        }
    }

    #[test]
    fn files_without_messages_are_clean() {
        let of = |text: &str| read("e", text.as_bytes(), None).status;
        assert_eq!(of(r#"[{"filePath": "a.js", "messages": [], "errorCount": 0}]"#), ReportStatus::Empty);
        assert_eq!(of(r#"[{"filePath": "a.js", "messages": {}, "errorCount": 0}]"#), ReportStatus::Error);
        assert_eq!(of(r#"{"results": [], "metadata": {"rulesMeta": {}}}"#), ReportStatus::NotAssessed);
    }
}
