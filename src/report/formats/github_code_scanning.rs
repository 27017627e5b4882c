//! GitHub code scanning: the alerts that its REST API answers, of whatever tools uploaded them.

use std::collections::BTreeSet;

use super::sarif;
use crate::report::prelude::*;

const SERVICE: &str = "GitHub code scanning";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "github-code-scanning",
    title: "GitHub code scanning alerts (JSON of the REST API)",
    classes: &[Class::Sast, Class::Sca, Class::Container, Class::Iac, Class::Secret],
    items: "alerts",
    severity: "`rule.security_severity_level`, else `rule.severity` (error is high, warning medium, note low)",
    identity: "the alert's address",
    checked: "GitHub's own examples, and DefectDojo's parser",
    detect,
    parse,
}];

/// Secret scanning and Dependabot have numbers and states too, and no instances of a rule.
fn detect(shape: &Shape<'_>) -> Fit {
    let is_alert =
        |n: &Node<'_>| n.has_all(&["number", "rule", "tool", "state"]) && n.get("rule").has_any(&["id", "severity"]);
    (is_alert(shape.line()) || is_alert(shape.line().at("0"))).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    // `gh api --paginate` writes one list after another.
    let pages = Node::parse_all(input.text)?;
    let alerts = pages.iter().flat_map(|page| match page {
        Node::List(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    });
    let mut reading = Reading::new(input, SERVICE, &[]);
    let mut tools = BTreeSet::new();
    for alert in alerts {
        if !alert.is_object() {
            return Err(Unreadable(format!("An alert has to be an object, and is {}.", alert.kind())));
        }
        let tool = alert.at("tool.name").text().unwrap_or(SERVICE);
        // Each finding has its own tool for its source.
        reading.tool(Some(tool));
        reading.version(alert.at("tool.version").text().filter(|v| *v != "None"));
        if tools.insert(tool) {
            for class in sarif::classes(tool) {
                reading.assessed(*class);
            }
        }
        if alert.get("state").or_empty().eq_ignore_ascii_case("fixed") {
            reading.passed(1);
        } else {
            reading.add(draft(alert, tool));
        }
    }
    if tools.len() != 1 {
        reading.tool(Some(SERVICE));
        reading.version(None);
    }
    reading.done()
}

fn draft(alert: &Node<'_>, tool: &str) -> Draft {
    let rule = alert.get("rule");
    let instance = alert.get("most_recent_instance");
    let tags = || rule.get("tags").texts();
    let mut draft = Draft::new(sarif::class_of(tool, rule.get("id").or_empty(), rule.get("name").or_empty(), tags()));
    rule.get("id").or_empty().clone_into(&mut draft.rule);
    let message = instance.at("message.text").text();
    let about = rule.get("description").text();
    message.or(about).unwrap_or_default().clone_into(&mut draft.title);
    draft.say("", message);
    draft.say("", about);
    draft.say("", rule.get("full_description").text());
    draft.say("Help", rule.get("help").text());
    draft.severity = rule.get("security_severity_level").text().and_then(words::severity).unwrap_or_else(|| match rule
        .get("severity")
        .or_empty()
    {
        "error" => Severity::High,
        "warning" => Severity::Medium,
        "note" => Severity::Low,
        "none" => Severity::Info,
        _ => Severity::Unknown,
    });
    draft.cwe = tags().flat_map(words::cwe_numbers).collect();
    draft.vulnerabilities = words::vulnerability_ids(&draft.rule);
    draft.path = instance.at("location.path").owned();
    draft.line = instance.at("location.start_line").number();
    draft.column = instance.at("location.start_column").number();
    draft.url = alert.get("html_url").owned();
    draft.native_id = ["url", "html_url"].iter().find_map(|k| alert.get(k).owned());
    if alert.get("state").or_empty().eq_ignore_ascii_case("dismissed") {
        let said: Vec<&str> = ["dismissed_reason", "dismissed_comment"]
            .iter()
            .filter_map(|k| alert.get(k).text())
            .filter(|t| *t != "None")
            .collect();
        draft.suppressed = Some(format!("Dismissed on GitHub: {}.", said.join(", ")));
    }
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    fn alert(state: &str, more: &str) -> String {
        format!(
            r#"{{"number": 4, "url": "https://api.example/4", "state": "{state}", "tool": {{"name": "CodeQL", "version": "2.1"}},
            "rule": {{"id": "js/zip", "severity": "warning", "description": "Zip.", "tags": ["security", "external/cwe/cwe-022"] {more}}},
            "dismissed_reason": "won't fix", "most_recent_instance": {{"message": {{"text": "This path."}},
            "location": {{"path": "{state}.ts", "start_line": 9, "start_column": 2}}}}}}"#
        )
    }

    #[test]
    fn alerts_are_findings_of_their_tools() {
        let text = format!(
            "[{}, {}]\n[{}]",
            alert("open", ""),
            alert("fixed", ""),
            alert("dismissed", r#", "security_severity_level": "critical""#)
        );
        let report = read("g", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.tool.raw()), ("github-code-scanning", 3, "CodeQL"));
        let [open, dismissed] = report.findings.as_slice() else { panic!("{report:?}") };
        assert_eq!(
            (open.severity, open.place().as_str(), open.class, &open.cwe[..]),
            (Severity::Medium, "open.ts:9", Class::Sast, &[22][..])
        );
        assert_eq!((open.rule.raw(), open.title.raw()), ("js/zip", "This path."));
        assert_eq!(
            (dismissed.severity, dismissed.suppressed.as_ref().unwrap().raw()),
            (Severity::Critical, "Dismissed on GitHub: won't fix.")
        );
    }

    #[test]
    fn one_alert_and_none() {
        assert_eq!(read("g", alert("open", "").as_bytes(), None).raw_items, 1);
        assert_eq!(read("g", b"[]", Some("github-code-scanning")).status, ReportStatus::Empty);
        assert_eq!(read("g", b"[7]", Some("github-code-scanning")).status, ReportStatus::Error);
    }
}
