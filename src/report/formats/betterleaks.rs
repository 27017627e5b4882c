//! Betterleaks JSON and JSON lines, version 2. What version 1 and `--legacy` write is Gitleaks' format.

use super::leak;
use crate::report::prelude::*;

const TOOL: &str = "betterleaks";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "betterleaks-json",
    title: "Betterleaks JSON, version 2",
    classes: &[Class::Secret],
    items: "elements of the list or of `findings`, or lines",
    severity: leak::SEVERITY,
    identity: "rule, path and secret",
    checked: "written from the tool's source; no real file was at hand",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let first = leak::first(shape);
    let scan = first.has("betterleaks_version") || first.at("scan").has("betterleaks_version");
    (first.has_all(&["ruleID", "secret", "location"]) || scan).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Secret]);
    for record in leak::records(input)? {
        let scan = if record.has("betterleaks_version") { &record } else { record.get("scan") };
        if scan.is_object() {
            reading.version(scan.get("betterleaks_version").text());
            if scan.get("state").text() == Some("incomplete") {
                reading.not_assessed("Betterleaks did not finish its scan.");
            } else if scan.get("bytes_scanned").number() == Some(0) {
                reading.not_assessed("Betterleaks found nothing to look at.");
            }
        }
        if record.has("ruleID") {
            reading.add(draft(&record));
        } else if record.has("findings") || !scan.is_object() {
            for finding in record.results_or_none("findings")? {
                if !finding.is_object() {
                    return Err(Unreadable(format!("A finding has to be an object, and is {}.", finding.kind())));
                }
                reading.add(draft(finding));
            }
        }
    }
    reading.done()
}

fn draft(record: &Node<'_>) -> Draft {
    let status = record.at("validation.status").text();
    let mut draft = leak::draft(record.get("ruleID").or_empty(), status == Some("valid"));
    record.get("description").text().unwrap_or(&draft.rule).clone_into(&mut draft.title);
    draft.detail.clone_from(&draft.title);
    let attributes = record.get("attributes");
    let attribute = |key: &str| attributes.get(key).text();
    leak::commit(&mut draft, attribute("git.sha"), attribute("git.author_name"), attribute("git.date"));
    draft.say("Validation", status);
    draft.path = attribute("path").map(str::to_owned);
    draft.url = attribute("url").map(str::to_owned);
    if draft.path.is_none() {
        draft.logical = attribute("url").or_else(|| attribute("resource")).map(str::to_owned);
    }
    draft.line = record.at("location.startLine").number();
    draft.column = record.at("location.startColumn").number();
    leak::quote(&mut draft, record.get("secret").text());
    draft.context = record.get("matchContext").owned().or_else(|| record.get("match").owned());
    draft.confidence = record.get("confidence").owned();
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    const LEAK: &str = r#"{"ruleID": "pypi-token", "description": "A token.", "confidence": "High", "match": "t: pypi-AgEIcHlwaS5v",
        "secret": "pypi-AgEIcHlwaS5v", "attributes": {"path": "ci/up.sh", "git.sha": "ef56"}, "tags": [],
        "location": {"startLine": 3, "endLine": 3, "startColumn": 4, "endColumn": 9}, "validation": {"status": "valid"}}"#;

    #[test]
    fn findings_are_read_from_lists_lines_and_envelopes() {
        let scan = r#"{"state": "complete", "betterleaks_version": "2.1.0", "bytes_scanned": 9}"#;
        for text in [
            format!("[{LEAK}]"),
            format!("{LEAK}\n"),
            format!("{{\"scan\": {scan}, \"findings\": [{LEAK}]}}"),
            format!("{{\"scan\": {scan}}}\n{LEAK}\n"),
        ] {
            let report = read("r", text.as_bytes(), None);
            assert_eq!((report.format, report.raw_items), ("betterleaks-json", 1), "{text} {:?}", report.reason);
            let f = &report.findings[0];
            assert_eq!(
                (f.severity, f.rule.raw(), f.place().as_str()),
                (Severity::Critical, "pypi-token", "ci/up.sh:3")
            );
            assert_eq!(f.context.as_ref().unwrap().raw(), "t: pyp********");
        }
        let incomplete = format!("{{\"scan\": {}, \"findings\": []}}", scan.replace("complete", "incomplete"));
        assert_eq!(read("r", incomplete.as_bytes(), None).status, ReportStatus::NotAssessed);
        let wrong = format!("{{\"scan\": {scan}, \"findings\": {{}}}}");
        assert_eq!(read("r", wrong.as_bytes(), None).status, ReportStatus::Error);
    }
}
