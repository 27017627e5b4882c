//! Kingfisher JSON and JSON lines: records of a rule and a finding, in a list, in an envelope, or one a line.

use super::leak;
use crate::report::prelude::*;

const TOOL: &str = "kingfisher";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "kingfisher-json",
    title: "Kingfisher JSON and JSON lines",
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
    let record = |node: &Node<'_>| node.at("rule").has("id") && node.at("finding").has_all(&["snippet", "fingerprint"]);
    let envelope = first.has_all(&["findings", "metadata"]) && shape.head.contains("\"kingfisher");
    (record(first) || record(first.at("findings.0")) || envelope).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Secret]);
    let records = leak::records(input)?;
    for record in &records {
        let metadata = record.get("metadata");
        reading.version(metadata.get("kingfisher_version").text());
        let scanned = [metadata.get("blobs_scanned"), metadata.at("summary.blobs_scanned")];
        if scanned.iter().any(|n| n.number() == Some(0)) {
            reading.not_assessed("Kingfisher found nothing to look at.");
        }
        if record.has("finding") {
            reading.add(draft(record)?);
        } else if record.has("findings") {
            for inner in record.results("findings")? {
                reading.add(draft(inner)?);
            }
        } else if !record.has("access_map") && !record.has("audit") {
            return Err(Unreadable("A record has neither a finding nor findings.".to_owned()));
        }
    }
    reading.done()
}

fn draft(record: &Node<'_>) -> Result<Draft, Unreadable> {
    let (rule, finding) = (record.get("rule"), record.get("finding"));
    if !finding.is_object() {
        return Err(Unreadable(format!("\"finding\" has to be an object, and is {}.", finding.kind())));
    }
    let status = finding.at("validation.status").text();
    let works = status.is_some_and(|s| s.to_ascii_lowercase().starts_with("active"));
    let mut draft = leak::draft(rule.get("id").text().or(rule.get("name").text()).unwrap_or_default(), works);
    rule.get("description").text().or(rule.get("name").text()).unwrap_or_default().clone_into(&mut draft.title);
    draft.detail.clone_from(&draft.title);
    draft.say("Validation", status);
    let git = finding.get("git_metadata");
    let committer = git.at("commit.committer.name").text();
    leak::commit(&mut draft, git.at("commit.id").text(), committer, git.at("commit.date").text());
    draft.path = git.at("file.path").owned().or_else(|| finding.get("path").owned());
    draft.line = finding.get("line").number();
    draft.column = finding.get("column_start").number();
    leak::quote(&mut draft, finding.get("snippet").text());
    draft.confidence = finding.get("confidence").owned();
    draft.url = git.at("file.url").owned();
    Ok(draft)
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    const LEAK: &str = r#"{"rule": {"name": "GitHub Token", "id": "kingfisher.github.1"}, "finding": {"snippet": "ghp_0123456789abcdef",
        "fingerprint": "123", "confidence": "medium", "entropy": "4.2", "validation": {"status": "Active Credential", "response": "ok"},
        "language": "Python", "line": 4, "column_start": 2, "column_end": 9, "path": "./repo/app.py",
        "git_metadata": {"commit": {"id": "99aa"}, "file": {"path": "app.py"}}}}"#;

    #[test]
    fn findings_are_read_from_lists_lines_and_envelopes() {
        for text in [
            format!("[{LEAK}]"),
            format!("{LEAK}\n{{\"access_map\": []}}\n"),
            format!("{{\"findings\": [{LEAK}], \"metadata\": {{\"kingfisher_version\": \"1.9\"}}}}\n"),
        ] {
            let report = read("r", text.as_bytes(), None);
            assert_eq!((report.format, report.raw_items), ("kingfisher-json", 1), "{text} {:?}", report.reason);
            let f = &report.findings[0];
            assert_eq!(
                (f.severity, f.rule.raw(), f.place().as_str()),
                (Severity::Critical, "kingfisher.github.1", "app.py:4")
            );
            assert_eq!(f.snippet.as_ref().unwrap().raw(), "ghp********");
        }
        let clean = r#"{"findings": [], "metadata": {"kingfisher_version": "1.9", "summary": {"blobs_scanned": 4}}}"#;
        assert_eq!(read("r", clean.as_bytes(), None).status, ReportStatus::Empty);
        assert_eq!(read("r", clean.replace(": 4", ": 0").as_bytes(), None).status, ReportStatus::NotAssessed);
        assert_eq!(read("r", clean.replace("[]", "null").as_bytes(), None).status, ReportStatus::Error);
    }
}
