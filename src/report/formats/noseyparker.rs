//! Nosey Parker: `report --format json` and `jsonl`. A finding of it is one secret, with a match for each place.

use super::leak;
use crate::report::prelude::*;

const TOOL: &str = "noseyparker";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "noseyparker-json",
    title: "Nosey Parker JSON and JSON lines",
    classes: &[Class::Secret],
    items: "`matches` of all findings",
    severity: leak::SEVERITY,
    identity: "the tool's id of the finding with the path; else rule, path and secret",
    checked: "DefectDojo's parser (JSON lines); written from the tool's source (JSON, versions from 0.17)",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let first = leak::first(shape);
    let ours = first.has_all(&["rule_name", "matches"]);
    (ours && ["num_matches", "finding_id", "match_content", "groups"].iter().any(|k| first.has(k))).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Secret]);
    let mut left_out = 0_u32;
    for finding in leak::records(input)? {
        let matches = finding.results("matches")?;
        for place in matches {
            if !place.is_object() {
                return Err(Unreadable(format!("A match has to be an object, and is {}.", place.kind())));
            }
            reading.add(draft(&finding, place));
        }
        if matches.is_empty() {
            reading.add(draft(&finding, &Node::Null));
        }
        let listed = u32::try_from(matches.len()).unwrap_or(u32::MAX);
        left_out = left_out.saturating_add(finding.get("num_matches").number().unwrap_or(0).saturating_sub(listed));
    }
    if left_out > 0 {
        reading.remark(format!("Nosey Parker left out {left_out} further places of its findings (--max-matches)."));
    }
    reading.done()
}

fn draft(finding: &Node<'_>, place: &Node<'_>) -> Draft {
    let rule = finding.get("rule_text_id").text().or(finding.get("rule_name").text()).unwrap_or_default();
    let mut draft = leak::draft(rule, false);
    finding.get("rule_name").text().unwrap_or(rule).clone_into(&mut draft.title);
    draft.detail.clone_from(&draft.title);
    whereabouts(&mut draft, place.get("provenance").items());
    let start = place.at("location.source_span.start");
    draft.line = start.get("line").number();
    draft.column = start.get("column").number();
    let content = [place.get("match_content"), finding.get("match_content"), place.at("snippet.matching")];
    leak::quote(&mut draft, content.into_iter().find_map(Node::text));
    let around = ["snippet.before", "snippet.matching", "snippet.after"].map(|k| match place.at(k) {
        Node::Text(text) => text.as_ref(),
        _ => "",
    });
    draft.context = Some(around.concat());
    leak::identify(&mut draft, finding.get("finding_id").text());
    let said = [place.get("status"), place.get("statuses"), finding.get("status"), finding.get("statuses")];
    let said = said.into_iter().find_map(|s| s.texts().next());
    let comment = [place.get("comment"), finding.get("comment")].into_iter().find_map(Node::text);
    draft.say("Comment", comment);
    if said.is_some_and(|s| s.eq_ignore_ascii_case("reject")) {
        draft.suppressed = Some(comment.map_or_else(|| "Rejected in Nosey Parker.".to_owned(), str::to_owned));
    }
    draft
}

/// The path in the repository, where the history was scanned; else that of the file. Old versions give one place only.
fn whereabouts(draft: &mut Draft, provenance: &[Node<'_>]) {
    for from in provenance {
        let commit = [from.get("first_commit"), from.get("commit_provenance")].into_iter().find(|c| c.is_object());
        if let Some(commit) = commit {
            let about = commit.get("commit_metadata");
            let author = about.get("author_name").text();
            leak::commit(draft, about.get("commit_id").text(), author, about.get("author_timestamp").text());
            draft.path = commit.get("blob_path").owned();
        }
    }
    let mut files = provenance.iter().filter(|p| p.get("kind").text() != Some("git_repo"));
    let file = files.find_map(|p| [p.get("path"), p.at("payload.path")].into_iter().find_map(Node::text));
    draft.path = draft.path.take().or_else(|| file.map(str::to_owned));
    if draft.path.is_none() {
        let repository = provenance.iter().find_map(|p| p.get("repo_path").text().or(p.get("path").text()));
        draft.logical = repository.map(str::to_owned);
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::report::read;

    const FINDING: &str = r#"{"finding_id": "f00d", "rule_name": "Generic Password", "rule_text_id": "np.generic.5", "groups": ["eA=="],
        "num_matches": 3, "statuses": [], "comment": null, "matches": [
        {"provenance": [{"kind": "file", "path": "./a/b.json"}], "location": {"source_span": {"start": {"line": 10, "column": 2}}},
         "snippet": {"before": "x ", "matching": "pw\":\"s3cr;t!\"", "after": " y"}, "status": null},
        {"provenance": [{"kind": "git_repo", "repo_path": "./.git", "first_commit": {"commit_metadata": {"commit_id": "c9"},
         "blob_path": "a/c.json"}}], "location": {"source_span": {"start": {"line": 4, "column": 2}}}, "status": "reject",
         "comment": "test data", "snippet": {"before": "", "matching": "pw\":\"s3cr;t!\"", "after": ""}}]}"#;

    #[test]
    fn each_match_is_a_finding_in_lists_and_lines() {
        for text in [FINDING.to_owned(), format!("[{FINDING}]"), format!("{FINDING}\n{FINDING}\n")] {
            let report = read("r", text.as_bytes(), None);
            assert_eq!((report.format, report.findings.len()), ("noseyparker-json", 2), "{:?}", report.reason);
            assert!(report.reason.as_ref().unwrap().raw().contains("further places"));
            let of = |place: &str| report.findings.iter().find(|f| f.place() == place).unwrap();
            assert_eq!(of("a/b.json:10").rule.raw(), "np.generic.5");
            assert_eq!(of("a/b.json:10").sources[0].native_id.as_ref().unwrap().raw(), "f00d:a/b.json");
            assert_eq!(of("a/c.json:4").suppressed.as_ref().unwrap().raw(), "test data");
            assert!(!format!("{:?}", report.findings).contains("s3cr;t"));
        }
        let wrong = FINDING.replace("\"matches\": [", "\"matches\": [1, ");
        assert_eq!(read("r", wrong.as_bytes(), None).status, ReportStatus::Error);
        let missing = r#"{"rule_name": "x", "num_matches": 1, "matches": null}"#;
        assert_eq!(read("r", missing.as_bytes(), None).status, ReportStatus::Error);
    }
}
