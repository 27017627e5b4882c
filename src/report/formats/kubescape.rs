//! Kubescape JSON: `kubescape scan --format json`, its second form. A control is made of rules; each rule that fails for a
//! resource is a finding.

mod junit;

use std::collections::HashMap;

use crate::report::prelude::*;

const TOOL: &str = "Kubescape";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "kubescape-json",
        title: "Kubescape JSON v2",
        classes: &[Class::Iac, Class::Infra],
        items: "`rules` of all `controls` of all `results`; a control without rules is one",
        severity: "`scoreFactor` of the control by Kubescape's scale: from 9 critical, from 7 high, from 4 medium, from 1 low",
        identity: "control and resource",
        checked: "DefectDojo's parser",
        detect,
        parse,
    },
    junit::JUNIT,
];

fn detect(shape: &Shape<'_>) -> Fit {
    (shape.has(&["results", "summaryDetails"]) && shape.json().get("summaryDetails").has("controls")).into()
}

/// A resource: its file, if it is of one, and its name.
type Place = (Option<String>, String);

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let places: HashMap<&str, Place> =
        doc.get("resources").items().iter().filter_map(|r| Some((r.get("resourceID").text()?, place(r)))).collect();
    // What was read from files is code; what was read from a cluster runs.
    let class = if places.values().any(|(path, _)| path.is_some()) { Class::Iac } else { Class::Infra };
    let mut reading = Reading::new(input, TOOL, &[class]);
    reading.version(doc.at("metadata.scanMetadata.kubescapeVersion").text());
    let severities = severities(doc.get("summaryDetails"));
    let mut checked = 0_usize;
    for result in doc.results_or_none("results")? {
        let id = result.object()?.get("resourceID").or_empty();
        let (path, object) = places.get(id).cloned().unwrap_or_else(|| (None, bare(id).to_owned()));
        for control in result.results_or_none("controls")? {
            checked += 1;
            for mut draft in failures(control.object()?, class, &mut reading)? {
                let severity = severities.get(control.get("controlID").or_empty()).copied();
                draft.severity =
                    control.get("severity").text().and_then(words::severity).or(severity).unwrap_or(Severity::Unknown);
                draft.path.clone_from(&path);
                draft.logical = Some(match draft.logical.take() {
                    Some(rule) => format!("{object} {rule}"),
                    None => object.clone(),
                });
                reading.add(draft);
            }
        }
    }
    if checked == 0 {
        reading.not_assessed("Kubescape checked no resource.");
    }
    reading.done()
}

/// Where a resource is, and what it is called.
fn place(resource: &Node<'_>) -> Place {
    let object = if resource.has("object") { resource.get("object") } else { resource.get("rawResource") };
    let path = resource
        .at("source.relativePath")
        .text()
        .or(resource.at("source.path").text())
        .or(object.get("sourcePath").text());
    let text = |key: &str| object.get("metadata").get(key).text().or(object.get(key).text());
    let parts = [object.get("kind").text(), text("namespace"), text("name")];
    let mut named = parts.into_iter().flatten().collect::<Vec<_>>().join("/");
    // What several objects make together is called by the first, and told apart by the others.
    for other in object.get("relatedObjects").items() {
        let parts = [other.get("kind").text(), other.at("metadata.name").text(), other.get("sourcePath").text()];
        let parts = parts.into_iter().flatten().filter(|p| !p.starts_with('/'));
        named = format!("{named} {}", parts.collect::<Vec<_>>().join("/"));
    }
    let id = resource.get("resourceID").or_empty();
    (path.map(str::to_owned), if named.is_empty() { bare(id).to_owned() } else { named })
}

/// The id of a resource without the hash of its file's path.
fn bare(id: &str) -> &str {
    match id.strip_prefix("path=").and_then(|rest| rest.split_once('/')) {
        Some((_, rest)) => rest.strip_prefix("api=").unwrap_or(rest),
        None => id,
    }
}

/// The severities of controls, of all frameworks.
fn severities<'n>(summary: &'n Node<'_>) -> HashMap<&'n str, Severity> {
    let frameworks = summary.get("frameworks").items().iter().map(|f| f.get("controls"));
    let controls = frameworks.chain([summary.get("controls")]).flat_map(Node::entries);
    controls.map(|(id, control)| (id.as_ref(), severity(control))).collect()
}

fn severity(control: &Node<'_>) -> Severity {
    if let Some(said) = control.get("severity").text().and_then(words::severity) {
        return said;
    }
    match control.get("scoreFactor").score() {
        Some(s) if s >= 9.0 => Severity::Critical,
        Some(s) if s >= 7.0 => Severity::High,
        Some(s) if s >= 4.0 => Severity::Medium,
        Some(s) if s >= 1.0 => Severity::Low,
        _ => Severity::Unknown,
    }
}

