//! Docker Bench for Security: its checks of a host, with what came out. What is to be checked by hand is a note.

use super::image;
use crate::report::prelude::*;

const CLASSES: &[Class] = &[Class::Infra];

pub(super) const FORMATS: &[Format] = &[Format {
    name: "docker-bench-json",
    title: "Docker Bench for Security JSON",
    classes: CLASSES,
    items: "results of all `tests`, passed ones too",
    severity: "`result`: WARN is high, INFO low, NOTE info",
    identity: "number of the check",
    checked: "DefectDojo's parser",
    detect: |shape| (shape.has(&["dockerbenchsecurity"])).into(),
    parse,
}];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "Docker Bench", CLASSES);
    reading.version(doc.get("dockerbenchsecurity").text());
    let mut by_hand = 0_u32;
    for test in doc.results("tests")? {
        let test = image::object(test, "A test")?;
        for result in test.results_or_none("results")? {
            let result = image::object(result, "A result")?;
            let manual = result.get("desc").or_empty().contains("(Manual)");
            let severity = match result.get("result").or_empty().to_ascii_uppercase().as_str() {
                "PASS" => None,
                "NOTE" | "INFO" if manual => {
                    by_hand += 1;
                    None
                }
                "NOTE" => Some(Severity::Info),
                "INFO" => Some(Severity::Low),
                "WARN" => Some(Severity::High),
                "FAIL" => Some(Severity::Critical),
                _ => Some(Severity::Unknown),
            };
            match severity {
                Some(severity) => reading.add(draft(result, test, severity)),
                None => reading.passed(1),
            }
        }
    }
    if by_hand > 0 {
        reading.remark(format!("Docker Bench leaves {by_hand} checks to be done by hand."));
    }
    if reading.items() == 0 {
        reading.not_assessed("Docker Bench made no check.");
    }
    reading.done()
}

fn draft(result: &Node<'_>, test: &Node<'_>, severity: Severity) -> Draft {
    let mut draft = Draft::new(Class::Infra);
    draft.severity = severity;
    result.get("id").or_empty().clone_into(&mut draft.rule);
    draft.title = result.get("desc").owned().unwrap_or_default();
    draft.say("Section", test.get("desc").text());
    draft.say("Details", result.get("details").text());
    let items: Vec<&str> = result.get("items").texts().collect();
    draft.say("Items", Some(&items.join(", ")));
    draft.say("Remediation", result.get("remediation").text());
    draft.say("Impact", result.get("remediation-impact").text().filter(|i| *i != "None."));
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn what_did_not_pass_is_a_finding() {
        let text = r#"{"dockerbenchsecurity": "1.6.0", "tests": [{"id": "2", "desc": "Daemon", "results": [
            {"id": "2.1", "desc": "Run rootless", "result": "WARN", "items": ["web", "db"], "remediation": "Do."},
            {"id": "2.2", "desc": "x", "result": "PASS"}, {"id": "4.2", "desc": "y (Manual)", "result": "NOTE"},
            {"id": "2.3", "desc": "z", "result": "INFO"}]}], "checks": 4, "score": 1}"#;
        let report = read("d", text.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("docker-bench-json", ReportStatus::Ok, 4));
        assert_eq!((report.findings.len(), report.classes.as_slice()), (2, &[Class::Infra][..]));
        assert_eq!((report.findings[0].severity, report.findings[0].rule.raw()), (Severity::High, "2.1"));
        assert!(report.reason.unwrap().raw().contains("1 checks"));
    }

    #[test]
    fn no_checks_are_not_clean() {
        let status = |tests: &str| {
            read("d", format!(r#"{{"dockerbenchsecurity": "1", "tests": {tests}}}"#).as_bytes(), None).status
        };
        assert_eq!(
            (status("[]"), status("null"), status("[{\"results\": 1}]")),
            (ReportStatus::NotAssessed, ReportStatus::Error, ReportStatus::Error)
        );
    }
}
