//! kubeaudit's JSON lines: `kubeaudit all -p json`. Results stand between lines of its log.

use crate::report::prelude::*;

const TOOL: &str = "kubeaudit";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "kubeaudit-jsonl",
    title: "kubeaudit JSON lines",
    classes: &[Class::Iac],
    items: "lines with an `AuditResultName`",
    severity: "`level`: `error` is high, `warning` medium, `info` info",
    identity: "result name, object and container",
    checked: "DefectDojo's parser",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    // The log may have the first word.
    let line = shape.line();
    let result = line.has("AuditResultName") || shape.head.contains("\"AuditResultName\":");
    (result && line.has_all(&["level", "msg"])).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Iac]);
    let mut said: Vec<String> = Vec::new();
    for line in &Node::parse_all(input.text)? {
        if line.object()?.has("AuditResultName") {
            reading.add(draft(line));
        } else if matches!(line.get("level").text(), Some("error" | "fatal" | "panic")) {
            said.push(line.get("error").text().or(line.get("msg").text()).unwrap_or_default().to_owned());
        }
    }
    if !said.is_empty() {
        reading.remark(format!("kubeaudit says of its run: {}.", said.join(", ")));
    }
    reading.done()
}

fn draft(line: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Iac);
    draft.severity = match line.get("level").or_empty() {
        "error" => Severity::High,
        "warning" | "warn" => Severity::Medium,
        "info" => Severity::Info,
        _ => Severity::Unknown,
    };
    line.get("AuditResultName").or_empty().clone_into(&mut draft.rule);
    line.get("msg").text().unwrap_or(&draft.rule.clone()).clone_into(&mut draft.title);
    draft.say("", line.get("msg").text());
    for (key, value) in line.entries() {
        let known = key.starts_with("Resource")
            || ["AuditResultName", "Container", "level", "msg", "time"].contains(&key.as_ref());
        if !known && let Some(value) = value.text() {
            draft.say(key, Some(value));
        }
    }
    draft.path = line.get("FilePath").owned().or_else(|| line.get("filePath").owned());
    let parts = ["ResourceNamespace", "ResourceKind", "ResourceName", "Container"];
    draft.logical = Some(parts.into_iter().filter_map(|k| line.get(k).text()).collect::<Vec<_>>().join("/"));
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    const LINES: &str = "{\"AuditResultName\":\"RootFs\",\"Container\":\"c\",\"ResourceKind\":\"Pod\",\"ResourceName\":\"p\",\"ResourceNamespace\":\"n\",\"level\":\"error\",\"msg\":\"The root is writable.\"}\n\
        {\"level\":\"error\",\"msg\":\"no access to n2\"}\n\
        {\"AuditResultName\":\"Old\",\"ResourceKind\":\"Ingress\",\"ResourceName\":\"i\",\"level\":\"warning\",\"msg\":\"Old API.\",\"DeprecatedMajor\":\"1\"}\n";

    #[test]
    fn results_among_lines_of_a_log_are_findings() {
        let report = read("r", LINES.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("kubeaudit-jsonl", 2, 2));
        let (f, old) = (&report.findings[0], &report.findings[1]);
        assert_eq!(
            (f.class, f.severity, f.rule.raw(), f.place()),
            (Class::Iac, Severity::High, "RootFs", "n/Pod/p/c".to_owned())
        );
        assert!(old.severity == Severity::Medium && old.detail.raw().contains("DeprecatedMajor: 1"));
        assert!(report.reason.unwrap().raw().contains("no access to n2"));
    }

    #[test]
    fn the_log_may_come_first() {
        let report = read("r", format!("{{\"level\":\"info\",\"msg\":\"start\"}}\n{LINES}").as_bytes(), None);
        assert_eq!((report.format, report.findings.len()), ("kubeaudit-jsonl", 2));
    }

    #[test]
    fn what_breaks_off_or_is_no_object_is_an_error() {
        for bad in [format!("{LINES}[1]"), format!("{LINES}{{\"a\":")] {
            assert_eq!(read("r", bad.as_bytes(), None).status, ReportStatus::Error);
        }
    }
}
