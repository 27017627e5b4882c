//! Hadolint's JUnit XML. Its test cases have an id and no name; the place stands in the text of the failure.

use super::{link, severity};
use crate::report::formats::suites;
use crate::report::prelude::*;

pub(super) const JUNIT: Format = Format {
    name: "hadolint-junit",
    title: "Hadolint JUnit XML",
    classes: &[Class::Iac],
    items: "`testcase` elements",
    severity: "`type` of the failure (error is high, warning medium, info low, style info)",
    identity: "rule, path and message",
    checked: "the JSON of the same run of Hadolint 2.15",
    detect,
    parse,
};

fn detect(shape: &Shape<'_>) -> Fit {
    let own = ["id=\"hadolint\"", "id='hadolint'"];
    (suites::is_junit(shape) && own.iter().any(|id| shape.head.contains(id))).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, "Hadolint", &[Class::Iac]);
    let mut version = String::new();
    let failures = suites::cases(input, &mut reading, |case, suite| {
        suite.name.strip_prefix("Hadolint ").unwrap_or_default().clone_into(&mut version);
        suites::failure(case).map(|failure| draft(case, failure)).into_iter().collect()
    })?;
    reading.version(Some(version.as_str()).filter(|v| !v.is_empty()));
    failures.all_there("Hadolint", &mut reading);
    reading.done()
}

fn draft(case: &xml::Node, failure: &xml::Node) -> Draft {
    let mut draft = Draft::new(Class::Iac);
    let of_case = case.attribute("id").map(|id| id.trim_start_matches("hadolint.rule."));
    failure.attribute("id").or(of_case).unwrap_or("hadolint").clone_into(&mut draft.rule);
    failure.attribute("message").unwrap_or("A result without a message").clone_into(&mut draft.title);
    let level = failure.attribute("type").unwrap_or_default();
    draft.severity = severity(level);
    draft.say("", failure.attribute("message"));
    draft.say("Level", Some(level));
    let field = |name: &str| failure.text.lines().find_map(|l| l.trim().strip_prefix(name)).map(str::trim);
    draft.path = field("File:").map(str::to_owned);
    draft.line = field("Line:").and_then(|l| l.parse().ok());
    draft.url = link(&draft.rule);
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    const CASE: &str = r#"<testcase id="hadolint.rule.DL3004" time="0.1"><failure id="DL3004" message="No sudo." type="error">File: a/Dockerfile
Line: 3
Category: Hadolint - Dockerfile Static Analysis
error: No sudo.
</failure></testcase>"#;

    fn suites(failures: u32, cases: &str) -> String {
        format!(
            r#"<testsuites id="1" name="Hadolint run at noon"><testsuite errors="0" failures="{failures}" id="hadolint" name="Hadolint 2.15.1">{cases}</testsuite></testsuites>"#
        )
    }

    #[test]
    fn a_failure_is_the_finding_that_the_json_has() {
        let report = read("h", suites(1, CASE).as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.reason), ("hadolint-junit", 1, None));
        assert_eq!(report.tool_version.unwrap().raw(), "2.15.1");
        let f = &report.findings[0];
        assert_eq!((f.rule.raw(), f.severity, f.place().as_str()), ("DL3004", Severity::High, "a/Dockerfile:3"));
        let json = br#"[{"code": "DL3004", "column": 1, "file": "a/Dockerfile", "level": "error", "line": 3, "message": "No sudo."}]"#;
        assert_eq!(read("h", json, None).findings[0].keys, f.keys);
    }

    #[test]
    fn no_case_is_clean_and_missing_ones_are_told_of() {
        assert_eq!(read("h", suites(0, "").as_bytes(), None).status, ReportStatus::Empty);
        assert_eq!(read("h", b"<testsuites><testsuite id='hadolint'><testcase>", None).status, ReportStatus::Error);
        let torn = read("h", suites(2, CASE).as_bytes(), None);
        assert!(torn.reason.unwrap().raw().contains("counts 2"));
    }
}
