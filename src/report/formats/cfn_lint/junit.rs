//! cfn-lint's JUnit XML: `cfn-lint --format junit`. A case for each rule, with a failure for each of its matches.

use super::{TOOL, level};
use crate::report::formats::suites;
use crate::report::prelude::*;

pub(super) const JUNIT: Format = Format {
    name: "cfn-lint-junit",
    title: "cfn-lint JUnit XML",
    classes: &[Class::Iac],
    items: "`testcase` elements, passed and skipped ones too; each failure is a finding",
    severity: "the rule's letter: E is high, W medium, I info",
    identity: "rule, path and line",
    checked: "the JSON and SARIF of the same run of cfn-lint 1",
    detect: |shape| suites::is_called(shape, "CloudFormation Lint").into(),
    parse,
};

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Iac]);
    let failures = suites::cases(input, &mut reading, |case, _| {
        case.children.iter().filter(|c| matches!(c.name, "failure" | "error")).map(|f| draft(case, f)).collect()
    })?;
    if failures.cases == 0 {
        reading.not_assessed("cfn-lint names no rule that it checked.");
    }
    // Tried with cfn-lint 1.58: of a template that is no YAML all its cases pass, where JSON and SARIF have E0000.
    reading
        .incomplete("cfn-lint's JUnit XML leaves out templates that could not be read; its JSON and SARIF name them.");
    reading.done()
}

fn draft(case: &xml::Node<'_>, failure: &xml::Node<'_>) -> Draft {
    let name = case.attribute("name").unwrap_or_default();
    let (rule, about) = name.split_once(' ').unwrap_or((name, ""));
    let mut draft = Draft::new(Class::Iac);
    rule.clone_into(&mut draft.rule);
    draft.severity = level(match rule.chars().next() {
        Some('E') => "error",
        Some('W') => "warning",
        Some('I') => "info",
        _ => "",
    });
    // `Parameter Unused not used. at src/t.yaml:3:3`
    let said = failure.attribute("message").unwrap_or_default();
    let (message, place) = said.rsplit_once(" at ").unwrap_or((said, ""));
    failure.attribute("type").unwrap_or(message).clone_into(&mut draft.title);
    draft.say("", Some(&draft.title.clone()));
    draft.say("Rule", Some(about));
    let mut parts = place.rsplitn(3, ':');
    draft.column = parts.next().and_then(|n| n.parse().ok());
    draft.line = parts.next().and_then(|n| n.parse().ok());
    draft.path = parts.next().map(str::to_owned);
    draft.url = case.attribute("url").map(str::to_owned);
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn each_failure_of_a_rule_is_a_finding() {
        let text = r#"<testsuites disabled="0" errors="0" failures="2" tests="3" time="0.0"><testsuite failures="2" name="CloudFormation Lint" skipped="1" tests="3" time="0">
          <testcase name="E4002 Validate Metadata" url="https://d.example/m"/><testcase name="I4010 Context"><skipped type="skipped" message="not enabled"/></testcase>
          <testcase name="W2001 Check if Parameters are Used" url="https://d.example/p"><failure type="Parameter A not used." message="Parameter A not used. at a b/t.yaml:3:5"/>
          <failure type="Parameter at B not used." message="Parameter at B not used. at a b/t.yaml:6:5"/></testcase></testsuite></testsuites>"#;
        let report = read("c", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("cfn-lint-junit", 3, 2));
        let [a, b] = report.findings.as_slice() else { panic!("two findings") };
        assert_eq!((a.rule.raw(), a.severity, a.place().as_str()), ("W2001", Severity::Medium, "a b/t.yaml:3"));
        assert_eq!((b.title.raw(), b.place().as_str()), ("Parameter at B not used.", "a b/t.yaml:6"));
        let clean = text.replace("<failure", "<not").replace("</failure", "</not");
        assert_eq!(read("c", clean.as_bytes(), None).status, ReportStatus::NotAssessed);
        let none = read("c", b"<testsuites><testsuite name='CloudFormation Lint' tests='0'/></testsuites>", None);
        assert_eq!(none.status, ReportStatus::NotAssessed);
    }
}
