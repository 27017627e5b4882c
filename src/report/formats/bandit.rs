//! Bandit: `bandit -f json` and `-f yaml`, which say the same, `-f csv`, and `-f xml`, which is JUnit XML. Only the first two
//! have the code.

mod others;

use std::borrow::Cow;
use std::collections::HashSet;

use crate::report::prelude::*;
use crate::report::shape::Form;

const TOOL: &str = "Bandit";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "bandit-json",
        title: "Bandit JSON",
        classes: &[Class::Sast],
        items: "elements of `results`",
        severity: "`issue_severity`",
        identity: "test id, path and code",
        checked: "DefectDojo's parser, Bandit's own functional tests, and the same run in SARIF",
        detect,
        parse,
    },
    Format {
        name: "bandit-yaml",
        title: "Bandit YAML",
        classes: &[Class::Sast],
        items: "elements of `results`",
        severity: "`issue_severity`",
        identity: "test id, path and code",
        checked: "the JSON of the same run",
        detect: detect_yaml,
        parse: parse_yaml,
    },
    others::CSV,
    others::XML,
];

/// Semgrep's JSON has `results` and `errors` too, but no metrics. The first versions of Bandit had `stats` in their place.
fn detect(shape: &Shape<'_>) -> Fit {
    let first = shape.json().at("results.0");
    (shape.has(&["results", "metrics"]) && !shape.has(&["paths"])
        || shape.has(&["errors", "generated_at", "results", "stats"])
        || first.has_all(&["test_name", "issue_severity", "issue_confidence", "issue_text"]))
    .into()
}

/// The numbers of each file stand between the metrics and the results.
fn detect_yaml(shape: &Shape<'_>) -> Fit {
    let line = |wanted: &str| shape.head.lines().any(|l| l.starts_with(wanted));
    (matches!(shape.form, Form::Other | Form::Table(_))
        && line("generated_at: ")
        && line("metrics:")
        && line("errors:")
        && shape.head.contains("CONFIDENCE.UNDEFINED: "))
    .into()
}

fn parse_yaml(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    match yaml::documents(input.text)?.as_slice() {
        [doc] => {
            // It is the last key of a result, and a report that is cut off within one is YAML all the same.
            let torn = |r: &&Node<'_>| r.is_object() && !r.has("test_name");
            if let Some(result) = doc.get("results").items().iter().find(torn) {
                let place = crate::text::line(result.get("filename").or_empty()).into_owned();
                return Err(Unreadable(format!("A result has no \"test_name\" ({place}): the report is cut off.")));
            }
            if !input.text.ends_with('\n') {
                return Err(Unreadable("Its last line has no end: the report is cut off.".to_owned()));
            }
            of(input, doc)
        }
        all => Err(Unreadable(format!("Bandit writes one document of YAML, and these are {}.", all.len()))),
    }
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    of(input, &Node::parse(input.text)?)
}

fn of(input: &Input<'_>, doc: &Node<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Sast]);
    for result in doc.results("results")? {
        if !result.is_object() {
            return Err(Unreadable(format!("A result has to be an object, and is {}.", result.kind())));
        }
        reading.add(draft(result));
    }
    let failures: Vec<String> = doc
        .get("errors")
        .items()
        .iter()
        .map(|e| format!("{} ({})", e.get("filename").or_empty(), e.get("reason").or_empty()))
        .collect();
    if !failures.is_empty() {
        reading.remark(format!("Bandit could not look at {} files: {}.", failures.len(), failures.join(", ")));
    }
    if reading.items() == 0 && doc.get("metrics").get("_totals").get("loc").number() == Some(0) {
        reading.not_assessed(match failures.as_slice() {
            [] => "Bandit found no code to look at.".to_owned(),
            some => format!("Bandit could not look at {} files: {}.", some.len(), some.join(", ")),
        });
    }
    reading.done()
}

