//! Kubescape's JUnit XML: `kubescape scan --format junit`. A case is a control; what failed it stands in one message.

use super::TOOL;
use crate::report::formats::suites;
use crate::report::prelude::*;

pub(super) const JUNIT: Format = Format {
    name: "kubescape-junit",
    title: "Kubescape JUnit XML",
    classes: &[Class::Iac, Class::Infra],
    items: "`testcase` elements, passed and skipped ones too; each resource that fails one is a finding",
    severity: "none: unknown",
    identity: "control and resource",
    checked: "written from the tool's source; no real file was at hand",
    detect: |shape| suites::is_called(shape, "Kubescape Scanning").into(),
    parse,
};

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[]);
    let mut files = false;
    let failures = suites::cases(input, &mut reading, |case, _| {
        let found = drafts(case);
        files = files || found.iter().any(|d| d.class == Class::Iac);
        found
    })?;
    reading.assessed(if files { Class::Iac } else { Class::Infra });
    if failures.cases == 0 {
        reading.not_assessed("Kubescape checked no control.");
    }
    reading.done()
}

/// The findings of a control: one for each resource that it names, or one if it names none.
fn drafts(case: &xml::Node<'_>) -> Vec<Draft> {
    let Some(failure) = suites::failure(case) else { return Vec::new() };
    let said = failure.attribute("message").unwrap_or_default();
    let resources: Vec<&str> = said.lines().map(str::trim).filter(|l| l.starts_with("apiVersion:")).collect();
    let link = suites::line_of(said, "More details:");
    let name = case.attribute("name").unwrap_or_default();
    let id = link.and_then(|l| l.trim_end_matches('/').rsplit('/').next()).map(str::to_ascii_uppercase);
    let of = |resource: &str| {
        let part = |name: &str| resource.split(';').find_map(|p| p.trim().strip_prefix(name)).map(str::trim);
        let path = part("sourcePath:").map(str::to_owned);
        let mut draft = Draft::new(if path.is_some() { Class::Iac } else { Class::Infra });
        id.as_deref().filter(|i| i.starts_with("C-")).unwrap_or(name).clone_into(&mut draft.rule);
        name.clone_into(&mut draft.title);
        draft.path = path;
        let named = [part("kind:"), part("namespace:"), part("name:")];
        draft.logical = Some(named.into_iter().flatten().collect::<Vec<_>>().join("/")).filter(|l| !l.is_empty());
        draft.url = link.map(str::to_owned);
        draft.say("", Some(name));
        draft.say("Remediation", suites::line_of(said, "Remediation:"));
        draft.say("Framework", case.attribute("classname"));
        draft
    };
    if resources.is_empty() { vec![of("")] } else { resources.into_iter().map(of).collect() }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::report::read;

    #[test]
    fn each_resource_of_a_control_is_a_finding() {
        let text = r#"<testsuites errors="0" failures="1" tests="3" time="" name="Kubescape Scanning"><testsuite tests="3" name="NSA" errors="0" failures="1">
          <testcase classname="NSA" name="Allow privilege escalation" time=""><failure message="Remediation: Set it to false.&#xA;More details: https://h.example/docs/c-0016&#xA;&#xA;apiVersion: apps/v1; kind: Deployment; namespace: pay; name: api; sourcePath: k/api.yaml&#xA;apiVersion: v1; kind: Pod; name: one; sourcePath: k/pod.yaml" type="Control"></failure></testcase>
          <testcase classname="NSA" name="Fine" time=""></testcase><testcase classname="NSA" name="Later" time=""><skipped message=""></skipped></testcase></testsuite></testsuites>"#;
        let report = read("k", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("kubescape-junit", 3, 2));
        assert_eq!(report.classes, [Class::Iac]);
        let f = &report.findings[0];
        assert_eq!((f.rule.raw(), f.title.raw()), ("C-0016", "Allow privilege escalation"));
        assert_eq!(
            (f.location.path.as_ref().unwrap().raw(), f.location.logical.as_ref().unwrap().raw()),
            ("k/api.yaml", "Deployment/pay/api")
        );
        assert_eq!(read("k", b"<testsuites name='Kubescape Scanning'/>", None).status, ReportStatus::NotAssessed);
    }
}
