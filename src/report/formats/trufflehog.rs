//! `TruffleHog`: JSON lines of version 3 (also with its log between them), the JSON of version 2 and of `--json-legacy`, which
//! truffleHog3 wrote too before version 3, and truffleHog3's own.

use super::leak;
use crate::report::prelude::*;

const TOOL: &str = "trufflehog";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "trufflehog-json",
        title: "TruffleHog JSON, version 3",
        classes: &[Class::Secret],
        items: "lines with a detector, or elements of the list",
        severity: leak::SEVERITY,
        identity: "detector, path and secret",
        checked: "written from the tool's documentation; no real file was at hand",
        detect,
        parse,
    },
    Format {
        name: "trufflehog-legacy-json",
        title: "TruffleHog JSON, version 2 and --json-legacy",
        classes: &[Class::Secret],
        items: "lines, or elements of the list: a file of a commit each",
        severity: leak::SEVERITY,
        identity: "reason, path and the strings found",
        checked: "DefectDojo's parser and the count of the file's items",
        detect: detect_legacy,
        parse: parse_legacy,
    },
    Format {
        name: "trufflehog3-json",
        title: "truffleHog3 JSON",
        classes: &[Class::Secret],
        items: "elements of the list",
        severity: "`rule.severity`",
        identity: "rule, path and secret",
        checked: "DefectDojo's parser and the count of the file's items",
        detect: detect_third,
        parse: parse_third,
    },
];

fn detect(shape: &Shape<'_>) -> Fit {
    let first = leak::first(shape);
    (first.has_all(&["SourceMetadata", "DetectorName"]) || is_log(first)).into()
}

fn detect_legacy(shape: &Shape<'_>) -> Fit {
    leak::first(shape).has_all(&["stringsFound", "reason", "path"]).into()
}

fn detect_third(shape: &Shape<'_>) -> Fit {
    let first = leak::first(shape);
    (first.has_all(&["rule", "path", "secret", "context"]) && first.get("rule").has("id")).into()
}

/// The log goes to standard error, and with `2>&1` into the report.
fn is_log(record: &Node<'_>) -> bool {
    record.get("logger").text().is_some_and(|l| l.starts_with("trufflehog")) && record.has("msg")
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Secret]);
    let (mut log, mut finished, mut errors) = (false, false, Vec::new());
    for record in leak::records(input)? {
        if !is_log(&record) {
            reading.add(draft(&record));
            continue;
        }
        log = true;
        if record.get("msg").text() == Some("finished scanning") {
            finished = true;
            if record.get("chunks").number() == Some(0) {
                reading.not_assessed("TruffleHog found nothing to look at.");
            }
        } else if record.get("level").or_empty().starts_with("error") {
            let why = record.get("error").text().map(|e| format!(": {e}")).unwrap_or_default();
            errors.push(format!("{}{why}", record.get("msg").or_empty()));
        }
    }
    if !errors.is_empty() {
        reading.remark(format!("TruffleHog logged errors: {}.", errors.join("; ")));
    }
    // Without a log, lines are all that there is; with one, its end tells that the scan came to its end.
    if log && !finished {
        reading.not_assessed("TruffleHog's log does not say that it finished its scan.");
    }
    reading.done()
}

/// Of a source there are a commit, an image, a page, a channel and more, with other fields each.
fn draft(record: &Node<'_>) -> Draft {
    let verified = record.get("Verified").is_true();
    let detector = record.get("DetectorName").or_empty();
    let mut draft = leak::draft(detector, verified);
    draft.confidence = Some(if verified { "verified" } else { "unverified" }.to_owned());
    let (kind, source) = match record.at("SourceMetadata.Data").entries() {
        [(kind, source), ..] => (kind.as_ref(), source),
        [] => (record.get("SourceName").or_empty(), &Node::Null),
    };
    let any = |keys: &[&str]| keys.iter().find_map(|k| source.get(k).text());
    draft.path = any(&["file", "path", "filename", "file_path", "key"]).map(str::to_owned);
    draft.title = match &draft.path {
        Some(path) => format!("{detector} secret in {path}"),
        None => format!("{detector} secret in {kind}"),
    };
    record.get("DetectorDescription").text().unwrap_or(&draft.title).clone_into(&mut draft.detail);
    draft.line = any(&["line"]).and_then(|l| l.parse().ok());
    draft.url = any(&["link", "url"]).map(str::to_owned);
    let whole = [
        "repository",
        "image",
        "layer",
        "bucket",
        "workspace_name",
        "channel_name",
        "space",
        "page",
        "project",
        "email",
    ];
    let names: Vec<&str> = whole.iter().filter_map(|k| source.get(k).text()).collect();
    if draft.path.is_none() {
        draft.logical = Some(if names.is_empty() { kind.to_owned() } else { format!("{kind} {}", names.join(" ")) });
    }
    leak::commit(&mut draft, any(&["commit"]), any(&["email"]), any(&["timestamp"]));
    draft.say("Repository", any(&["repository"]));
    draft.say("Image", any(&["image"]));
    draft.say("Layer", any(&["layer"]));
    draft.say("Not verified, because of an error", record.get("VerificationError").text());
    if let Some(decoder) = record.get("DecoderName").text().filter(|d| *d != "PLAIN") {
        draft.say("Decoded from", Some(decoder));
    }
    let raw = record.get("RawV2").text().or(record.get("Raw").text());
    leak::quote(&mut draft, raw.or(record.get("Redacted").text()));
    if draft.snippet.is_none() {
        leak::quote(&mut draft, record.get("Redacted").text());
    }
    draft
}

