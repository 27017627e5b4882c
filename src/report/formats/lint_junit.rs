//! JUnit XML in the form that ESLint gave it, which Ruff, secretlint and others write too: a suite for each file, a case for
//! each message, called by the linter and its rule (`org.eslint.no-eval`).

use super::suites;
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "linter-junit",
    title: "JUnit XML of ESLint, of those that use its formatters (secretlint), and of Ruff",
    classes: &[Class::Sast],
    items: "`testcase` elements; one of a file without messages passed",
    severity: "the word before the message, else the property `severity`: `error` is high, `warning` medium",
    identity: "rule, path and line",
    checked: "runs of ESLint 9 and Ruff 0.17 in JSON and SARIF",
    detect: |shape| {
        // Tests of Java have packages that begin with `org.` as well.
        let own =
            |linter: &str| ['"', '\''].iter().any(|q| shape.head.contains(&format!(" package={q}org.{linter}{q}")));
        (suites::is_junit(shape) && ["eslint", "ruff"].into_iter().any(own)).into()
    },
    parse,
}];

/// The rule of a file that could not be parsed, as the reader of ESLint's JSON calls it.
const UNPARSED: &str = "parse-error";

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    // The linter has to be known before the first finding.
    let package = [" package=\"org.", " package='org."].into_iter().find_map(|p| input.text.split_once(p));
    let linter = package.and_then(|(_, rest)| rest.split(['"', '\'']).next()).unwrap_or_default();
    let mut reading = Reading::new(input, title(linter), &[Class::Sast]);
    let mut broken = 0_u32;
    let failures = suites::cases(input, &mut reading, |case, suite| {
        let draft = draft(case, suite, linter);
        broken += u32::from(draft.as_ref().is_some_and(|d| d.rule == UNPARSED));
        draft.into_iter().collect()
    })?;
    failures.all_there(title(linter), &mut reading);
    if broken > 0 {
        reading.remark(format!("{broken} files could not be parsed."));
    }
    if failures.cases == 0 {
        reading.not_assessed("No file was looked at: the report has no test case.");
    }
    reading.done()
}

/// The linter's name, as it writes it itself.
fn title(name: &str) -> &str {
    match name {
        "eslint" => "ESLint",
        "ruff" => "Ruff",
        other => other,
    }
}

fn draft(case: &xml::Node<'_>, suite: &suites::Suite, tool: &str) -> Option<Draft> {
    let failure = suites::failure(case)?;
    let mut draft = Draft::new(Class::Sast);
    let name = case.attribute("name").unwrap_or_default();
    let rule = name.strip_prefix("org.").and_then(|n| n.strip_prefix(tool)).map_or(name, |r| r.trim_start_matches('.'));
    // What is no file that can be parsed has no rule.
    if rule == "unknown" { UNPARSED } else { rule }.clone_into(&mut draft.rule);
    draft.path = Some(suite.name.clone()).filter(|n| !n.is_empty());
    // line 3, col 5, Error - What is wrong. (rule)
    let mut parts = failure.text.trim().splitn(3, ", ");
    let mut number = |word: &str| parts.next().and_then(|p| p.strip_prefix(word)?.trim().parse().ok());
    let (line, column) = (number("line "), number("col "));
    let rest = parts.next().unwrap_or_default();
    let attribute = |name: &str| case.attribute(name).and_then(|n| n.parse().ok());
    draft.line = attribute("line").or(line).filter(|n| *n > 0);
    draft.column = attribute("column").or(column).filter(|n| *n > 0);
    let properties = || case.child("properties").into_iter().flat_map(|p| p.all("property"));
    let property = properties().find(|p| p.attribute("name") == Some("severity")).and_then(|p| p.attribute("value"));
    let word = rest.split_once(" - ").map(|(word, _)| word).or(property).unwrap_or_default();
    draft.severity = match word.to_ascii_lowercase().as_str() {
        "error" | "fatal" => Severity::High,
        "warning" => Severity::Medium,
        other => words::severity(other).unwrap_or(Severity::Unknown),
    };
    let said = failure.attribute("message").unwrap_or(rest);
    said.clone_into(&mut draft.title);
    draft.say("", Some(said));
    Some(draft)
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn messages_have_their_rule_and_place() {
        let eslint = r#"<testsuites><testsuite package="org.eslint" time="0" tests="1" errors="1" name="/w/a b.js">
          <testcase time="0" name="org.eslint.security/detect-eval" classname="/w/a b"><failure message="eval with x"><![CDATA[line 3, col 5, Warning - eval with x (security/detect-eval)]]></failure></testcase></testsuite>
          <testsuite package="org.eslint" time="0" tests="1" errors="0" name="/w/ok.js"><testcase time="0" name="/w/ok.js" classname="/w/ok" /></testsuite></testsuites>"#;
        let report = read("e", eslint.as_bytes(), None);
        assert_eq!(
            (report.format, report.tool.raw(), report.raw_items, report.findings.len()),
            ("linter-junit", "ESLint", 2, 1)
        );
        let f = &report.findings[0];
        assert_eq!(
            (f.rule.raw(), f.severity, f.place().as_str()),
            ("security/detect-eval", Severity::Medium, "/w/a b.js:3")
        );
        let ruff = r#"<testsuites name="ruff" tests="1" failures="1"><testsuite name="/w/bad.py" tests="1" failures="1" package="org.ruff">
          <testcase name="org.ruff.E401" classname="/w/bad" line="1" column="2"><properties><property name="severity" value="error"/></properties>
          <failure message="Multiple imports">line 1, col 2, Multiple imports</failure></testcase></testsuite></testsuites>"#;
        let report = read("r", ruff.as_bytes(), None);
        let f = &report.findings[0];
        assert_eq!((report.tool.raw(), f.rule.raw(), f.severity), ("Ruff", "E401", Severity::High));
        assert_eq!((f.place().as_str(), f.location.column), ("/w/bad.py:1", Some(2)));
    }

    #[test]
    fn tests_of_java_are_tests() {
        let ant = r#"<testsuites><testsuite name="PayTest" package="org.pay" tests="1" failures="0"><properties><property name="org.gradle.test" value="1"/></properties>
          <testcase classname="org.pay.PayTest" name="pays"/></testsuite></testsuites>"#;
        let report = read("t", ant.as_bytes(), None);
        assert_eq!((report.format, report.classes.len()), ("junit-xml", 0));
    }

    #[test]
    fn a_clean_file_is_clean_and_no_file_is_not_assessed() {
        let of = |inner: &str| {
            let text = format!(
                "<testsuites><testsuite package=\"org.eslint\" name=\"/w/ok.js\">{inner}</testsuite></testsuites>"
            );
            read("e", text.as_bytes(), None).status
        };
        assert_eq!(of("<testcase name=\"/w/ok.js\"/>"), ReportStatus::Empty);
        assert_eq!(of(""), ReportStatus::NotAssessed);
    }
}
