//! detect-secrets: the baseline that `scan` writes, and the report that `audit --report --json` writes.

use super::leak;
use crate::report::prelude::*;

const TOOL: &str = "detect-secrets";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "detect-secrets-audit-json",
        title: "detect-secrets audit report",
        classes: &[Class::Secret],
        items: "elements of the list",
        severity: leak::SEVERITY,
        identity: "kind, path and secret",
        checked: "written from the tool's documentation; no real file was at hand",
        detect: detect_audit,
        parse: parse_audit,
    },
    Format {
        name: "detect-secrets-json",
        title: "detect-secrets baseline, versions 0 and 1",
        classes: &[Class::Secret],
        items: "secrets of all files of `results`",
        severity: leak::SEVERITY,
        identity: "kind, path and the tool's hash of the secret",
        checked: "DefectDojo's parser, the tool's own output and the count of the file's items",
        detect,
        parse,
    },
];

fn detect(shape: &Shape<'_>) -> Fit {
    (shape.has(&["plugins_used", "results"]) && shape.json().get("results").is_object()
        || shape.has(&["plugins_used", "results", "generated_at"]))
    .into()
}

fn detect_audit(shape: &Shape<'_>) -> Fit {
    shape.lists(&["category", "filename", "lines", "types"]).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Secret]);
    reading.version(doc.get("version").text());
    let results = doc.get("results");
    if !results.is_object() {
        return Err(Unreadable(format!("\"results\" has to be an object of files, and is {}.", results.kind())));
    }
    for (file, secrets) in results.entries() {
        let Node::List(secrets) = secrets else {
            return Err(Unreadable(format!("The secrets of {} have to be a list.", crate::text::line(file))));
        };
        for secret in secrets {
            if !secret.is_object() {
                return Err(Unreadable(format!("A secret has to be an object, and is {}.", secret.kind())));
            }
            reading.add(draft(file, secret));
        }
    }
    if doc.get("plugins_used").is_list() && doc.get("plugins_used").items().is_empty() {
        reading.not_assessed("detect-secrets looked for nothing: it had no plugins.");
    }
    reading.done()
}

fn draft(file: &str, secret: &Node<'_>) -> Draft {
    let kind = secret.get("type").or_empty();
    let mut draft = leak::draft(kind, secret.get("is_verified").is_true());
    kind.clone_into(&mut draft.title);
    draft.path = Some(secret.get("filename").text().unwrap_or(file).to_owned());
    draft.line = secret.get("line_number").number();
    draft.confidence = Some(if secret.get("is_verified").is_true() { "verified" } else { "unverified" }.to_owned());
    let hash = secret.get("hashed_secret").text().map(|h| format!("{kind}:{h}"));
    leak::identify(&mut draft, hash.as_deref());
    match secret.get("is_secret").text() {
        Some("true") => draft.say("Audit", Some("A person says that this is a secret.")),
        Some("false") => draft.suppressed = Some("The audit of the baseline says that this is no secret.".to_owned()),
        _ => {}
    }
    draft
}

/// One element for each secret of a file, with the lines that it stands in, and possibly several kinds.
fn parse_audit(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Secret]);
    for result in doc.list()? {
        if !result.is_object() {
            return Err(Unreadable(format!("A result has to be an object, and is {}.", result.kind())));
        }
        let category = result.get("category").or_empty();
        let kinds = result.get("types").texts().collect::<Vec<_>>().join(", ");
        let mut draft = leak::draft(&kinds, category == "VERIFIED_TRUE");
        draft.title = kinds;
        draft.path = result.get("filename").owned();
        let lines = result.get("lines").entries();
        draft.line = lines.iter().filter_map(|(number, _)| number.parse().ok()).min();
        leak::quote(&mut draft, result.get("secrets").texts().next());
        draft.context = around(lines.iter().filter_map(|(_, line)| line.text()), result.get("secrets"));
        draft.confidence = Some(category.to_lowercase().replace('_', " ")).filter(|c| !c.is_empty());
        if category == "VERIFIED_FALSE" {
            draft.suppressed = Some("The audit of the baseline says that this is no secret.".to_owned());
        }
        reading.add(draft);
    }
    reading.done()
}

/// The lines that the secrets of a file stand in, all of them covered. Of very many nothing is shown.
fn around<'n>(lines: impl Iterator<Item = &'n str>, secrets: &Node<'_>) -> Option<String> {
    let mut secrets: Vec<&str> = secrets.texts().filter(|s| s.chars().count() >= 3).collect();
    // One may be a part of another.
    secrets.sort_by_key(|s| std::cmp::Reverse(s.len()));
    let lines = lines.collect::<Vec<_>>().join("\n");
    (secrets.len() <= 100).then(|| secrets.iter().fold(lines, |text, s| text.replace(s, &words::covered(s))))
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    fn baseline(plugins: &str, results: &str) -> String {
        format!(r#"{{"version": "1.5.0", "plugins_used": {plugins}, "results": {results}, "generated_at": "t"}}"#)
    }

    #[test]
    fn a_baseline_has_its_secrets_and_what_the_audit_said() {
        let results = r#"{"conf/a.ini": [
            {"type": "Secret Keyword", "filename": "conf/a.ini", "hashed_secret": "aa11", "is_verified": true, "line_number": 8},
            {"type": "Hex High Entropy String", "filename": "conf/a.ini", "hashed_secret": "bb22", "is_verified": false,
             "line_number": 9, "is_secret": false}]}"#;
        let report = read("r", baseline(r#"[{"name": "K"}]"#, results).as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("detect-secrets-json", 2));
        let by_line = |n: u32| report.findings.iter().find(|f| f.location.line == Some(n)).unwrap();
        assert_eq!((by_line(8).severity, by_line(8).place().as_str()), (Severity::Critical, "conf/a.ini:8"));
        assert_eq!(by_line(8).sources[0].native_id.as_ref().unwrap().raw(), "Secret Keyword:aa11:conf/a.ini");
        assert!(by_line(9).suppressed.is_some() && by_line(9).severity == Severity::High);
    }

    #[test]
    fn empty_is_clean_only_with_plugins() {
        assert_eq!(read("r", baseline(r#"[{"name": "K"}]"#, "{}").as_bytes(), None).status, ReportStatus::Empty);
        assert_eq!(read("r", baseline("[]", "{}").as_bytes(), None).status, ReportStatus::NotAssessed);
        for results in ["[]", "null", r#"{"a": {}}"#, r#"{"a": [1]}"#] {
            assert_eq!(read("r", baseline("[]", results).as_bytes(), None).status, ReportStatus::Error, "{results}");
        }
    }

    #[test]
    fn an_audit_report_does_not_show_the_secret() {
        let text = r#"[{"category": "VERIFIED_FALSE", "filename": "x.py", "lines": {"12": "pw = 'hun;ter2'"}, "secrets": "hun;ter2",
            "types": ["Secret Keyword"]}]"#;
        let report = read("r", text.as_bytes(), None);
        let f = &report.findings[0];
        assert_eq!(
            (report.format, f.place().as_str(), f.suppressed.is_some()),
            ("detect-secrets-audit-json", "x.py:12", true)
        );
        assert_eq!(f.context.as_ref().unwrap().raw(), "pw = 'hun********'");
        let two =
            text.replace("\"hun;ter2\",", "[\"hun;ter2\", \"two(2)x\"],").replace("'\"}", "'\", \"13\": \"two(2)x\"}");
        let report = read("r", two.as_bytes(), None);
        assert!(!report.findings[0].context.as_ref().unwrap().raw().contains("two(2)x"), "{two}");
    }
}
