//! Results of OpenShift's Compliance Operator: `oc get compliancecheckresults -o yaml`, or `-o json`.

use super::kubernetes;
use crate::report::prelude::*;

const TOOL: &str = "Compliance Operator";
const GROUP: &str = "compliance.openshift.io/";
const KIND: &str = "ComplianceCheckResult";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "compliance-operator",
    title: "OpenShift ComplianceCheckResult, YAML and JSON",
    classes: &[Class::Infra],
    items: "objects of that kind",
    severity: "`severity`",
    identity: "rule and scan",
    checked: "results in StackRox's tests; JSON and lists from the documentation",
    detect: |shape| kubernetes::is_of(shape, GROUP, &[KIND]).into(),
    parse,
}];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let documents = kubernetes::documents(input)?;
    let objects = kubernetes::objects(&documents)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Infra]);
    let mut decided = false;
    let mut open: Vec<String> = Vec::new();
    for result in objects.into_iter().filter(|o| o.get("kind").text() == Some(KIND)) {
        let status = result.get("status").or_empty().to_ascii_uppercase();
        match status.as_str() {
            "PASS" | "NOT-APPLICABLE" | "SKIP" | "INFO" => {
                decided |= status == "PASS";
                reading.passed(1);
            }
            // The operator knows no more than that a person has to look, or that it failed to look itself.
            "MANUAL" | "ERROR" => {
                open.push(format!("{} ({status})", result.at("metadata.name").or_empty()));
                reading.passed(1);
            }
            // Nodes that differ from one another are among the rest: at least one of them failed.
            _ => {
                decided = true;
                reading.add(draft(result, &status));
            }
        }
    }
    if reading.items() == 0 && !documents.iter().any(|d| d.has("items") || d.is_list()) {
        return Err(Unreadable(format!("It has no object of the kind {KIND}.")));
    }
    if !open.is_empty() {
        reading.remark(format!("The operator decided nothing of {} checks: {}.", open.len(), open.join(", ")));
    }
    if !decided {
        reading.not_assessed(if open.is_empty() {
            "No check was decided: each was skipped or does not apply.".to_owned()
        } else {
            format!("No check was decided: {}.", open.join(", "))
        });
    }
    reading.done()
}

fn draft(result: &Node<'_>, status: &str) -> Draft {
    let mut draft = Draft::new(Class::Infra);
    draft.rated(result.get("severity").text());
    let (id, name) = (result.get("id").text(), result.at("metadata.name").text());
    id.or(name).unwrap_or_default().clone_into(&mut draft.rule);
    let description = result.get("description").text();
    description.or(name).unwrap_or_default().clone_into(&mut draft.title);
    draft.say("", description);
    draft.say("Rationale", result.get("rationale").text());
    draft.say("Instructions", result.get("instructions").text());
    draft.say("Values used", Some(&result.get("valuesUsed").texts().collect::<Vec<_>>().join(", ")));
    for warning in result.get("warnings").texts() {
        draft.say("Warning", Some(warning));
    }
    if status != "FAIL" {
        draft.say("Status", Some(status));
        let notes = result.at("metadata.annotations");
        draft.say("Differing nodes", notes.get("compliance.openshift.io/inconsistent-source").text());
    }
    let scan = result.at("metadata.labels").get("compliance.openshift.io/scan-name").text();
    draft.logical = scan.or(name).map(str::to_owned);
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    fn result(status: &str) -> String {
        format!(
            "apiVersion: compliance.openshift.io/v1alpha1\nid: rule_{status}\ndescription: |-\n  Keep one root\n  There is more.\n\
             kind: ComplianceCheckResult\nmetadata:\n  labels:\n    compliance.openshift.io/scan-name: worker\n  name: worker-{status}\n\
             severity: high\nstatus: {status}\n"
        )
    }

    #[test]
    fn documents_and_lists_in_both_writings() {
        let many = format!("---\n{}---\n{}---\n{}", result("FAIL"), result("PASS"), result("MANUAL"));
        let indented: Vec<String> = result("FAIL").lines().map(|l| format!("  {l}\n")).collect();
        let indented = indented.concat();
        let list = format!("apiVersion: v1\nkind: List\nitems:\n-{}", indented.split_at(1).1);
        let json = r#"{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "compliance.openshift.io/v1alpha1", "kind": "ComplianceCheckResult",
            "id": "rule_FAIL", "description": "Keep one root\nx", "severity": "high", "status": "FAIL",
            "metadata": {"name": "n", "labels": {"compliance.openshift.io/scan-name": "worker"}}}]}"#;
        for (text, items) in [(many.as_str(), 3), (&list, 1), (json, 1)] {
            let report = read("r", text.as_bytes(), None);
            assert_eq!(
                (report.format, report.raw_items, report.findings.len()),
                ("compliance-operator", items, 1),
                "{text}"
            );
            let f = &report.findings[0];
            assert_eq!(
                (f.class, f.severity, f.rule.raw(), f.title.raw()),
                (Class::Infra, Severity::High, "rule_FAIL", "Keep one root")
            );
            assert_eq!(f.place(), "worker");
        }
    }

    #[test]
    fn what_decided_nothing_is_no_evidence() {
        let of = |status: &str| read("r", result(status).as_bytes(), None).status;
        assert_eq!(
            (of("PASS"), of("MANUAL"), of("SKIP")),
            (ReportStatus::Empty, ReportStatus::NotAssessed, ReportStatus::NotAssessed)
        );
        assert_eq!((of("INCONSISTENT"), of("odd")), (ReportStatus::Ok, ReportStatus::Ok));
        for bad in ["kind: Other\n", "[1]", "a: [\n"] {
            assert_eq!(read("r", bad.as_bytes(), Some("compliance-operator")).status, ReportStatus::Error, "{bad}");
        }
    }
}
