//! cfn_nag JSON: `cfn_nag_scan -o json`. A violation names all resources that have it, with the line of each.

use crate::report::prelude::*;

const TOOL: &str = "cfn_nag";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "cfn-nag-json",
    title: "cfn_nag JSON",
    classes: &[Class::Iac],
    items: "resources named by `violations`; a violation that names none is one",
    severity: "`type`: `FAIL` is high, `WARN` medium",
    identity: "rule and resource",
    checked: "DefectDojo's parser",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    (shape.lists(&["filename", "file_results"]) && shape.json().at("0.file_results").has("violations")).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Iac]);
    let files = doc.list()?;
    let mut unread: Vec<&str> = Vec::new();
    for file in files {
        let path = file.object()?.get("filename").or_empty();
        let violations = file.results("file_results.violations")?;
        for violation in violations {
            if violation.object()?.get("id").text() == Some("FATAL") {
                unread.push(path);
            }
            for draft in drafts(violation, path) {
                reading.add(draft);
            }
        }
    }
    if !unread.is_empty() {
        reading.remark(format!("cfn_nag could not read {} templates: {}.", unread.len(), unread.join(", ")));
    }
    if files.is_empty() || unread.len() >= files.len() {
        reading.not_assessed("cfn_nag could read no template.");
    }
    reading.done()
}

/// One for each resource that has the violation.
fn drafts(violation: &Node<'_>, path: &str) -> Vec<Draft> {
    let resources = violation.get("logical_resource_ids").items();
    let one = |resource: Option<&str>, index: usize| {
        let mut draft = Draft::new(Class::Iac);
        draft.severity = match violation.get("type").or_empty().to_ascii_uppercase().as_str() {
            "FAIL" => Severity::High,
            "WARN" => Severity::Medium,
            _ => Severity::Unknown,
        };
        violation.get("id").or_empty().clone_into(&mut draft.rule);
        violation.get("message").or_empty().clone_into(&mut draft.title);
        draft.say("", violation.get("message").text());
        draft.say("Rule", violation.get("name").text());
        draft.path = Some(path.to_owned());
        draft.line = violation.get("line_numbers").items().get(index).and_then(Node::number);
        draft.logical = resource.map(str::to_owned);
        draft
    };
    if resources.is_empty() {
        return vec![one(None, 0)];
    }
    resources.iter().enumerate().map(|(index, resource)| one(resource.text(), index)).collect()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn each_resource_is_a_finding() {
        let text = r#"[{"filename": "./t/a.yaml", "file_results": {"failure_count": 1, "violations": [
          {"id": "F9", "name": "Wide", "type": "FAIL", "message": "Too wide", "logical_resource_ids": ["A", "B"], "line_numbers": [4, 9]},
          {"id": "W2", "type": "WARN", "message": "No description", "logical_resource_ids": [], "line_numbers": []}]}}]"#;
        let report = read("r", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("cfn-nag-json", 3, 3));
        let f = &report.findings[1];
        assert_eq!(
            (f.class, f.severity, f.rule.raw(), f.place()),
            (Class::Iac, Severity::High, "F9", "t/a.yaml:9".to_owned())
        );
        assert_eq!(f.location.logical.as_ref().unwrap().raw(), "B");
        assert_eq!(report.findings[2].severity, Severity::Medium);
    }

    #[test]
    fn what_was_not_read_is_not_clean() {
        let of = |violations: &str| {
            let text = format!("[{{\"filename\": \"a\", \"file_results\": {{\"violations\": {violations}}}}}]");
            read("r", text.as_bytes(), None).status
        };
        assert_eq!(of("[]"), ReportStatus::Empty);
        assert_eq!(of(r#"[{"id": "FATAL", "type": "FAIL", "message": "bad"}]"#), ReportStatus::NotAssessed);
        assert_eq!((of("null"), of("[1]")), (ReportStatus::Error, ReportStatus::Error));
    }
}
