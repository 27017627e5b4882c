//! Trivy's compliance reports: `trivy --compliance SPEC --format json`, a summary or all of it.

use std::collections::BTreeMap;

use super::{image, trivy};
use crate::report::prelude::*;

const CLASSES: &[Class] = &[Class::Infra];

pub(super) const FORMATS: &[Format] = &[Format {
    name: "trivy-compliance-json",
    title: "Trivy compliance report JSON",
    classes: CLASSES,
    items: "controls, passed ones too",
    severity: "`Severity`",
    identity: "the control's id and the resource; vulnerability and package",
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
        reading.passed(1);
        let failures = if whole { failures(control, &doc)? } else { Vec::new() };
        let fails = control.get("TotalFail").number().unwrap_or(0) > 0;
        if failures.is_empty() && (fails || control.get("DefaultStatus").text() == Some("FAIL")) {
            reading.more(draft(control, &doc));
        }
        for failure in failures {
            reading.more(failure);
        }
    }
    if reading.items() == 0 {
        reading.not_assessed("Trivy checked no control.");
    }
    reading.done()
}

/// What fails of a control: of each resource one finding with all checks, and what is a finding by itself as what it is.
fn failures(control: &Node<'_>, doc: &Node<'_>) -> Result<Vec<Draft>, Unreadable> {
    let mut out = Vec::new();
    let mut resources: BTreeMap<(&str, &str, bool), Draft> = BTreeMap::new();
    for result in control.results_or_none("Results")? {
        let target = image::object(result, "A result of a control")?.get("Target").or_empty();
        for found in result.results_or_none("Misconfigurations")? {
            let status = image::object(found, "A misconfiguration")?.get("Status").or_empty().to_ascii_uppercase();
            if status == "PASS" {
                continue;
            }
            let resource = found.at("CauseMetadata.Resource").or_empty();
            let excepted = status == "EXCEPTION";
            let failing = resources.entry((target, resource, excepted)).or_insert_with(|| {
                let mut draft = draft(control, doc);
                let place = [target, resource].into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>();
                draft.logical = Some(place.join(" "));
                draft.suppressed = excepted.then(|| "Trivy: an exception of the policy".to_owned());
                draft
            });
            let what = found.get("Message").text().or(found.get("Title").text()).unwrap_or_default();
            failing.say(found.get("ID").or_empty(), Some(what));
        }
        let class = trivy::class_of(result).unwrap_or(Class::Container);
        for found in result.results_or_none("Vulnerabilities")? {
            out.push(trivy::vulnerability(image::object(found, "A vulnerability")?, result, class));
        }
        for found in result.results_or_none("Secrets")? {
            out.push(trivy::secret(image::object(found, "A secret")?, result));
        }
    }
    out.extend(resources.into_values());
    Ok(out)
}

fn draft(control: &Node<'_>, doc: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Infra);
    control.get("ID").or_empty().clone_into(&mut draft.rule);
    draft.title = control.get("Name").owned().unwrap_or_default();
    draft.say("", control.get("Description").text());
    draft.say("Specification", doc.get("Title").text());
    draft.say("Failures", control.get("TotalFail").text());
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
    fn each_resource_is_a_finding_and_vulnerabilities_are_themselves() {
        let text = r#"{"ID": "k", "Title": "CIS", "RelatedResources": [], "Results": [{"ID": "1.1", "Name": "n", "Severity": "HIGH", "Results": [
            {"Target": "Pod/a", "Class": "config", "Misconfigurations": [{"ID": "KSV1", "Message": "x", "Status": "FAIL"}, {"ID": "KSV2", "Message": "y", "Status": "FAIL"},
              {"ID": "KSV3", "Status": "PASS"}]},
            {"Target": "Pod/b", "Class": "config", "Misconfigurations": [{"ID": "KSV1", "Message": "x", "Status": "FAIL"}]},
            {"Target": "pay:1 (debian 12)", "Class": "os-pkgs", "Vulnerabilities": [{"VulnerabilityID": "CVE-2024-1", "PkgName": "curl", "Severity": "LOW"}]}]}]}"#;
        let report = read("t", text.as_bytes(), None);
        assert_eq!((report.raw_items, report.findings.len()), (1, 3));
        let mut places: Vec<(&str, String)> = report.findings.iter().map(|f| (f.rule.raw(), f.place())).collect();
        places.sort();
        assert_eq!(places[..2], [("1.1", "Pod/a".to_owned()), ("1.1", "Pod/b".to_owned())]);
        assert_eq!(places[2].0, "CVE-2024-1");
    }

    #[test]
    fn no_control_is_not_assessed() {
        let status = |text: &str| read("t", text.as_bytes(), None).status;
        assert_eq!(status(r#"{"ID": "x", "Title": "y", "SummaryControls": []}"#), ReportStatus::NotAssessed);
        assert_eq!(status(r#"{"ID": "x", "Title": "y", "SummaryControls": [1]}"#), ReportStatus::Error);
    }
}
