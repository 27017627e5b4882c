//! The violations of policies that Dependency-Track's API lists: `/api/v1/violation/project/UUID`.

use super::TOOL;
use crate::report::prelude::*;

pub(super) const VIOLATIONS: Format = Format {
    name: "dependency-track-violations",
    title: "Dependency-Track policy violations: API",
    classes: &[Class::Licence, Class::Sca],
    items: "elements of the list",
    severity: "the policy's `violationState`: FAIL is high, WARN medium, INFO info",
    identity: "policy, condition and component",
    checked: "written from the API's description; no real file was at hand",
    detect: |shape| shape.lists(&["component", "policyCondition", "type"]).into(),
    parse,
};

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[]);
    for violation in doc.list()? {
        reading.add(draft(violation.object()?));
    }
    reading.done()
}

fn draft(violation: &Node<'_>) -> Draft {
    let (component, condition) = (violation.get("component"), violation.get("policyCondition"));
    let policy = condition.get("policy");
    let of_licence = violation.get("type").or_empty().eq_ignore_ascii_case("LICENSE");
    let mut draft = Draft::new(if of_licence { Class::Licence } else { Class::Sca });
    draft.severity = match policy.get("violationState").or_empty() {
        "FAIL" => Severity::High,
        "WARN" => Severity::Medium,
        "INFO" => Severity::Info,
        _ => Severity::Unknown,
    };
    let asked: Vec<&str> =
        ["subject", "operator", "value"].into_iter().filter_map(|k| condition.get(k).text()).collect();
    let asked = asked.join(" ");
    let name = policy.get("name").text().unwrap_or("A policy");
    draft.rule = if asked.is_empty() { name.to_owned() } else { format!("{name}: {asked}") };
    let package = component.get("name").or_empty();
    draft.title = format!("{name} is violated by {package}");
    draft.say("Condition", Some(asked.as_str()).filter(|a| !a.is_empty()));
    draft.say("", violation.get("text").text());
    draft.say("Licence", component.at("resolvedLicense.licenseId").text().or(component.get("license").text()));
    draft.in_package(Some(package), component.get("version").text(), component.get("purl").text(), None);
    draft.logical = Some(format!("{package} {}", draft.rule));
    let analysis = violation.get("analysis");
    let approved = analysis.get("analysisState").text() == Some("APPROVED");
    if approved || analysis.get("isSuppressed").is_true() {
        draft.suppressed = Some(format!("{} in Dependency-Track.", if approved { "Approved" } else { "Suppressed" }));
    }
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::Class;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn violations_are_findings_of_their_policy() {
        let text = r#"[{"uuid": "u1", "type": "LICENSE", "timestamp": 1, "component": {"name": "gpl-lib", "version": "1.0", "purl": "pkg:npm/gpl-lib@1.0", "resolvedLicense": {"licenseId": "GPL-3.0-only"}},
            "policyCondition": {"uuid": "c", "subject": "LICENSE_GROUP", "operator": "IS", "value": "copyleft", "policy": {"name": "No copyleft", "violationState": "FAIL"}}},
          {"uuid": "u2", "type": "OPERATIONAL", "component": {"name": "old"}, "analysis": {"analysisState": "APPROVED", "isSuppressed": false},
            "policyCondition": {"subject": "AGE", "operator": "NUMERIC_GREATER_THAN", "value": "P1Y", "policy": {"name": "Age", "violationState": "WARN"}}}]"#;
        let report = read("d", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("dependency-track-violations", 2));
        let [gpl, old] = report.findings.as_slice() else { panic!("two findings") };
        assert_eq!((gpl.class, gpl.severity), (Class::Licence, Severity::High));
        assert_eq!(gpl.rule.raw(), "No copyleft: LICENSE_GROUP IS copyleft");
        assert_eq!(gpl.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:npm/gpl-lib@1.0");
        assert_eq!((old.class, old.severity, old.suppressed.is_some()), (Class::Sca, Severity::Medium, true));
    }
}
