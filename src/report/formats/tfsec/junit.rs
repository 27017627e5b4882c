//! tfsec's JUnit XML: `tfsec -f junit`. The place is the first line of a failure, the link its last.

use super::TOOL;
use crate::report::formats::suites;
use crate::report::prelude::*;

pub(super) const JUNIT: Format = Format {
    name: "tfsec-junit",
    title: "tfsec JUnit XML",
    classes: &[Class::Iac],
    items: "`testcase` elements, passed ones too",
    severity: "the second word in brackets of the case's name",
    identity: "rule, path and code; the rule is the long name that CSV and JSON have beside the id",
    checked: "written from the tool's source; no real file was at hand",
    detect: |shape| {
        // The suite is called by the name of the program, whatever that was.
        let mut cases = shape.head.split("<testcase ").skip(1).take(1);
        (suites::is_called(shape, TOOL) || shape.root("testsuite") && cases.any(like)).into()
    },
    parse,
};

/// Whether a case is called `[aws-s3-encrypt][HIGH] - A bucket without encryption`.
fn like(case: &str) -> bool {
    let name = case.split_once(" name=\"").and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default();
    named(name).is_some_and(|(_, word, _)| words::severity(word).is_some())
}

/// The rule, the severity and the title.
fn named(name: &str) -> Option<(&str, &str, &str)> {
    let (rule, rest) = suites::bracketed(name)?;
    let (word, rest) = suites::bracketed(rest)?;
    Some((rule, word, rest.strip_prefix("- ")?))
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Iac]);
    // It counts as failures what it ignored, too, and leaves it out: nothing follows from the number.
    suites::cases(input, &mut reading, |case, _| draft(case).into_iter().collect())?;
    reading.done()
}

fn draft(case: &xml::Node<'_>) -> Option<Draft> {
    let failure = suites::failure(case)?;
    let name = case.attribute("name").unwrap_or_default();
    let (rule, word, title) = named(name).unwrap_or((name, "", name));
    let mut draft = Draft::new(Class::Iac);
    draft.rated(Some(word));
    rule.clone_into(&mut draft.rule);
    title.clone_into(&mut draft.title);
    draft.say("", failure.attribute("message"));
    draft.path = case.attribute("classname").map(str::to_owned);
    let text = failure.text.trim();
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let range = first.rsplit_once(':').map(|(_, range)| range.trim()).unwrap_or_default();
    draft.line = range.split('-').next().and_then(|n| n.parse().ok());
    let (code, last) = rest.trim_end().rsplit_once('\n').unwrap_or(("", rest.trim()));
    let is_link = last.trim().starts_with("http");
    draft.url = is_link.then(|| last.trim().to_owned());
    draft.snippet =
        Some(if is_link { code } else { rest }.trim_matches('\n').to_owned()).filter(|c| !c.trim().is_empty());
    Some(draft)
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn failures_are_findings_with_their_place_and_code() {
        let text = r#"<testsuite name="scan" failures="2" tests="2"><testcase classname="src/main.tf" name="[aws-s3-encrypt][HIGH] - No encryption" time="0">
          <failure message="No encryption" type="">src/main.tf:5-7
resource "aws_s3_bucket" "b" {
}

https://t.example/s3
</failure></testcase><testcase classname="b.tf" name="[aws-x][LOW] - fine" time="0"></testcase></testsuite>"#;
        let report = read("t", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("tfsec-junit", 2, 1));
        let f = &report.findings[0];
        assert_eq!((f.rule.raw(), f.severity, f.title.raw()), ("aws-s3-encrypt", Severity::High, "No encryption"));
        assert_eq!((f.place().as_str(), f.url.as_ref().unwrap().raw()), ("src/main.tf:5", "https://t.example/s3"));
        assert!(f.snippet.as_ref().unwrap().raw().starts_with("resource \"aws_s3_bucket\""));
        let clean = read("t", b"<testsuite name='tfsec' failures='0' tests='0'></testsuite>", None);
        assert_eq!((clean.format, clean.status), ("tfsec-junit", ReportStatus::Empty));
    }
}
