//! JUnit XML, as most runners of tests write it, and linters and scanners too: whatever is written by one of which there is
//! a reader of its own goes there.

use super::test_results::{self, Failed};
use std::borrow::Cow;

use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "junit-xml",
    title: "JUnit XML of any runner",
    classes: &[],
    items: "elements `testcase`, passed and skipped ones too",
    severity: "unknown: tests have none",
    identity: "class and name of the test",
    checked: "the outcomes that publish-unit-test-result-action and Jenkins count in the same files",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let known = |s: &xml::Sketch| s.elements.is_empty() || s.contains("testsuite") || s.contains("testcase");
    let suites = shape.root("testsuites") && shape.xml().is_some_and(known);
    Fit::general(suites || shape.root("testsuite"))
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, "JUnit", &[]);
    // The names of the suites that are open, with that of the outermost; and whether one of them counts what is in it.
    let mut open: Vec<(Option<String>, bool)> = Vec::new();
    // How many tests the outermost suites say have failed, and how many of them stand in the report.
    let (mut counted, mut found, mut skipped) = (0_u32, 0_u32, 0_u32);
    xml::walk(
        input.text,
        &["testcase", "system-out", "system-err", "properties", "error", "failure"],
        |part| match part {
            Part::Open(node) => {
                let bad: Vec<u32> =
                    ["failures", "errors"].iter().filter_map(|name| node.attribute(name)?.parse().ok()).collect();
                let within = open.last().is_some_and(|(_, counts)| *counts);
                if !within {
                    counted = bad.iter().fold(counted, |sum, n| sum.saturating_add(*n));
                }
                let name = (node.name == "testsuite").then(|| node.attribute("name").map(str::to_owned)).flatten();
                open.push((name, within || !bad.is_empty()));
            }
            Part::Close(_) => drop(open.pop()),
            Part::Whole(node) => {
                let suite = open.iter().rev().find_map(|(name, _)| name.as_ref());
                match node.name {
                    "testcase" => {
                        if let Some(failed) = failed(&node, suite) {
                            found += 1;
                            reading.add(failed.draft());
                        } else {
                            skipped += u32::from(node.child("skipped").is_some());
                            reading.passed(1);
                        }
                    }
                    // What befell the suite as a whole: a setup that broke off. It is none of the tests that are counted.
                    "error" | "failure" => {
                        let name = suite.map(|name| ("name", Cow::Borrowed(name.as_str())));
                        let whole = xml::Node {
                            attributes: name.into_iter().collect(),
                            children: vec![node],
                            ..xml::Node::default()
                        };
                        if let Some(failed) = failed(&whole, None) {
                            found += 1;
                            reading.more(failed.draft());
                        }
                    }
                    _ => {}
                }
            }
        },
    )?;
    if counted > found {
        reading.incomplete(format!("The suites count {counted} failures and errors, and {found} stand in the report."));
    }
    test_results::none_ran(&mut reading, skipped);
    reading.done()
}

/// The test, if it failed. `flakyFailure` and `rerunFailure` stand in tests that passed, or beside a failure.
fn failed(node: &xml::Node, suite: Option<&String>) -> Option<Failed> {
    let error = node.child("error");
    let reasons: Vec<&xml::Node> = node.children.iter().filter(|c| matches!(c.name, "error" | "failure")).collect();
    let state = node.attribute("status").or_else(|| node.attribute("result")).unwrap_or_default().to_ascii_lowercase();
    let is_bad = matches!(state.as_str(), "fail" | "failed" | "failure" | "error" | "errored");
    if reasons.is_empty() && !is_bad {
        return None;
    }
    let text = |of: &dyn for<'n> Fn(&'n xml::Node<'_>) -> Option<&'n str>| {
        let all: Vec<&str> = reasons.iter().copied().filter_map(of).map(str::trim).filter(|t| !t.is_empty()).collect();
        Some(all.join("\n")).filter(|t| !t.is_empty())
    };
    Some(Failed {
        class: node.attribute("classname").map(str::to_owned).or_else(|| suite.cloned()),
        name: node.attribute("name").map(str::to_owned),
        broke: error.is_some() || state.starts_with("error"),
        message: text(&|n| n.attribute("message").or_else(|| n.attribute("type"))),
        text: text(&|n| Some(n.text.as_ref())),
        file: node.attribute("file").map(str::to_owned),
        line: node.attribute("line").and_then(|l| l.parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn failed_tests_are_findings_and_no_evidence() {
        let text = br#"<testsuites><testsuite name="pay"><properties><property name="x"/></properties>
          <testcase classname="pay.T" name="ok"/><testcase name="skipped"><skipped/></testcase>
          <testcase classname="pay.T" name="sum" file="t/pay.py" line="7"><failure message="1 != 2">trace</failure></testcase>
          <testcase name="boom"><error>at src/pay.rs:9:1</error></testcase></testsuite></testsuites>"#;
        let report = read("j.xml", text, None);
        assert_eq!((report.format, report.status, report.raw_items), ("junit-xml", ReportStatus::Ok, 4));
        assert!(report.classes.is_empty());
        let [sum, boom] = report.findings.as_slice() else { panic!("two findings") };
        assert_eq!((sum.rule.raw(), sum.place().as_str(), sum.class), ("pay.T.sum", "t/pay.py:7", Class::Sast));
        assert_eq!((sum.severity, sum.detail.raw()), (Severity::Unknown, "1 != 2\n\ntrace"));
        assert_eq!((boom.title.raw(), boom.place().as_str()), ("Test error: pay.boom", "src/pay.rs:9"));
    }

    #[test]
    fn what_befell_a_suite_is_not_lost() {
        let text = br#"<testsuites failures="2" errors="1"><testsuite name="pay" failures="2" errors="1"><error message="no database">trace</error>
          <testcase name="a"><failure message="m"/></testcase></testsuite></testsuites>"#;
        let report = read("j.xml", text, None);
        assert_eq!((report.raw_items, report.findings.len()), (1, 2));
        let f = &report.findings[0];
        assert_eq!((f.rule.raw(), f.title.raw(), f.detail.raw()), ("pay", "Test error: pay", "no database\n\ntrace"));
        assert!(report.reason.unwrap().raw().contains("count 3 failures and errors, and 2 stand"));
        let lost = br#"<testsuite failures="1"><testcase name="a"/></testsuite>"#;
        assert_eq!(read("j.xml", lost, None).status, ReportStatus::NotAssessed);
    }

    #[test]
    fn no_test_is_not_assessed_and_all_passed_is_no_finding() {
        assert_eq!(read("j", b"<testsuites/>", None).status, ReportStatus::NotAssessed);
        assert_eq!(read("j", b"<testsuites><testcase name='a'/></testsuites>", None).status, ReportStatus::Empty);
        assert_eq!(read("j", b"<testsuite><testcase name='a'/></testsuite>", None).status, ReportStatus::Empty);
        let skipped = b"<testsuite><testcase name='a'><skipped/></testcase></testsuite>";
        assert_eq!(read("j", skipped, None).status, ReportStatus::NotAssessed);
        assert_eq!(read("j", b"<testsuite><testcase name='a'>", None).status, ReportStatus::Error);
    }
}
