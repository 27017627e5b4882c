//! kube-bench JSON: `kube-bench --json`. Older versions write a list of controls, or one control after another.
//!
//! A warning is a check that kube-bench leaves to a person, or one that it could not decide: only the second is a
//! finding, because every run of a benchmark has dozens of the first.

use crate::report::prelude::*;

const TOOL: &str = "kube-bench";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "kube-bench-junit",
        title: "kube-bench JUnit XML",
        classes: &[Class::Infra],
        items: "`testcase` elements",
        severity: "none: unknown",
        identity: "number of the test and name of the suite",
        checked: "written from the tool's source; no real file was at hand",
        detect: |shape| {
            let suites = shape.root("testsuites") || shape.root("testsuite");
            // Each test has the check itself in its output.
            let quoted = ["&#34;", "&quot;", "\""].iter().any(|q| shape.head.contains(&format!("{{{q}test_number{q}")));
            (suites && quoted && shape.head.contains("<system-out")).into()
        },
        parse: parse_junit,
    },
    Format {
        name: "kube-bench-json",
        title: "kube-bench JSON",
        classes: &[Class::Infra],
        items: "`results` of all `tests` of all controls",
        severity: "none: unknown",
        identity: "number of the test and kind of node",
        checked: "DefectDojo's parser",
        detect,
        parse,
    },
];

fn parse_junit(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Infra]);
    let (mut decided, mut by_hand, mut bad) = (0_usize, 0_usize, None);
    let mut suite = None;
    xml::walk(input.text, &["testcase"], |part| match part {
        Part::Open(node) if node.name == "testsuite" => suite = node.attribute("name").map(str::to_owned),
        Part::Open(_) | Part::Close(_) => {}
        Part::Whole(case) => match Node::parse(case.text_of("system-out").unwrap_or_default()) {
            Ok(check) if check.is_object() => match verdict(&check) {
                Verdict::Failed => {
                    decided += 1;
                    let mut draft = draft(&check, &Node::Null, &Node::Null);
                    draft.say("Section", case.attribute("classname"));
                    draft.logical.clone_from(&suite);
                    reading.add(draft);
                }
                verdict => {
                    reading.passed(1);
                    let manual = matches!(verdict, Verdict::ByHand);
                    (decided, by_hand) = (decided + usize::from(!manual), by_hand + usize::from(manual));
                }
            },
            _ => bad = bad.take().or_else(|| Some(case.attribute("name").unwrap_or_default().to_owned())),
        },
    })?;
    if let Some(name) = bad {
        let name = crate::text::line(&name);
        return Err(Unreadable(format!("The test {name} has no check of kube-bench in its output.")));
    }
    finished(reading, decided, by_hand)
}

fn finished(mut reading: Reading<'_>, decided: usize, by_hand: usize) -> Result<Parsed, Unreadable> {
    if by_hand > 0 {
        reading.remark(format!("kube-bench leaves {by_hand} checks to be done by hand."));
    }
    if decided == 0 {
        reading.not_assessed("kube-bench decided no check.");
    }
    reading.done()
}

fn detect(shape: &Shape<'_>) -> Fit {
    let control = |n: &Node<'_>| n.has_all(&["tests", "node_type"]) || n.has_all(&["tests", "text", "version"]);
    let first = shape.line();
    (control(first)
        || control(first.at("0"))
        || control(first.at("Controls.0"))
        || first.has_all(&["Controls", "Totals"]))
    .into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let documents = Node::parse_all(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Infra]);
    let (mut decided, mut by_hand) = (0_usize, 0_usize);
    for document in &documents {
        let controls = match document {
            Node::List(controls) => controls.as_slice(),
            one if one.has("tests") => std::slice::from_ref(one),
            whole => whole.results("Controls")?,
        };
        for control in controls {
            for section in control.object()?.results_or_none("tests")? {
                for check in section.object()?.results_or_none("results")? {
                    match verdict(check.object()?) {
                        Verdict::Failed => {
                            decided += 1;
                            reading.add(draft(check, section, control));
                        }
                        Verdict::Passed => {
                            decided += 1;
                            reading.passed(1);
                        }
                        Verdict::ByHand => {
                            by_hand += 1;
                            reading.passed(1);
                        }
                    }
                }
            }
        }
    }
    finished(reading, decided, by_hand)
}

enum Verdict {
    Failed,
    Passed,
    ByHand,
}

