//! Terrascan's JUnit XML: `terrascan scan -o junit-xml`. What it says of a violation is one line of named values.

use super::TOOL;
use crate::report::formats::suites;
use crate::report::prelude::*;

pub(super) const JUNIT: Format = Format {
    name: "terrascan-junit",
    title: "Terrascan JUnit XML",
    classes: &[Class::Iac],
    items: "`testcase` elements, passed and skipped ones too",
    severity: "`severity` of the case",
    identity: "rule and resource",
    checked: "written from the tool's source; no real file was at hand",
    detect: |shape| suites::is_called(shape, "TERRASCAN_POLICY_SUITES").into(),
    parse,
};

/// The names of the values, in their order.
const NAMES: [&str; 9] =
    ["Description", "File", "Line", "Severity", "Rule Name", "Rule ID", "Resource Name", "Resource Type", "Category"];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Iac]);
    let mut version = String::new();
    let failures = suites::cases(input, &mut reading, |case, suite| {
        suite.property("Terrascan Version").clone_into(&mut version);
        draft(case).into_iter().collect()
    })?;
    failures.all_there(TOOL, &mut reading);
    reading.version(Some(version.trim_start_matches('v')).filter(|v| !v.is_empty()));
    if failures.cases == 0 {
        reading.not_assessed("Terrascan names no policy that passed and none that was violated.");
    }
    reading.done()
}

fn draft(case: &xml::Node<'_>) -> Option<Draft> {
    let failure = suites::failure(case);
    let said = failure.or_else(|| case.child("skipped"))?.attribute("message").unwrap_or_default();
    let comment = said.strip_prefix("(skip comment: ").and_then(|s| s.split_once(") Description:")).map(|(c, _)| c);
    let mut draft = Draft::new(Class::Iac);
    draft.rated(case.attribute("severity"));
    let name = case.attribute("name").unwrap_or_default();
    let rule = value(said, "Rule ID").or_else(|| name.rsplit_once("RULE - ").map(|(_, rule)| rule));
    rule.unwrap_or(name).clone_into(&mut draft.rule);
    value(said, "Description").or(value(said, "Rule Name")).unwrap_or(name).clone_into(&mut draft.title);
    draft.say("", value(said, "Description"));
    draft.say("Rule", value(said, "Rule Name"));
    draft.say("Category", case.attribute("category"));
    draft.path = case.attribute("classname").map(str::to_owned);
    draft.line = value(said, "Line").and_then(|n| n.parse().ok());
    let parts = ["Resource Type", "Resource Name"].into_iter().filter_map(|n| value(said, n));
    draft.logical = Some(parts.collect::<Vec<_>>().join("."));
    if failure.is_none() {
        draft.suppressed = Some(comment.unwrap_or("Skipped in the code, without a reason.").to_owned());
    }
    Some(draft)
}

/// A value of `Description: x, File: y, Line: 3, ...`: it ends where the next name begins.
fn value<'t>(said: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = said.split_once(&format!("{name}: "))?;
    let next = NAMES.iter().skip_while(|n| **n != name).nth(1);
    let end = next.and_then(|n| rest.find(&format!(", {n}: "))).unwrap_or(rest.len());
    rest.get(..end).map(str::trim).filter(|v| !matches!(*v, "" | "\"\""))
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn violations_are_the_findings_that_the_json_has() {
        let said = "Description: Open, to all., File: main.tf, Line: 4, Severity: HIGH, Rule Name: s3Open, Rule ID: AC_AWS_1, Resource Name: b, Resource Type: aws_s3_bucket, Category: IAM";
        let case = |inner: &str| {
            format!(
                r#"<testcase classname="main.tf" name='[ERROR] resource: "b" at line: 4, violates: RULE - AC_AWS_1' severity="HIGH" category="IAM">{inner}</testcase>"#
            )
        };
        let text = format!(
            r#"<testsuites tests="3" name="TERRASCAN_POLICY_SUITES" failures="1" time="0"><testsuite tests="3" failures="1" name="TERRASCAN_POLICY_SUITE" package="/w">
            <properties><property name="Terrascan Version" value="v1.18.3"></property></properties><testcase classname="ok" name="RULE - AC_2, CATEGORY - x, DESCRIPTION - y" severity="LOW" category="x"></testcase>
            {}{}</testsuite></testsuites>"#,
            case(&format!(r#"<failure message="{said}" type=""></failure>"#)),
            case(&format!(
                r#"<skipped message="(skip comment: known) {}"></skipped>"#,
                said.replace("Name: b,", "Name: c,")
            )),
        );
        let report = read("t", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.reason), ("terrascan-junit", 3, None));
        assert_eq!(report.tool_version.unwrap().raw(), "1.18.3");
        let f = &report.findings[0];
        assert_eq!((f.severity, f.rule.raw(), f.title.raw()), (Severity::High, "AC_AWS_1", "Open, to all."));
        assert_eq!((f.place().as_str(), f.location.logical.as_ref().unwrap().raw()), ("main.tf:4", "aws_s3_bucket.b"));
        assert!(report.findings.iter().any(|f| f.suppressed.as_ref().is_some_and(|s| s.raw() == "known")));
        let json = br#"{"results": {"violations": [{"rule_name": "s3Open", "description": "Open, to all.", "rule_id": "AC_AWS_1",
          "severity": "HIGH", "category": "IAM", "resource_name": "b", "resource_type": "aws_s3_bucket", "file": "main.tf", "line": 4}], "count": {}}}"#;
        assert_eq!(read("t", json, None).findings[0].keys, f.keys);
        let none = read("t", b"<testsuites name='TERRASCAN_POLICY_SUITES'/>", None);
        assert_eq!(none.status, ReportStatus::NotAssessed);
    }
}