/// The rules of a control that failed; those that did not are counted. `logical` is the rule's name if there are several.
fn failures(control: &Node<'_>, class: Class, reading: &mut Reading<'_>) -> Result<Vec<Draft>, Unreadable> {
    let rules = control.results_or_none("rules")?;
    if rules.is_empty() {
        let excepted = control.at("status.subStatus").text() == Some("w/exceptions");
        if control.at("status.status").text() == Some("failed") || excepted {
            let mut draft = draft(control, &Node::Null, class);
            draft.suppressed = excepted.then(|| "Excepted in Kubescape's configuration.".to_owned());
            return Ok(vec![draft]);
        }
        reading.passed(1);
        return Ok(Vec::new());
    }
    let mut out = Vec::new();
    for rule in rules {
        let status = rule.object()?.get("status").text().or(rule.at("status.status").text());
        let excepted = rule.get("subStatus").text() == Some("w/exceptions");
        if !matches!(status, Some("failed" | "excluded" | "warning")) && !excepted {
            reading.passed(1);
            continue;
        }
        let mut draft = draft(control, rule, class);
        let names: Vec<&str> = rule.get("exception").items().iter().filter_map(|e| e.get("name").text()).collect();
        if excepted || status == Some("excluded") || !rule.get("exception").items().is_empty() {
            draft.suppressed = Some(format!("Excepted in Kubescape's configuration: {}", names.join(", ")));
        }
        draft.logical = rule.get("name").owned();
        out.push(draft);
    }
    if let [one] = out.as_mut_slice() {
        one.logical = None;
    }
    Ok(out)
}

fn draft(control: &Node<'_>, rule: &Node<'_>, class: Class) -> Draft {
    let mut draft = Draft::new(class);
    control.get("controlID").text().or(control.get("name").text()).unwrap_or_default().clone_into(&mut draft.rule);
    control.get("name").or_empty().clone_into(&mut draft.title);
    draft.say("", control.get("name").text());
    draft.say("Rule", rule.get("name").text());
    for path in rule.get("paths").items() {
        for key in ["failedPath", "reviewPath", "deletePath"] {
            draft.say("Path", path.get(key).text());
        }
        let fix = path.get("fixPath");
        if let Some(at) = fix.get("path").text() {
            draft.say("Fix", Some(&format!("{at}={}", fix.get("value").or_empty())));
        }
        draft.say("Fix", path.get("fixCommand").text());
    }
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn rules_that_failed_are_findings() {
        let text = r#"{"resources": [{"resourceID": "path=12/api=apps/v1//Deployment/a", "source": {"relativePath": "k/a.yaml"},
            "object": {"kind": "Deployment", "metadata": {"name": "a", "namespace": "n"}}}],
          "results": [{"resourceID": "path=12/api=apps/v1//Deployment/a", "controls": [
            {"controlID": "C-1", "name": "Immutable", "rules": [{"name": "r1", "status": "failed", "paths": [{"fixPath": {"path": "spec.x", "value": "true"}}]},
              {"name": "r2", "status": "passed"}]},
            {"controlID": "C-2", "name": "Limits", "status": {"status": "passed", "subStatus": "w/exceptions"}, "rules": [
              {"name": "r3", "status": "failed", "exception": [{"name": "known"}]}, {"name": "r4", "status": "failed"}]}]}],
          "summaryDetails": {"controls": {"C-1": {"scoreFactor": 9}, "C-2": {"scoreFactor": 3}}}}"#;
        let report = read("r", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("kubescape-json", 4, 3));
        let f = &report.findings[0];
        assert_eq!(
            (f.class, f.severity, f.rule.raw(), f.place()),
            (Class::Iac, Severity::Critical, "C-1", "k/a.yaml".to_owned())
        );
        assert_eq!(f.location.logical.as_ref().unwrap().raw(), "Deployment/n/a");
        assert!(f.detail.raw().contains("spec.x=true"));
        let excepted = &report.findings[1];
        assert_eq!(excepted.location.logical.as_ref().unwrap().raw(), "Deployment/n/a r3");
        assert!(excepted.severity == Severity::Low && excepted.suppressed.as_ref().unwrap().raw().contains("known"));
    }

    #[test]
    fn no_resource_is_no_evidence() {
        let of = |results: &str| {
            read(
                "r",
                format!("{{\"results\": {results}, \"summaryDetails\": {{\"controls\": {{}}}}}}").as_bytes(),
                None,
            )
            .status
        };
        assert_eq!((of("null"), of("[]")), (ReportStatus::NotAssessed, ReportStatus::NotAssessed));
        assert_eq!(
            (of("{}"), of("[1]"), of("[{\"controls\": 7}]")),
            (ReportStatus::Error, ReportStatus::Error, ReportStatus::Error)
        );
        assert_eq!(of("[{\"controls\": [{\"rules\": [{\"status\": \"passed\"}]}]}]"), ReportStatus::Empty);
    }
}
