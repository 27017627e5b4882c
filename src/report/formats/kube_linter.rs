//! KubeLinter JSON: `kube-linter lint --format json`. It knows no severities, and no lines.

use std::collections::HashMap;

use crate::report::prelude::*;

const TOOL: &str = "KubeLinter";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "kube-linter-json",
    title: "KubeLinter JSON",
    classes: &[Class::Iac],
    items: "elements of `Reports`",
    severity: "none: unknown",
    identity: "check and object",
    checked: "DefectDojo's parser",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    (shape.has(&["Checks", "Reports"]) || shape.json().get("Summary").has("KubeLinterVersion")).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Iac]);
    reading.version(doc.at("Summary.KubeLinterVersion").text());
    if !doc.has("Reports") {
        doc.results("Reports")?;
    }
    let about = |c: &'_ Node<'_>| Some((c.get("name").owned()?, c.get("description").owned()?));
    let checks: HashMap<String, String> = doc.get("Checks").items().iter().filter_map(about).collect();
    for report in doc.results_or_none("Reports")? {
        reading.add(draft(report.object()?, &checks));
    }
    if reading.items() == 0 && doc.has("Checks") && doc.get("Checks").items().is_empty() {
        reading.not_assessed("KubeLinter had no check to run.");
    }
    reading.done()
}

fn draft(report: &Node<'_>, checks: &HashMap<String, String>) -> Draft {
    let mut draft = Draft::new(Class::Iac);
    let check = report.get("Check").or_empty();
    check.clone_into(&mut draft.rule);
    report.at("Diagnostic.Message").text().unwrap_or(check).clone_into(&mut draft.title);
    draft.say("", report.at("Diagnostic.Message").text());
    draft.say("", checks.get(check).map(String::as_str));
    draft.say("Remediation", report.get("Remediation").text());
    draft.path = report.at("Object.Metadata.FilePath").owned();
    let object = report.at("Object.K8sObject");
    let kind = object.at("GroupVersionKind.Kind").text();
    let parts = [kind, object.get("Namespace").text(), object.get("Name").text()];
    draft.logical = Some(parts.into_iter().flatten().collect::<Vec<_>>().join("/"));
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn a_report_is_a_finding_without_a_severity() {
        let text = r#"{"Checks": [{"name": "no-root", "description": "Says when it is root.", "remediation": "Do not."}], "Reports": [
            {"Diagnostic": {"Message": "container \"a\" runs as root"}, "Check": "no-root", "Remediation": "Set runAsNonRoot.",
             "Object": {"Metadata": {"FilePath": "k8s/a.yaml"}, "K8sObject": {"Namespace": "shop", "Name": "a",
               "GroupVersionKind": {"Group": "apps", "Version": "v1", "Kind": "Deployment"}}}}],
            "Summary": {"ChecksStatus": "Failed", "KubeLinterVersion": "0.7.1"}}"#;
        let report = read("r", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("kube-linter-json", 1));
        let f = &report.findings[0];
        assert_eq!(
            (f.class, f.severity, f.rule.raw(), f.place()),
            (Class::Iac, Severity::Unknown, "no-root", "k8s/a.yaml".to_owned())
        );
        assert_eq!(f.location.logical.as_ref().unwrap().raw(), "Deployment/shop/a");
        assert!(f.detail.raw().contains("Says when") && f.detail.raw().contains("runAsNonRoot"));
    }

    #[test]
    fn no_checks_is_no_evidence() {
        let of = |checks: &str, reports: &str| {
            read("r", format!("{{\"Checks\": {checks}, \"Reports\": {reports}}}").as_bytes(), None).status
        };
        assert_eq!((of("[{}]", "null"), of("[]", "null")), (ReportStatus::Empty, ReportStatus::NotAssessed));
        assert_eq!((of("[{}]", "{}"), of("[{}]", "[1]")), (ReportStatus::Error, ReportStatus::Error));
    }
}
