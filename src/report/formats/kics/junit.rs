//! KICS' JUnit XML: `kics scan --report-formats junit`. It has no id of the query; a case is called by its name and place.

use super::TOOL;
use crate::report::formats::suites;
use crate::report::prelude::*;

pub(super) const JUNIT: Format = Format {
    name: "kics-junit",
    title: "KICS JUnit XML",
    classes: &[Class::Iac, Class::Secret],
    items: "`testcase` elements",
    severity: "the word behind `Severity:` in the failure's message; `TRACE` is info",
    identity: "name of the query, path and line: this format does not have the query's id",
    checked: "written from the tool's source; no real file was at hand",
    detect: |shape| {
        let own = shape.xml().and_then(|s| s.attribute("name")).is_some_and(|n| n.starts_with("KICS "));
        (suites::is_junit(shape) && own).into()
    },
    parse,
};

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Iac]);
    let failures = suites::cases(input, &mut reading, |case, _| draft(case).into_iter().collect())?;
    failures.all_there(TOOL, &mut reading);
    if failures.cases == 0 {
        // It has a suite for each query that found something, and nothing of what was looked at.
        reading.not_assessed("KICS' JUnit XML does not say whether it looked at any file.");
    }
    reading.done()
}

fn draft(case: &xml::Node<'_>) -> Option<Draft> {
    let failure = suites::failure(case)?;
    let called = case.attribute("name").unwrap_or_default();
    let (name, place) = called.split_once(": ").unwrap_or((called, ""));
    let (path, line) = place.rsplit_once(" file in line ").unwrap_or((place, ""));
    let secret = name.to_ascii_lowercase().starts_with("passwords and secrets");
    let mut draft = Draft::new(if secret { Class::Secret } else { Class::Iac });
    name.clone_into(&mut draft.rule);
    name.clone_into(&mut draft.title);
    draft.path = Some(path.to_owned()).filter(|p| !p.is_empty());
    draft.line = line.trim().parse().ok();
    let said = failure.attribute("message").unwrap_or_default();
    let word = said.strip_prefix("[Severity: ").and_then(|s| s.split([',', ']']).next()).unwrap_or_default().trim();
    draft.severity = if word == "TRACE" { Severity::Info } else { words::severity(word).unwrap_or(Severity::Unknown) };
    draft.say("", failure.attribute("type"));
    draft.say("Platform", case.attribute("classname"));
    // The values around a leaked secret may have it in them.
    if !secret {
        let (_, values) = said.split_once("Expected value: ").unwrap_or_default();
        let (expected, found) = values.split_once(". Actual value: ").unwrap_or((values, ""));
        draft.say("Expected", Some(expected).filter(|v| !v.is_empty()));
        draft.say("Found", Some(found.trim_end_matches('.')).filter(|v| !v.is_empty()));
    }
    Some(draft)
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn failures_are_findings_and_secrets_stay_out() {
        let text = r#"<testsuites name="KICS v2.1.3" time="1s" failures="2"><testsuite name="Terraform" failures="2" tests="2">
          <testcase name="Bucket Without Log: a/s3.tf file in line 5" classname="Terraform"><failure type="Logs are missing." message="[Severity: CRITICAL, Query description: Logs are missing.] Problem found on 'a/s3.tf' file in line 5. Expected value: on. Actual value: off."></failure></testcase>
          <testcase name="Passwords And Secrets - Generic Password: x.yaml file in line 2" classname="Common"><failure type="A secret." message="[Severity: TRACE, Query description: A secret.] Problem found on 'x.yaml' file in line 2. Expected value: none. Actual value: pass hunter2hunter2."></failure></testcase>
          </testsuite></testsuites>"#;
        let report = read("k", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.reason.is_none()), ("kics-junit", 2, true));
        let [log, secret] = report.findings.as_slice() else { panic!("two findings") };
        assert_eq!(
            (log.severity, log.rule.raw(), log.place().as_str()),
            (Severity::Critical, "Bucket Without Log", "a/s3.tf:5")
        );
        assert!(
            log.detail.raw().contains("Expected: on") && log.detail.raw().contains("Found: off"),
            "{}",
            log.detail.raw()
        );
        assert_eq!((secret.class, secret.severity), (Class::Secret, Severity::Info));
        assert!(!format!("{report:?}").contains("hunter2"));
        let none = read("k", b"<testsuites name='KICS v2.1.3' time='1s' failures='0'></testsuites>", None);
        assert_eq!((none.format, none.status), ("kics-junit", ReportStatus::NotAssessed));
    }
}