fn parse_legacy(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Secret]);
    for record in leak::records(input)? {
        let reason = record.get("reason").or_empty();
        let mut draft = leak::draft(reason, false);
        draft.path = record.get("path").owned();
        draft.title = format!("{reason} in {}", draft.path.as_deref().unwrap_or("a commit"));
        draft.detail.clone_from(&draft.title);
        leak::commit(&mut draft, record.get("commitHash").text(), None, record.get("date").text());
        draft.say("Branch", record.get("branch").text());
        // A string is a secret by itself, or the line that it is in.
        let strings: Vec<String> = record.get("stringsFound").texts().map(words::covered).collect();
        draft.snippet = Some(strings.join("\n"));
        draft.secret = Some(record.get("stringsFound").texts().collect::<Vec<_>>().join("\n"));
        reading.add(draft);
    }
    reading.done()
}

fn parse_third(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, "trufflehog3", &[Class::Secret]);
    for record in leak::records(input)? {
        let rule = record.get("rule");
        let mut draft = leak::draft(rule.get("id").or_empty(), false);
        draft.rated(rule.get("severity").text());
        rule.get("message").text().unwrap_or(&draft.rule).clone_into(&mut draft.title);
        draft.detail.clone_from(&draft.title);
        leak::commit(&mut draft, record.get("commit").text(), record.get("author").text(), record.get("date").text());
        draft.path = record.get("path").owned();
        draft.line = record.get("line").number();
        leak::quote(&mut draft, record.get("secret").text());
        let lines: Vec<&str> = record.get("context").entries().iter().filter_map(|(_, line)| line.text()).collect();
        draft.context = Some(lines.join("\n"));
        reading.add(draft);
    }
    reading.done()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    const GIT: &str = r#"{"SourceMetadata": {"Data": {"Git": {"commit": "77bb", "file": "pay/k.env", "email": "Ann <ann@a.example>",
        "repository": "https://git.example/pay", "timestamp": "2024-01-01", "line": 5}}}, "SourceID": 1, "SourceType": 16, "SourceName": "s",
        "DetectorType": 2, "DetectorName": "AWS", "DecoderName": "BASE64", "Verified": true, "Raw": "AKIA0123456789ABCDEF",
        "RawV2": "AKIA0123456789ABCDEF:very-secret-part-of-it", "Redacted": "AKIA0123456789ABCDEF", "ExtraData": null}"#;
    const IMAGE: &str = r#"{"SourceMetadata": {"Data": {"Slack": {"channel_name": "ops", "link": "https://s.example/1"}}}, "SourceName": "s",
        "DetectorName": "URI", "DecoderName": "PLAIN", "Verified": false, "Raw": "https://a:b;c@h.example", "Redacted": ""}"#;
    const END: &str =
        r#"{"level": "info-0", "ts": "t", "logger": "trufflehog", "msg": "finished scanning", "chunks": 3}"#;

    #[test]
    fn lines_of_version_3_are_read_between_its_log() {
        let report = read("r", format!("{GIT}\n{IMAGE}\n{END}\n").as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("trufflehog-json", 2));
        let of = |rule: &str| report.findings.iter().find(|f| f.rule.raw() == rule).unwrap();
        assert_eq!((of("AWS").severity, of("AWS").place().as_str()), (Severity::Critical, "pay/k.env:5"));
        assert_eq!((of("URI").severity, of("URI").place().as_str()), (Severity::High, "Slack ops"));
        let shown = format!("{:?}", report.findings);
        assert!(!shown.contains("very-secret") && !shown.contains("a:b;c") && !shown.contains("456789ABC"), "{shown}");
    }

    #[test]
    fn a_log_tells_whether_anything_was_looked_at() {
        assert_eq!(read("r", END.as_bytes(), None).status, ReportStatus::Empty);
        assert_eq!(read("r", END.replace(": 3", ": 0").as_bytes(), None).status, ReportStatus::NotAssessed);
        let begun = r#"{"level": "info-0", "ts": "t", "logger": "trufflehog", "msg": "running source"}"#;
        assert_eq!(read("r", begun.as_bytes(), None).status, ReportStatus::NotAssessed);
        assert_eq!(read("r", format!("[{GIT}, 1]").as_bytes(), None).status, ReportStatus::Error);
    }

    #[test]
    fn version_2_and_trufflehog3_are_read() {
        let old = r#"{"branch": "origin/main", "commit": "x", "commitHash": "c1", "date": "d", "diff": "..", "path": "a.py",
            "printDiff": "..", "reason": "High Entropy", "stringsFound": ["ZWVTjPQSdhwRgl204Hc51YCsritMIzn8"]}"#;
        let report = read("r", format!("{old}\n{old}").as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.merged), ("trufflehog-legacy-json", 2, 1));
        assert_eq!(report.findings[0].snippet.as_ref().unwrap().raw(), "ZWV********");
        let third = r#"[{"rule": {"id": "aws", "message": "AWS key", "severity": "HIGH"}, "path": "b.tf", "line": "4", "secret": "AKIAQQ00",
            "context": {"4": "id = \"AKIAQQ00\""}, "id": "u", "commit": null}]"#;
        let report = read("r", third.as_bytes(), None);
        let f = &report.findings[0];
        assert_eq!((report.format, f.severity, f.place().as_str()), ("trufflehog3-json", Severity::High, "b.tf:4"));
    }
}
