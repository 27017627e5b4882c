//! OWASP Dependency-Check's JUnit XML: a suite for each dependency, a case for each of its vulnerabilities.

use super::dependency_check::{Component, Dependency, TOOL, Vulnerability, draft};
use super::suites;
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "dependency-check-junit",
    title: "OWASP Dependency-Check JUnit XML",
    classes: &[Class::Sca],
    items: "`testcase` elements; one of a dependency without vulnerabilities passed",
    severity: "the word in the failure's message, else that of the CVSS score; unknown for those below `junitFailOnCVSS`",
    identity: "vulnerability, package and file",
    checked: "written from the tool's templates; no real file was at hand",
    detect: |shape| suites::is_called(shape, "dependency-check").into(),
    parse,
}];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    let failures = suites::cases(input, &mut reading, |case, suite| {
        let clean = case.attribute("classname") == Some("dependency-check") && case.children.is_empty();
        if clean { Vec::new() } else { vec![found(case, suite)] }
    })?;
    failures.all_there(TOOL, &mut reading);
    if failures.cases == 0 {
        reading.not_assessed("Dependency-Check found no dependencies to look at.");
    }
    reading.done()
}

fn found(case: &xml::Node<'_>, suite: &suites::Suite) -> Draft {
    let path =
        case.text_of("system-err").and_then(|t| t.strip_prefix("location:")).map_or(suite.name.as_str(), str::trim);
    let dependency = Dependency {
        file: suite.package.clone(),
        path: path.to_owned(),
        ids: case.attribute("name").map(str::to_owned).into_iter().collect(),
        ..Dependency::default()
    };
    // `cvssV3: CRITICAL, score: 9.8 (CVSS:3.1/AV:N/...)`, or `unscored severity: high`.
    let said = suites::failure(case).and_then(|f| f.attribute("message")).unwrap_or_default();
    let (kind, rest) = said.split_once(':').unwrap_or_default();
    let (word, score) = rest.split_once(", score:").unwrap_or((rest, ""));
    let (score, vector) = score.split_once('(').unwrap_or((score, ""));
    let vector = vector.trim_end().trim_end_matches(')').trim();
    let vector = match kind {
        "cvssV3" if vector.starts_with("AV:") || vector.starts_with('/') => {
            Some(format!("CVSS:3.1/{}", vector.trim_start_matches('/')))
        }
        _ => Some(vector.to_owned()).filter(|v| !v.is_empty()),
    };
    let skipped = case.child("skipped").map(|s| s.attribute("message").unwrap_or_default());
    let below = skipped.filter(|why| why.starts_with("score below"));
    let vulnerability = Vulnerability {
        name: case.attribute("classname").unwrap_or_default().to_owned(),
        severity: Some(word.trim().to_owned()).filter(|w| !w.is_empty()),
        description: case.text_of("system-out").map(str::to_owned),
        notes: skipped.map(str::to_owned),
        cvss: vec![(score.trim().parse().ok(), vector)],
        // What scores low is not suppressed: it only did not break the build.
        suppressed: skipped.is_some() && below.is_none(),
        ..Vulnerability::default()
    };
    let mut draft = draft(&dependency, &Component::of(&dependency), &vulnerability);
    draft.say("Limit", below);
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn cases_are_vulnerabilities_and_skipped_ones_are_not_lost() {
        let text = r#"<testsuites failures="1" name="dependency-check" tests="1">
          <testsuite failures="0" id="0" name="/w/ok.jar" package="ok.jar" skipped="0" tests="1"><testcase classname="dependency-check" name="ok.jar"/></testsuite>
          <testsuite failures="1" id="1" name="/w/log4j-core-2.14.1.jar" package="log4j-core-2.14.1.jar" skipped="2" tests="3">
            <testcase classname="CVE-2021-44228" name="pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1">
              <failure message="cvssV3: CRITICAL, score: 10.0 (CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H)"/>
              <system-out>JNDI is looked up.</system-out><system-err>location: /w/log4j-core-2.14.1.jar</system-err></testcase>
            <testcase classname="CVE-2020-9488" name="pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"><skipped message="score below 7.0"/></testcase>
            <testcase classname="CVE-2021-45105" name="pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"><skipped message="not used"/></testcase>
          </testsuite></testsuites>"#;
        let report = read("j", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.reason), ("dependency-check-junit", 4, None));
        let [shell, low, waived] = report.findings.as_slice() else { panic!("three findings") };
        assert_eq!((shell.severity, shell.place().as_str()), (Severity::Critical, "/w/log4j-core-2.14.1.jar"));
        let purl = "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1";
        assert_eq!(shell.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), purl);
        assert_eq!(shell.scores.as_ref().unwrap().cvss.as_ref().unwrap().raw(), "10.0");
        assert!(low.suppressed.is_none() && low.severity == Severity::Unknown);
        assert!(waived.suppressed.as_ref().unwrap().raw().contains("not used"));
        assert_eq!(read("j", b"<testsuites name='dependency-check'/>", None).status, ReportStatus::NotAssessed);
    }
}