fn verdict(check: &Node<'_>) -> Verdict {
    let manual = check.get("type").or_empty().eq_ignore_ascii_case("manual")
        || check.get("reason").or_empty().to_ascii_lowercase().contains("manual test");
    match check.get("status").or_empty().to_ascii_uppercase().as_str() {
        "PASS" => Verdict::Passed,
        "INFO" => Verdict::ByHand,
        "WARN" if manual => Verdict::ByHand,
        _ => Verdict::Failed,
    }
}

fn draft(check: &Node<'_>, section: &Node<'_>, control: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Infra);
    check.get("test_number").or_empty().clone_into(&mut draft.rule);
    check.get("test_desc").or_empty().clone_into(&mut draft.title);
    draft.say("", check.get("test_desc").text());
    let part = [control.get("text").text(), section.get("desc").text()];
    draft.say("Section", Some(&part.into_iter().flatten().collect::<Vec<_>>().join(", ")));
    draft.say("Benchmark", control.get("version").text());
    for (heading, key) in [
        ("Status", "status"),
        ("Reason", "reason"),
        ("Audit", "audit"),
        ("Expected", "expected_result"),
        ("Found", "actual_value"),
        ("Remediation", "remediation"),
    ] {
        draft.say(heading, check.get(key).text());
    }
    draft.logical = control.get("node_type").owned();
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    fn control(results: &str) -> String {
        format!(
            r#"{{"id": "1", "version": "cis-1.8", "text": "Control plane", "node_type": "master", "tests": [{{"section": "1.1", "desc": "Files", "results": {results}}}]}}"#
        )
    }

    #[test]
    fn failed_checks_are_findings_in_all_wrappings() {
        let one = control(
            r#"[{"test_number": "1.1.1", "test_desc": "Restrict the file", "status": "FAIL", "scored": true, "remediation": "chmod"},
            {"test_number": "1.1.2", "test_desc": "b", "status": "PASS"},
            {"test_number": "1.1.3", "test_desc": "c", "status": "WARN", "reason": "Test marked as a manual test"},
            {"test_number": "1.1.4", "test_desc": "d", "status": "WARN", "reason": "no such file"}]"#,
        );
        for text in [
            format!("{{\"Controls\": [{one}], \"Totals\": {{}}}}"),
            format!("[{one}]"),
            one.clone(),
            format!("{one}\n{}", control("null")),
        ] {
            let report = read("r", text.as_bytes(), None);
            assert_eq!((report.format, report.raw_items, report.findings.len()), ("kube-bench-json", 4, 2), "{text}");
            let f = &report.findings[0];
            assert_eq!(
                (f.class, f.severity, f.rule.raw(), f.place()),
                (Class::Infra, Severity::Unknown, "1.1.1", "master".to_owned())
            );
            assert!(report.reason.unwrap().raw().contains("1 checks"));
        }
    }

    #[test]
    fn what_decided_nothing_is_no_evidence() {
        let of = |results: &str| read("r", control(results).as_bytes(), None).status;
        assert_eq!(of(r#"[{"status": "PASS"}]"#), ReportStatus::Empty);
        assert_eq!((of("[]"), of(r#"[{"status": "INFO"}]"#)), (ReportStatus::NotAssessed, ReportStatus::NotAssessed));
        assert_eq!((of("{}"), of("[1]")), (ReportStatus::Error, ReportStatus::Error));
    }

    #[test]
    fn the_checks_in_junit() {
        let case = |status: &str, within: &str| {
            format!(
                r#"<testcase name="1.1.1 Restrict" classname="Files">{within}<system-out>{{&#34;test_number&#34;:&#34;1.1.1&#34;,&#34;test_desc&#34;:&#34;Restrict the file&#34;,&#34;status&#34;:&#34;{status}&#34;,&#34;remediation&#34;:&#34;chmod&#34;}}</system-out></testcase>"#
            )
        };
        let of = |cases: &str| {
            let text = format!(
                "<testsuites>\n<testsuite name=\"Control plane\" tests=\"2\" failures=\"1\">{cases}</testsuite>\n</testsuites>"
            );
            read("r", text.as_bytes(), None)
        };
        let failed = case("FAIL", "<failure type=\"\">chmod</failure>");
        let report = of(&format!("{failed}{}{}", case("PASS", ""), case("INFO", "<skipped></skipped>")));
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("kube-bench-junit", 3, 1));
        let f = &report.findings[0];
        assert_eq!(
            (f.class, f.rule.raw(), f.title.raw(), f.place()),
            (Class::Infra, "1.1.1", "Restrict the file", "Control plane".to_owned())
        );
        assert_eq!(of(&case("INFO", "<skipped/>")).status, ReportStatus::NotAssessed);
    }
}