fn draft(result: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Sast);
    let (text, name) = (result.get("issue_text").text(), result.get("test_name").text());
    draft.rated(result.get("issue_severity").text());
    // The first versions had no ids.
    result.get("test_id").text().or(name).unwrap_or_default().clone_into(&mut draft.rule);
    text.or(name).unwrap_or_default().clone_into(&mut draft.title);
    draft.detail = match (text, name) {
        (Some(text), Some(name)) => format!("{text}\nTest: {name}."),
        (text, name) => text.or(name).unwrap_or_default().to_owned(),
    };
    draft.path = result.get("filename").owned();
    draft.line = result.get("line_number").number();
    // Bandit counts columns from 0.
    draft.column = result.get("col_offset").number().map(|c| c.saturating_add(1));
    draft.snippet = snippet(result);
    draft.cwe = result.at("issue_cwe.id").number().filter(|n| *n > 0).into_iter().collect();
    draft.confidence = result.get("issue_confidence").owned().filter(|c| !c.eq_ignore_ascii_case("undefined"));
    draft.url = result.get("more_info").owned();
    draft
}

/// The code that the issue is in: Bandit numbers its lines and adds some before and after.
fn snippet(result: &Node<'_>) -> Option<String> {
    let code = broken_into_lines(result.get("code").text()?);
    let wanted = result.get("line_number").number();
    let range: HashSet<u32> = result.get("line_range").items().iter().filter_map(Node::number).chain(wanted).collect();
    let numbered: Vec<(u32, &str)> = code
        .lines()
        .filter_map(|line| {
            let (number, rest) = line.trim_start().split_once([' ', '\t']).unwrap_or((line.trim(), ""));
            Some((number.parse().ok()?, rest))
        })
        .filter(|(n, _)| range.contains(n))
        .collect();
    if numbered.is_empty() {
        return Some(code.trim_end().to_owned());
    }
    Some(numbered.iter().map(|(_, text)| *text).collect::<Vec<_>>().join("\n"))
}

