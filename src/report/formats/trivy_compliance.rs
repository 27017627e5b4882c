//! Trivy's compliance reports: `trivy --compliance SPEC --format json`, a summary or all of it.

use super::image;
use crate::report::prelude::*;

const CLASSES: &[Class] = &[Class::Infra];

pub(super) const FORMATS: &[Format] = &[Format {
    name: "trivy-compliance-json",
    title: "Trivy compliance report JSON",
    classes: CLASSES,
    items: "controls, passed ones too",
    severity: "`Severity`",
    identity: "the control's id",
    checked: "written from the tool's documentation; no real file was at hand",
    detect: |shape| {
        let summary = shape.json().at("SummaryControls.0").has_all(&["ID", "Name"]);
        let whole = shape.has(&["ID", "Title", "Results"]) && !shape.has(&["SchemaVersion"]);
        (summary || shape.has(&["SummaryControls", "ID"]) || (whole && shape.has(&["RelatedResources"]))).into()
    },
    parse,
}];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "Trivy", CLASSES);
    let whole = doc.has("Results");
    for control in doc.results(if whole { "Results" } else { "SummaryControls" })? {
        let control = image::object(control, "A control")?;
        let failures = if whole { failures(control)? } else { Vec::new() };
        let fails = control.get("TotalFail").number().unwrap_or(0) > 0 || !failures.is_empty();
        if fails || control.get("DefaultStatus").text() == Some("FAIL") {
            reading.add(draft(control, &failures, doc.get("Title").text()));
        } else {
            reading.passed(1);
        }
    }
    if reading.items() == 0 {
        reading.not_assessed("Trivy checked no control.");
    }
    reading.done()
}

/// What fails, each with its target.
fn failures(control: &Node<'_>) -> Result<Vec<String>, Unreadable> {
    let mut out = Vec::new();
    for result in control.results_or_none("Results")? {
        let target = result.get("Target").or_empty();
        for found in result.get("Misconfigurations").items().iter().filter(|m| m.get("Status").text() != Some("PASS")) {
            out.push(format!("{target}: {} {}", found.get("ID").or_empty(), found.get("Message").or_empty()));
        }
        for found in result.get("Vulnerabilities").items() {
            out.push(format!(
                "{target}: {} in {}",
                found.get("VulnerabilityID").or_empty(),
                found.get("PkgName").or_empty()
            ));
        }
        for found in result.get("Secrets").items() {
            out.push(format!("{target}: secret {}", found.get("RuleID").or_empty()));
        }
    }
    Ok(out)
}

fn draft(control: &Node<'_>, failures: &[String], title: Option<&str>) -> Draft {
    let mut draft = Draft::new(Class::Infra);
    control.get("ID").or_empty().clone_into(&mut draft.rule);
    draft.title = control.get("Name").owned().unwrap_or_default();
    draft.say("", control.get("Description").text());
    draft.say("Specification", title);
    draft.say("Failures", control.get("TotalFail").text());
    draft.say("Failing", Some(&failures.iter().take(50).map(String::as_str).collect::<Vec<_>>().join("\n")));
    draft.rated(control.get("Severity").text());
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn controls_that_fail_are_findings() {
        let summary = r#"{"ID": "k8s-cis", "Title": "CIS", "SummaryControls": [{"ID": "1.1", "Name": "n", "Severity": "HIGH", "TotalFail": 2},
            {"ID": "1.2", "Name": "m", "Severity": "LOW", "TotalFail": 0}]}"#;
        let whole = r#"{"ID": "k8s-cis", "Title": "CIS", "RelatedResources": [], "Results": [{"ID": "1.1", "Name": "n", "Severity": "HIGH", "Results": [
            {"Target": "api", "Misconfigurations": [{"ID": "KSV1", "Message": "bad", "Status": "FAIL"}]}]}, {"ID": "1.2", "Name": "m", "Results": null}]}"#;
        for text in [summary, whole] {
            let report = read("t", text.as_bytes(), None);
            assert_eq!(
                (report.format, report.status, report.raw_items),
                ("trivy-compliance-json", ReportStatus::Ok, 2)
            );
            assert_eq!(report.findings.len(), 1);
            assert_eq!((report.findings[0].severity, report.findings[0].rule.raw()), (Severity::High, "1.1"));
        }
    }

    #[test]
    fn no_control_is_not_assessed() {
        let status = |text: &str| read("t", text.as_bytes(), None).status;
        assert_eq!(status(r#"{"ID": "x", "Title": "y", "SummaryControls": []}"#), ReportStatus::NotAssessed);
        assert_eq!(status(r#"{"ID": "x", "Title": "y", "SummaryControls": [1]}"#), ReportStatus::Error);
    }
}
