//! Bandit's CSV and its JUnit XML: the same issues as in the JSON, without the code.

use super::TOOL;
use crate::report::prelude::*;

pub(super) const CSV: Format = Format {
    name: "bandit-csv",
    title: "Bandit CSV",
    classes: &[Class::Sast],
    items: "rows",
    severity: "`issue_severity`",
    identity: "test id, path and text",
    checked: "the JSON of the same run",
    detect: detect_csv,
    parse: parse_csv,
};

pub(super) const XML: Format = Format {
    name: "bandit-xml",
    title: "Bandit JUnit XML",
    classes: &[Class::Sast],
    items: "`testcase` elements",
    severity: "`type` of the error",
    identity: "test id, path and text",
    checked: "the JSON of the same run, and Bandit's own functional tests",
    detect: detect_xml,
    parse: parse_xml,
};

fn detect_csv(shape: &Shape<'_>) -> Fit {
    shape.columns(&["filename", "test_name", "test_id", "issue_severity", "issue_confidence", "issue_text"]).into()
}

fn detect_xml(shape: &Shape<'_>) -> Fit {
    shape.xml().is_some_and(|x| x.root == "testsuite" && x.attribute("name") == Some("bandit")).into()
}

fn parse_csv(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Sast]);
    for row in table::read(input.text)?.iter() {
        let issue = Issue {
            path: row.or_empty("filename"),
            line: row.number("line_number"),
            test: row.or_empty("test_id"),
            name: row.or_empty("test_name"),
            severity: row.or_empty("issue_severity"),
            confidence: row.or_empty("issue_confidence"),
            text: row.or_empty("issue_text"),
            url: row.or_empty("more_info"),
        };
        let mut draft = issue.draft();
        draft.column = row.number("col_offset").map(|c| c.saturating_add(1));
        // A link to the weakness; its last number is the weakness.
        let digits = row.or_empty("issue_cwe").split(|c: char| !c.is_ascii_digit());
        draft.cwe = digits.filter_map(|d| d.parse().ok()).next_back().filter(|n| *n > 0).into_iter().collect();
        reading.add(draft);
    }
    reading.done()
}

fn parse_xml(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Sast]);
    xml::walk(input.text, &["testcase"], |part| {
        if let Part::Whole(case) = part {
            let failed = ["error", "failure"].iter().find_map(|n| case.child(n));
            match failed {
                Some(error) => reading.add(of_case(&case, error)),
                None => reading.passed(1),
            }
        }
    })?;
    reading.done()
}

fn of_case(case: &xml::Node, error: &xml::Node) -> Draft {
    let lines: Vec<&str> = error.text.lines().map(str::trim).collect();
    let after = |word: &str| {
        let found = lines.iter().find_map(|l| l.split_once(word))?;
        found.1.split_whitespace().next()
    };
    let place = lines.iter().rev().find_map(|l| l.strip_prefix("Location "));
    let (path, line) = place.and_then(|p| p.rsplit_once(':')).unwrap_or_default();
    let issue = Issue {
        path: case.attribute("classname").unwrap_or(path),
        line: line.parse().ok(),
        test: after("Test ID:").unwrap_or_default(),
        name: case.attribute("name").unwrap_or_default(),
        severity: error.attribute("type").or(after("Severity:")).unwrap_or_default(),
        confidence: after("Confidence:").unwrap_or_default(),
        text: error.attribute("message").unwrap_or_default(),
        url: error.attribute("more_info").unwrap_or_default(),
    };
    let mut draft = issue.draft();
    draft.cwe = lines.iter().find(|l| l.starts_with("CWE:")).map(|l| words::cwe_numbers(l)).unwrap_or_default();
    draft
}

/// An issue as both formats have it.
struct Issue<'t> {
    path: &'t str,
    line: Option<u32>,
    test: &'t str,
    name: &'t str,
    severity: &'t str,
    confidence: &'t str,
    text: &'t str,
    url: &'t str,
}

impl Issue<'_> {
    fn draft(&self) -> Draft {
        let some = |t: &str| Some(t.to_owned()).filter(|t| !t.is_empty());
        let mut draft = Draft::new(Class::Sast);
        draft.rated(Some(self.severity));
        if self.test.is_empty() { self.name } else { self.test }.clone_into(&mut draft.rule);
        if self.text.is_empty() { self.name } else { self.text }.clone_into(&mut draft.title);
        draft.detail = match (self.text, self.name) {
            (text, "") => text.to_owned(),
            ("", name) => name.to_owned(),
            (text, name) => format!("{text}\nTest: {name}."),
        };
        draft.path = some(self.path);
        draft.line = self.line;
        draft.confidence = some(self.confidence).filter(|c| !c.eq_ignore_ascii_case("undefined"));
        draft.url = some(self.url);
        draft
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn one_issue_is_the_same_in_csv_and_in_xml() {
        let csv = "filename,test_name,test_id,issue_severity,issue_confidence,issue_cwe,issue_text,line_number,col_offset,more_info\n\
            a/b.py,try_except_pass,B110,LOW,HIGH,https://cwe.example/703.html,\"Try, except, pass.\",7,4,https://b.example\n";
        let xml = r#"<testsuite name="bandit" tests="1"><testcase classname="./a/b.py" name="try_except_pass"><error type="LOW"
            more_info="https://b.example" message="Try, except, pass.">Test ID: B110 Severity: LOW Confidence: HIGH
            CWE: CWE-703 (https://cwe.example/703.html)
            Try, except, pass.
            Location ./a/b.py:7</error></testcase></testsuite>"#;
        let (csv, xml) = (read("b.csv", csv.as_bytes(), None), read("b.xml", xml.as_bytes(), None));
        assert_eq!((csv.format, xml.format, csv.raw_items, xml.raw_items), ("bandit-csv", "bandit-xml", 1, 1));
        let (csv, xml) = (&csv.findings[0], &xml.findings[0]);
        assert_eq!((csv.rule.raw(), csv.severity, csv.place()), ("B110", Severity::Low, "a/b.py:7".to_owned()));
        assert_eq!(
            (&csv.keys, &csv.cwe, &csv.confidence, &csv.detail),
            (&xml.keys, &xml.cwe, &xml.confidence, &xml.detail)
        );
        assert_eq!(csv.cwe, [703]);
    }

    #[test]
    fn no_issue_is_a_clean_report_and_a_torn_one_an_error() {
        let xml = "<testsuite name='bandit' tests='0'></testsuite>";
        assert_eq!(read("b", xml.as_bytes(), None).status, ReportStatus::Empty);
        assert_eq!(read("b", b"<testsuite name='bandit'><testcase>", None).status, ReportStatus::Error);
    }
}
