//! Bandit JSON: `bandit -f json`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::draft::Draft;
use super::lax::{self, Lax, List, Prose, Text};
use super::{Input, Parsed, Shape, Unreadable, words};
use crate::domain::finding::Class;
use crate::domain::severity::Severity;

const TOOL: &str = "Bandit";

#[derive(Debug, Deserialize)]
struct Doc {
    results: Vec<Outcome>,
    #[serde(default)]
    errors: List<Failure>,
    #[serde(default)]
    metrics: Lax<BTreeMap<String, Lax<Metrics>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Outcome {
    code: Text,
    col_offset: Text,
    filename: Text,
    issue_confidence: Text,
    issue_cwe: Lax<Weakness>,
    issue_severity: Text,
    issue_text: Prose,
    line_number: Text,
    line_range: List<Text>,
    more_info: Text,
    test_id: Text,
    test_name: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Weakness {
    id: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Failure {
    filename: Text,
    reason: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metrics {
    loc: Option<Text>,
}

/// Semgrep's JSON has `results` and `errors` too, but no metrics.
pub(super) fn detect(shape: &Shape) -> bool {
    shape.has(&["results", "metrics"]) && !shape.has(&["paths"])
}

pub(super) fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc: Doc = lax::json(input.text)?;
    let findings: Vec<_> = doc.results.iter().map(|r| draft(r).finish(input, TOOL, None)).collect();
    let lines = doc.metrics.0.get("_totals").and_then(|m| m.0.loc.as_ref()?.number());
    let failures: Vec<String> =
        doc.errors.0.iter().map(|e| format!("{} ({})", e.filename.or_empty(), e.reason.or_empty())).collect();
    let failed = (!failures.is_empty())
        .then(|| format!("Bandit could not look at {} files: {}.", failures.len(), failures.join(", ")));
    let nothing = findings.is_empty() && lines == Some(0);
    Ok(Parsed {
        tool: TOOL.to_owned(),
        tool_version: None,
        classes: vec![Class::Sast],
        raw_items: u32::try_from(doc.results.len()).unwrap_or(u32::MAX),
        findings,
        not_assessed: nothing.then(|| failed.clone().unwrap_or_else(|| "Bandit found no code to look at.".to_owned())),
        remark: failed,
    })
}

fn draft(result: &Outcome) -> Draft {
    let mut draft = Draft::new(Class::Sast);
    draft.severity = result.issue_severity.get().and_then(words::severity).unwrap_or(Severity::Unknown);
    result.test_id.or_empty().clone_into(&mut draft.rule);
    draft.title = match (result.issue_text.get(), result.test_name.get()) {
        (Some(text), _) => text.to_owned(),
        (None, name) => name.unwrap_or_default().to_owned(),
    };
    draft.detail = match (result.issue_text.get(), result.test_name.get()) {
        (Some(text), Some(name)) => format!("{text}\nTest: {name}."),
        (text, name) => text.or(name).unwrap_or_default().to_owned(),
    };
    draft.path = result.filename.owned();
    draft.line = result.line_number.number();
    // Bandit counts columns from 0.
    draft.column = result.col_offset.number().map(|c| c.saturating_add(1));
    draft.snippet = snippet(result);
    draft.cwe = result.issue_cwe.0.id.number().filter(|n| *n > 0).into_iter().collect();
    draft.confidence = result.issue_confidence.owned().filter(|c| !c.eq_ignore_ascii_case("undefined"));
    draft.url = result.more_info.owned();
    draft
}

/// The code that the issue is in: Bandit numbers its lines and adds some before and after.
fn snippet(result: &Outcome) -> Option<String> {
    let code = result.code.get()?;
    let wanted = result.line_number.number();
    let range: Vec<u32> = result.line_range.0.iter().filter_map(Text::number).chain(wanted).collect();
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
    fn results_of_another_type_are_an_error_and_not_nothing() {
        for results in ["null", "{}", "\"none\"", "[1]"] {
            let text = format!(r#"{{"metrics": {{}}, "results": {results}}}"#);
            let report = read("r", text.as_bytes(), None);
            assert_eq!(report.status, ReportStatus::Error, "{results}");
            assert!(report.reason.unwrap().raw().contains("line 1 column"));
        }
    }
}
