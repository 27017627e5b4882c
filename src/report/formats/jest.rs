//! Results of tests in the JSON of Jest (`--json`), which Vitest's reporter `json` writes too.

use super::test_results::{self, Failed};
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "jest-json",
    title: "Jest and Vitest JSON",
    classes: &[],
    items: "elements of `assertionResults` of all `testResults`, and files that broke off",
    severity: "unknown: tests have none",
    identity: "name of the test",
    checked: "written from the tools' documentation; no real file was at hand",
    detect: |shape| shape.has(&["numTotalTests", "numFailedTests", "testResults"]).into(),
    parse,
}];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "Jest", &[]);
    let (mut found, mut skipped) = (0_u32, 0_u32);
    for file in doc.results("testResults")? {
        let file = file.object()?;
        let path = || file.get("name").owned().or_else(|| file.get("testFilePath").owned());
        let tests = ["assertionResults", "testResults"].into_iter().find(|k| file.has(k)).unwrap_or("assertionResults");
        let mut failed_here = false;
        for test in file.results_or_none(tests)? {
            if test.object()?.get("status").text() != Some("failed") {
                let status = test.get("status").or_empty();
                skipped += u32::from(matches!(status, "pending" | "skipped" | "todo" | "disabled"));
                reading.passed(1);
                continue;
            }
            (found, failed_here) = (found + 1, true);
            let messages: Vec<&str> = test.get("failureMessages").texts().collect();
            let failed = Failed {
                name: test.get("fullName").owned().or_else(|| test.get("title").owned()),
                text: Some(messages.join("\n")).filter(|m| !m.is_empty()),
                file: path(),
                line: test.at("location.line").number(),
                ..Failed::default()
            };
            reading.add(failed.draft());
        }
        // A file that cannot be loaded has no test.
        if file.get("status").text() == Some("failed") && !failed_here {
            let failed = Failed {
                name: path(),
                broke: true,
                message: file.get("message").owned().or_else(|| file.get("failureMessage").owned()),
                file: path(),
                ..Failed::default()
            };
            reading.add(failed.draft());
        }
    }
    let said = doc.get("numFailedTests").number().unwrap_or(0);
    if said > found {
        reading.incomplete(format!("Jest counts {said} tests that failed, and {found} stand in the report."));
    }
    test_results::none_ran(&mut reading, skipped);
    reading.done()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::report::read;

    #[test]
    fn failed_tests_and_files_are_findings() {
        let text = r#"{"numTotalTests": 2, "numFailedTests": 1, "numPassedTests": 1, "success": false, "testResults": [
          {"name": "/w/pay.test.js", "status": "failed", "message": "", "assertionResults": [
            {"fullName": "pays twice", "title": "twice", "status": "failed", "failureMessages": ["Error: 1 is not 2"], "location": {"line": 7, "column": 3}},
            {"fullName": "pays once", "status": "passed", "failureMessages": []}]},
          {"name": "/w/bad.test.js", "status": "failed", "message": "Cannot find module", "assertionResults": []}]}"#;
        let report = read("j", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("jest-json", 3, 2));
        let f = &report.findings[0];
        assert!(
            f.rule.raw() == "pays twice" && f.place().ends_with("pay.test.js:7") && f.detail.raw().contains("is not 2")
        );
        assert!(report.findings[1].detail.raw().contains("Cannot find module"));
        assert!(report.classes.is_empty());
    }

    #[test]
    fn no_test_is_not_assessed() {
        let of = |failed: u32, results: &str| {
            let text = format!(r#"{{"numTotalTests": 0, "numFailedTests": {failed}, "testResults": {results}}}"#);
            read("j", text.as_bytes(), None).status
        };
        assert_eq!((of(0, "[]"), of(0, "{}")), (ReportStatus::NotAssessed, ReportStatus::Error));
        let passed = r#"[{"status": "passed", "assertionResults": [{"status": "passed"}]}]"#;
        assert_eq!(of(0, passed), ReportStatus::Empty);
        assert_ne!(of(2, passed), ReportStatus::Empty);
    }
}
