//! njsscan JSON: `njsscan --json`. A rule has one finding for each place in `files`; a control that is missing has none.

use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "njsscan-json",
    title: "njsscan JSON",
    classes: &[Class::Sast],
    items: "`files` of all rules in `nodejs` and `templates`; a rule without files is one",
    severity: "`severity` (ERROR is high, WARNING medium, INFO low)",
    identity: "rule, path and code",
    checked: "the SARIF of the same runs of njsscan 1.0",
    detect: |shape| (shape.has(&["njsscan_version"]) && (shape.has(&["nodejs"]) || shape.has(&["templates"]))).into(),
    parse,
}];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    // So it calls itself in SARIF.
    let mut reading = Reading::new(input, "nodejsscan", &[Class::Sast]);
    reading.version(doc.get("njsscan_version").text());
    for kind in ["nodejs", "templates"] {
        for (rule, found) in doc.get(kind).entries() {
            let files = found.object()?.results_or_none("files")?;
            if files.is_empty() {
                reading.add(draft(rule, found.get("metadata"), &Node::Null));
            }
            for file in files {
                reading.add(draft(rule, found.get("metadata"), file.object()?));
            }
        }
    }
    let failed = doc.get("errors").items().len();
    if failed > 0 {
        reading.incomplete(format!("njsscan met {failed} errors while it looked."));
    }
    reading.done()
}

fn draft(rule: &str, about: &Node<'_>, file: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Sast);
    rule.clone_into(&mut draft.rule);
    let said = about.get("description").text().unwrap_or(rule);
    said.clone_into(&mut draft.title);
    draft.say("", Some(said));
    draft.severity = match about.get("severity").or_empty() {
        "ERROR" => Severity::High,
        "WARNING" => Severity::Medium,
        "INFO" => Severity::Low,
        other => words::severity(other).unwrap_or(Severity::Unknown),
    };
    draft.say("OWASP", about.get("owasp-web").text());
    draft.cwe = words::cwe_numbers(about.get("cwe").or_empty());
    draft.path = file.get("file_path").owned();
    draft.line = file.at("match_lines.0").number();
    draft.column = file.at("match_position.0").number();
    draft.snippet = file.get("match_string").owned();
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn each_place_of_a_rule_is_a_finding() {
        let text = r#"{"errors": [], "njsscan_version": "1.0.2", "nodejs": {"eval_nodejs": {"files": [
            {"file_path": "js/a.js", "match_lines": [5, 6], "match_position": [3, 20], "match_string": "eval(x);"},
            {"file_path": "js/b.js", "match_lines": [7, 7], "match_position": [1, 9], "match_string": "eval(y);"}],
            "metadata": {"cwe": "CWE-95: Eval", "description": "Eval of input.", "severity": "ERROR", "owasp-web": "A1"}},
          "helmet_missing": {"metadata": {"description": "No helmet.", "severity": "INFO", "cwe": "cwe-693"}}}, "templates": {}}"#;
        let report = read("n", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("njsscan-json", 3));
        let f = &report.findings[0];
        assert_eq!((f.severity, f.place().as_str(), f.cwe.as_slice()), (Severity::High, "js/a.js:5", &[95][..]));
        assert_eq!((report.findings[2].rule.raw(), report.findings[2].severity), ("helmet_missing", Severity::Low));
        let clean = r#"{"errors": [], "njsscan_version": "1.0.2", "nodejs": {}, "templates": {}}"#;
        assert_eq!(read("n", clean.as_bytes(), None).status, ReportStatus::Empty);
        let broken = clean.replace("[]", "[{\"message\": \"Syntax error\"}]");
        assert_eq!(read("n", broken.as_bytes(), None).status, ReportStatus::NotAssessed);
    }
}
