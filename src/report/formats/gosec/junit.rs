//! gosec's JUnit XML: `gosec -fmt junit-xml`. It does not name the rule; a suite is called by what was found.

use super::TOOL;
use crate::report::formats::suites;
use crate::report::prelude::*;

pub(super) const JUNIT: Format = Format {
    name: "gosec-junit",
    title: "gosec JUnit XML",
    classes: &[Class::Sast],
    items: "`testcase` elements",
    severity: "the number behind `Severity:`: 0 low, 1 medium, 2 high",
    identity: "what was found, path and code: this format does not have the rule",
    checked: "written from the tool's source; no real file was at hand",
    detect: |shape| {
        let own = "Found 1 vulnerability. See stacktrace for details.";
        (suites::is_junit(shape) && shape.head.contains(own)).into()
    },
    parse,
};

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Sast]);
    let failures = suites::cases(input, &mut reading, |case, suite| draft(case, suite).into_iter().collect())?;
    failures.all_there(TOOL, &mut reading);
    reading.done()
}

fn draft(case: &xml::Node<'_>, suite: &suites::Suite) -> Option<Draft> {
    let text = suites::failure(case)?.text.trim();
    let mut draft = Draft::new(Class::Sast);
    draft.rule.clone_from(&suite.name);
    draft.title.clone_from(&suite.name);
    draft.path = case.attribute("name").map(str::to_owned);
    let (head, code) = text.split_once("\n> ").unwrap_or((text, ""));
    // [/src/main.go:12-14] - What was found (Confidence: 2, Severity: 1, CWE: 22)
    let lines = head.split_once(']').and_then(|(place, _)| place.rsplit_once(':')).map(|(_, l)| l).unwrap_or_default();
    draft.line = lines.split('-').next().and_then(|n| n.trim().parse().ok());
    let facts = head.rsplit_once('(').map(|(_, facts)| facts).unwrap_or_default();
    let of = |name: &str| facts.split(['(', ',', ')']).find_map(|f| f.trim().strip_prefix(name)).map(str::trim);
    let grade = |number: Option<&str>| match number {
        Some("0") => Some("low"),
        Some("1") => Some("medium"),
        Some("2") => Some("high"),
        _ => None,
    };
    draft.rated(grade(of("Severity:")));
    draft.confidence = grade(of("Confidence:")).map(str::to_owned);
    draft.cwe = of("CWE:").and_then(|n| n.parse().ok()).into_iter().collect();
    draft.snippet = Some(code.to_owned()).filter(|c| !c.trim().is_empty());
    draft.say("", Some(&suite.name));
    Some(draft)
}

#[cfg(test)]
mod tests {
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn a_failure_is_a_finding_with_all_that_it_says() {
        let text = r#"<testsuites><testsuite name="Potential file inclusion via variable" tests="1"><testcase name="/src/main.go">
          <failure message="Found 1 vulnerability. See stacktrace for details." type="">Results:&#xA;[/src/main.go:12-13] - Potential file inclusion via variable (Confidence: 2, Severity: 1, CWE: 22)&#xA;&gt; os.Open(name)</failure>
          </testcase></testsuite></testsuites>"#;
        let report = read("g", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("gosec-junit", 1));
        let f = &report.findings[0];
        assert_eq!(
            (f.severity, f.place().as_str(), f.cwe.as_slice()),
            (Severity::Medium, "/src/main.go:12", &[22][..])
        );
        assert_eq!(f.rule.raw(), "Potential file inclusion via variable");
        assert_eq!(f.snippet.as_ref().unwrap().raw(), "os.Open(name)");
    }
}