/// In YAML the code is one line, with a backslash and an `n` for each end of a line. The code may have the same in its texts;
/// an end of a line is where the number of the next one follows.
fn broken_into_lines(code: &str) -> Cow<'_, str> {
    let is_digit = |c: char| c.is_ascii_digit();
    let first = code.split(|c| !is_digit(c)).next().and_then(|n| n.parse::<u32>().ok());
    let (Some(mut number), false) = (first, code.trim_end().contains('\n')) else { return Cow::Borrowed(code) };
    let mut rest = code.strip_suffix("\\n").unwrap_or(code);
    let mut out = String::with_capacity(code.len());
    loop {
        number = number.saturating_add(1);
        let Some((line, after)) = rest.split_once(&format!("\\n{number} ")) else { break };
        out.push_str(&format!("{line}\n{number} "));
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn a_result_becomes_a_finding() {
        let text = r#"{"errors": [], "generated_at": "x", "metrics": {"_totals": {"loc": 12}}, "results": [{
            "code": "2 import os\n3 run(cmd,\n4     shell=True)\n5 x\n", "col_offset": 4, "filename": "./vuln/app.py",
            "issue_confidence": "HIGH", "issue_cwe": {"id": 78, "link": "l"}, "issue_severity": "HIGH",
            "issue_text": "shell=True identified.", "line_number": 3, "line_range": [3, 4],
            "more_info": "https://bandit.example/b602", "test_id": "B602", "test_name": "subprocess"}]}"#;
        let report = read("r.json", text.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("bandit-json", ReportStatus::Ok, 1));
        let f = &report.findings[0];
        assert_eq!((f.severity, f.rule.raw(), f.cwe.as_slice()), (Severity::High, "B602", &[78][..]));
        assert_eq!(f.place(), "vuln/app.py:3");
        assert_eq!(f.location.column, Some(5));
        assert_eq!(f.snippet.as_ref().unwrap().raw(), "run(cmd,\n    shell=True)");
        assert_eq!(f.confidence.as_ref().unwrap().raw(), "high");
    }

    /// What it is recognised by is of all of the code, however long, and of no line number.
    #[test]
    fn long_code_is_told_apart_to_its_end() {
        let blob = "x".repeat(70_000);
        let of = |first: usize, last: &str| {
            let code = format!("{first} DATA = '{blob}'\n{} run('{blob}{last}')\n", first + 1);
            let result = serde_json::json!({"code": code, "filename": "a.py", "issue_severity": "HIGH",
                "issue_text": "Run.", "line_number": first + 1, "line_range": [first + 1], "test_id": "B1"});
            let report = serde_json::json!({"errors": [], "metrics": {}, "results": [result]});
            let read = read("r.json", report.to_string().as_bytes(), None);
            (read.findings[0].fingerprint, read.findings[0].keys.clone())
        };
        assert_ne!(of(1, "a").0, of(1, "b").0, "they differ at the end only");
        assert_eq!(of(1, "a"), of(11, "a"), "ten lines more above change nothing");
    }

    #[test]
    fn yaml_is_read_as_json() {
        let metrics = "metrics:\n  _totals:\n    CONFIDENCE.UNDEFINED: 0\n    loc: 12\n";
        let empty = format!("errors: []\ngenerated_at: '2026-01-02T03:04:05Z'\n{metrics}results: []\n");
        let found = "results:\n- code: 2 import os\\n3 run('a\\n4')\\n4 \\n\n  col_offset: 4\n  filename: ./a.py\n  issue_confidence: HIGH\n  \
            issue_cwe:\n    id: 78\n  issue_severity: LOW\n  issue_text: Run\n    it.\n  line_number: 3\n  line_range:\n  - 3\n  test_id: B602\n  test_name: run\n";
        let report = read("r", empty.replace("results: []\n", found).as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("bandit-yaml", ReportStatus::Ok, 1));
        let f = &report.findings[0];
        assert_eq!((f.rule.raw(), f.severity, f.place().as_str()), ("B602", Severity::Low, "a.py:3"));
        assert_eq!((f.title.raw(), f.snippet.as_ref().unwrap().raw()), ("Run it.", "run('a\\n4')"));
        assert_eq!(read("r", empty.as_bytes(), None).status, ReportStatus::Empty);
        assert_eq!(read("r", empty.replace("loc: 12", "loc: 0").as_bytes(), None).status, ReportStatus::NotAssessed);
        let text = empty.replace("results: []\n", found);
        for torn in ["run\n", "n\n", "\n", "  test_name: run\n"].map(|cut| text.strip_suffix(cut).unwrap()) {
            let report = read("r", torn.as_bytes(), None);
            assert_eq!(report.status, ReportStatus::Error);
            assert!(report.reason.unwrap().raw().contains("cut off"));
        }
        for bad in [empty.replace("results: []", "results: {}"), format!("{empty}---\nresults: []\n")] {
            assert_eq!(read("r", bad.as_bytes(), None).status, ReportStatus::Error);
        }
    }

    #[test]
    fn no_code_is_not_a_clean_report() {
        let empty = r#"{"errors": [], "metrics": {"_totals": {"loc": 9}}, "results": []}"#;
        assert_eq!(read("r", empty.as_bytes(), None).status, ReportStatus::Empty);
        let nothing = r#"{"errors": [{"filename": "a.py", "reason": "syntax error"}],
            "metrics": {"_totals": {"loc": 0}}, "results": []}"#;
        let report = read("r", nothing.as_bytes(), None);
        assert_eq!(report.status, ReportStatus::NotAssessed);
        assert!(report.classes.is_empty());
        assert!(report.reason.unwrap().raw().contains("a.py (syntax error)"));
    }

    #[test]
    fn the_first_versions_have_neither_metrics_nor_ids() {
        let text = r#"{"errors": [], "generated_at": "x", "stats": [], "results": [{"code": "3 run(x)\n", "filename": "a.py",
            "issue_confidence": "LOW", "issue_severity": "MEDIUM", "issue_text": "Run.", "line_number": 3, "test_name": "run"}]}"#;
        for text in [text.to_owned(), text.replace(r#""stats": [],"#, "")] {
            let report = read("r.json", text.as_bytes(), None);
            assert_eq!((report.format, report.raw_items), ("bandit-json", 1));
            let f = &report.findings[0];
            assert_eq!((f.rule.raw(), f.severity, f.place().as_str()), ("run", Severity::Medium, "a.py:3"));
        }
    }

    #[test]
    fn results_of_another_type_are_an_error_and_not_nothing() {
        for results in ["null", "{}", "\"none\"", "[1]"] {
            let text = format!(r#"{{"metrics": {{}}, "results": {results}}}"#);
            let report = read("r", text.as_bytes(), None);
            assert_eq!(report.status, ReportStatus::Error, "{results}");
            assert!(report.reason.unwrap().raw().contains("has to be"));
        }
    }
}
