//! Kubescape's JSON of version 1, which `--format-version v1` writes too: of one framework, of several, or bare controls.

use crate::report::prelude::*;

const TOOL: &str = "Kubescape";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "kubescape-v1-json",
    title: "Kubescape JSON v1",
    classes: &[Class::Iac, Class::Infra],
    items: "`ruleResponses` of all rules of all controls; a rule without one is one",
    severity: "`baseScore` of the control by Kubescape's scale: from 9 critical, from 7 high, from 4 medium, from 1 low",
    identity: "control and resource",
    checked: "written from the tool's source; no real file was at hand",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let control = |n: &Node<'_>| n.get("ruleReports").is_list() && n.has("name");
    let framework =
        |n: &Node<'_>| n.get("controlReports").is_list() && (n.has("name") || control(n.at("controlReports.0")));
    (framework(doc) || framework(doc.at("0")) || control(doc.at("0"))).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let reports = if doc.is_list() { doc.list()? } else { std::slice::from_ref(&doc) };
    let mut reading = Reading::new(input, TOOL, &[]);
    for report in reports {
        if report.object()?.has("controlReports") {
            for found in report.results_or_none("controlReports")? {
                control(found.object()?, &mut reading)?;
            }
        } else {
            control(report, &mut reading)?;
        }
    }
    if reading.items() == 0 {
        reading.not_assessed("Kubescape checked nothing.");
    }
    reading.done()
}

fn control(control: &Node<'_>, reading: &mut Reading<'_>) -> Result<(), Unreadable> {
    for rule in control.results_or_none("ruleReports")? {
        let responses = rule.object()?.results_or_none("ruleResponses")?;
        if responses.is_empty() {
            reading.assessed(Class::Infra);
            reading.passed(1);
        }
        for response in responses {
            let objects = response.object()?.at("alertObject.k8sApiObjects").items();
            let source = objects.iter().find_map(|o| o.get("sourcePath").text());
            // What was read from files is code; what was read from a cluster runs.
            let class = if source.is_some() { Class::Iac } else { Class::Infra };
            let mut draft = Draft::new(class);
            let id = ["controlID", "id", "control_id", "name"].iter().find_map(|k| control.get(k).text());
            id.unwrap_or_default().clone_into(&mut draft.rule);
            control.get("name").or_empty().clone_into(&mut draft.title);
            draft.severity = match control.get("baseScore").score() {
                Some(s) if s >= 9.0 => Severity::Critical,
                Some(s) if s >= 7.0 => Severity::High,
                Some(s) if s >= 4.0 => Severity::Medium,
                Some(s) if s >= 1.0 => Severity::Low,
                _ => Severity::Unknown,
            };
            draft.say("", response.get("alertMessage").text());
            draft.say("", control.get("description").text());
            draft.say("Rule", rule.get("name").text());
            draft.say("Path", Some(&response.get("failedPaths").texts().collect::<Vec<_>>().join(", ")));
            draft.say("Remediation", control.get("remediation").text().or(rule.get("remediation").text()));
            draft.path = source.map(str::to_owned);
            draft.logical = Some(objects.iter().map(name).filter(|n| !n.is_empty()).collect::<Vec<_>>().join(" "));
            let excepted = !response.get("exception").entries().is_empty();
            draft.suppressed = excepted.then(|| "Excepted in Kubescape's configuration.".to_owned());
            reading.assessed(class);
            reading.add(draft);
        }
    }
    Ok(())
}

fn name(object: &Node<'_>) -> String {
    let text = |key: &str| object.get("metadata").get(key).text().or(object.get(key).text());
    [object.get("kind").text(), text("namespace"), text("name")].into_iter().flatten().collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn responses_of_rules_are_findings_in_all_wrappings() {
        let control = r#"{"id": "C-7", "name": "Privileged", "description": "It may do all.", "baseScore": 8, "ruleReports": [
          {"name": "r1", "ruleResponses": [{"alertMessage": "pay is privileged", "failedPaths": ["spec.x"],
            "alertObject": {"k8sApiObjects": [{"kind": "Deployment", "metadata": {"name": "pay", "namespace": "shop"}}]}}]},
          {"name": "r2", "ruleResponses": null}]}"#;
        let framework = format!(r#"{{"name": "nsa", "controlReports": [{control}]}}"#);
        for text in [framework.clone(), format!("[{framework}]"), format!("[{control}]")] {
            let report = read("k", text.as_bytes(), None);
            assert_eq!((report.format, report.raw_items, report.findings.len()), ("kubescape-v1-json", 2, 1), "{text}");
            let f = &report.findings[0];
            assert_eq!((f.class, f.severity, f.rule.raw()), (Class::Infra, Severity::High, "C-7"));
            assert_eq!(f.place(), "Deployment/shop/pay");
        }
    }

    #[test]
    fn nothing_checked_is_not_clean() {
        let of = |reports: &str| {
            read(
                "k",
                format!(r#"{{"name": "nsa", "controlReports": {reports}}}"#).as_bytes(),
                Some("kubescape-v1-json"),
            )
            .status
        };
        assert_eq!(
            (of("[]"), of("{}"), of("[1]")),
            (ReportStatus::NotAssessed, ReportStatus::Error, ReportStatus::Error)
        );
        assert_eq!(of(r#"[{"name": "c", "ruleReports": [{"name": "r"}]}]"#), ReportStatus::Empty);
    }
}
