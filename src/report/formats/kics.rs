//! KICS JSON: `kics scan --report-formats json`. A query has one finding for each place in `files`.

mod junit;

use crate::report::prelude::*;

const TOOL: &str = "KICS";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "kics-json",
        title: "KICS JSON",
        classes: &[Class::Iac, Class::Secret],
        items: "`files` of all `queries`",
        severity: "`severity` of the query; `TRACE` is info",
        identity: "`similarity_id`",
        checked: "DefectDojo's parser",
        detect,
        parse,
    },
    junit::JUNIT,
];

fn detect(shape: &Shape<'_>) -> Fit {
    let counted = ["files_scanned", "kics_version", "queries_total"].iter().any(|k| shape.has(&[k]));
    let first = shape.json().at("queries.0");
    (shape.has(&["queries"]) && (counted || first.has_all(&["query_name", "query_id", "files"]))).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Iac]);
    reading.version(doc.get("kics_version").text());
    for query in doc.results("queries")? {
        for place in query.object()?.results("files")? {
            reading.add(draft(query, place.object()?));
        }
    }
    let failed = |key: &str| doc.get(key).number().unwrap_or(0);
    let (files, queries) = (failed("files_failed_to_scan"), failed("queries_failed_to_execute"));
    if files + queries > 0 {
        reading.remark(format!("KICS failed to scan {files} files and to execute {queries} queries."));
    }
    let all = |failed: u32, of: &str| failed > 0 && doc.get(of).number().is_some_and(|n| failed >= n);
    if reading.items() == 0 && (all(queries, "queries_total") || all(files, "files_scanned")) {
        reading.not_assessed("KICS failed to execute all its queries, or to scan all files.");
    }
    let read = doc.get("files_parsed").number().or(doc.get("files_scanned").number());
    if reading.items() == 0 && read == Some(0) {
        reading.not_assessed("KICS found no file that it can read.");
    }
    reading.done()
}

fn draft(query: &Node<'_>, place: &Node<'_>) -> Draft {
    let name = query.get("query_name").or_empty();
    let secret = name.to_ascii_lowercase().starts_with("passwords and secrets");
    let mut draft = Draft::new(if secret { Class::Secret } else { Class::Iac });
    let word = query.get("severity").or_empty();
    draft.severity = match word.to_ascii_uppercase().as_str() {
        "TRACE" => Severity::Info,
        _ => words::severity(word).unwrap_or(Severity::Unknown),
    };
    query.get("query_id").text().unwrap_or(name).clone_into(&mut draft.rule);
    name.clone_into(&mut draft.title);
    draft.say("", query.get("description").text());
    draft.say("Category", query.get("category").text());
    draft.say("Platform", query.get("platform").text());
    draft.path = place.get("file_name").owned();
    draft.line = place.get("line").number();
    // The values around a leaked secret may have it in them.
    if !secret {
        draft.say("Expected", place.get("expected_value").text());
        draft.say("Found", place.get("actual_value").text());
        draft.say("Remediation", place.get("remediation").text());
        let resource: Vec<&str> =
            [place.get("resource_type").text(), place.get("resource_name").text()].into_iter().flatten().collect();
        let key = place.get("search_key").owned().filter(|k| !k.is_empty());
        draft.logical = key.or_else(|| Some(resource.join(".")));
    }
    draft.cwe = query.get("cwe").text().map(cwe).unwrap_or_default();
    draft.url = query.get("query_url").owned();
    draft.native_id = place.get("similarity_id").owned();
    draft
}

/// `319` or `CWE-319`.
fn cwe(text: &str) -> Vec<u32> {
    text.trim().parse().map_or_else(|_| words::cwe_numbers(text), |n| vec![n])
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn each_place_of_a_query_is_a_finding() {
        let text = r#"{"kics_version": "v2.1.3", "files_scanned": 2, "files_parsed": 2, "files_failed_to_scan": 1, "queries": [
          {"query_name": "Bucket Without Log", "query_id": "q-1", "query_url": "https://q.example", "severity": "CRITICAL", "platform": "Terraform",
           "cwe": "778", "category": "Observability", "description": "Logs are missing.", "files": [
             {"file_name": "a/s3.tf", "similarity_id": "aa11", "line": 5, "search_key": "aws_s3_bucket[x]", "expected_value": "on", "actual_value": "off"},
             {"file_name": "a/s4.tf", "similarity_id": "bb22", "line": 6, "search_key": "aws_s3_bucket[y]"}]},
          {"query_name": "Passwords And Secrets - Generic Password", "query_id": "q-2", "severity": "TRACE", "description": "A secret.", "files": [
             {"file_name": "x.yaml", "line": 2, "similarity_id": "cc33", "actual_value": "pass hunter2hunter2", "search_key": "hunter2hunter2"}]}]}"#;
        let report = read("r", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("kics-json", 3, 3));
        let f = &report.findings[0];
        assert_eq!(
            (f.class, f.severity, f.rule.raw(), f.cwe.as_slice()),
            (Class::Iac, Severity::Critical, "q-1", &[778][..])
        );
        assert_eq!((f.place(), f.sources[0].native_id.as_ref().unwrap().raw()), ("a/s3.tf:5".to_owned(), "aa11"));
        let secret = &report.findings[2];
        assert_eq!((secret.class, secret.severity), (Class::Secret, Severity::Info));
        assert!(!format!("{secret:?}").contains("hunter2"));
        assert!(report.reason.unwrap().raw().contains("1 files"));
    }

    #[test]
    fn queries_without_counts_are_of_kics_too() {
        let text = r#"{"queries": [{"query_name": "No Log", "query_id": "q-1", "severity": "HIGH", "files": [
          {"file_name": "a.tf", "line": 3, "expected_value": null, "actual_value": "off"}]}]}"#;
        let report = read("r", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("kics-json", 1));
        assert_eq!((report.findings[0].severity, report.findings[0].place()), (Severity::High, "a.tf:3".to_owned()));
    }

    #[test]
    fn no_file_is_not_clean() {
        let of = |n: u32, queries: &str| {
            read("r", format!("{{\"files_scanned\": {n}, \"queries\": {queries}}}").as_bytes(), None).status
        };
        assert_eq!((of(3, "[]"), of(0, "[]")), (ReportStatus::Empty, ReportStatus::NotAssessed));
        assert_eq!(of(3, "[], \"queries_total\": 7, \"queries_failed_to_execute\": 7"), ReportStatus::NotAssessed);
        assert_eq!((of(3, "null"), of(3, "[{}]")), (ReportStatus::Error, ReportStatus::Error));
    }
}
