//! Gitleaks: JSON, CSV and JUnit XML of version 8, and the JSON of versions 1 to 7. A report without leaks is a bare `[]` or
//! a file with nothing in it, and is not recognised.

use super::leak;
use super::suites;
use crate::report::prelude::*;

const TOOL: &str = "gitleaks";
const IDENTITY: &str = "the fingerprint, where it begins with a commit; else rule, path and secret";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "gitleaks-csv",
        title: "Gitleaks CSV",
        classes: &[Class::Secret],
        items: "rows",
        severity: leak::SEVERITY,
        identity: IDENTITY,
        checked: "written from the tool's source; no real file was at hand",
        detect: detect_csv,
        parse: parse_csv,
    },
    Format {
        name: "gitleaks-json",
        title: "Gitleaks JSON, versions 1 to 8",
        classes: &[Class::Secret],
        items: "elements of the list",
        severity: leak::SEVERITY,
        identity: IDENTITY,
        checked: "DefectDojo's parser and the count of the file's items (versions before 8); written from the tool's source (8)",
        detect,
        parse,
    },
    Format {
        name: "gitleaks-junit",
        title: "Gitleaks JUnit XML",
        classes: &[Class::Secret],
        items: "elements `testcase`",
        severity: leak::SEVERITY,
        identity: IDENTITY,
        checked: "written from the tool's source; no real file was at hand",
        detect: detect_junit,
        parse: parse_junit,
    },
];

fn detect(shape: &Shape<'_>) -> Fit {
    let first = leak::first(shape);
    let now = first.has_all(&["RuleID", "StartLine", "Secret"]);
    let before = first.has_all(&["offender", "commit", "file"]);
    let doc = shape.json();
    let wrapped = doc.get("leaks");
    let within = wrapped.at("0").has_any(&["offender", "RuleID", "rule_id"]);
    let none = wrapped.is_list() && wrapped.at("0").is_null() && doc.get("errors").is_list();
    (now || before || within || none).into()
}

fn detect_csv(shape: &Shape<'_>) -> Fit {
    let now = shape.columns(&["RuleID", "Commit", "File", "Secret", "StartLine"]);
    let before = shape.columns(&["offender", "rule", "commit", "file"]);
    (now || before).into()
}

fn detect_junit(shape: &Shape<'_>) -> Fit {
    suites::is_called(shape, "gitleaks").into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Secret]);
    for record in leak::records(input)? {
        // Scripts save the list below a key.
        for leak in record.results_or_none("leaks")? {
            let leak = leak.object()?;
            reading.add(draft(|key| of(leak, key)));
        }
        if !record.has("leaks") {
            reading.add(draft(|key| of(&record, key)));
        }
    }
    reading.done()
}

fn parse_csv(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Secret]);
    for row in table::read(input.text)?.iter() {
        reading.add(draft(|key| row.get(key).map(str::to_owned)));
    }
    reading.done()
}

/// The text of a failure is the finding as JSON.
fn parse_junit(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, TOOL, &[Class::Secret]);
    xml::walk(input.text, &["testcase"], |part| {
        let Part::Whole(case) = part else { return };
        let Some(failure) = case.child("failure") else { return reading.passed(1) };
        let record = Node::parse(failure.text.trim()).unwrap_or_default();
        let mut draft = draft(|key| of(&record, key));
        if !record.is_object() {
            failure
                .attribute("message")
                .or_else(|| case.attribute("name"))
                .unwrap_or_default()
                .clone_into(&mut draft.title);
            failure
                .attribute("type")
                .or_else(|| case.attribute("classname"))
                .unwrap_or_default()
                .clone_into(&mut draft.rule);
        }
        draft.path = draft.path.or_else(|| case.attribute("file").map(str::to_owned));
        reading.add(draft);
    })?;
    reading.done()
}

/// A field of version 8, also where its sources of other kinds keep it: in the attributes.
fn of(record: &Node<'_>, key: &str) -> Option<String> {
    let attribute = match key {
        "File" => "path",
        "Commit" => "git.sha",
        "Author" => "git.author_name",
        "Date" => "git.date",
        _ => "",
    };
    record.get(key).owned().or_else(|| record.get("Attributes").get(attribute).owned())
}

/// From the fields of all versions, of which a report has those of one.
fn draft(get: impl Fn(&str) -> Option<String>) -> Draft {
    let any = |keys: &[&str]| keys.iter().find_map(|k| get(k));
    let number = |keys: &[&str]| any(keys)?.trim().parse().ok();
    let rule = any(&["RuleID", "rule", "rule_id", "reason", "type"]).unwrap_or_default();
    let works = get("ValidationStatus").is_some_and(|s| s.eq_ignore_ascii_case("valid"));
    let mut draft = leak::draft(&rule, works);
    // None of its own says how bad a leak is, but configurations of versions before 8 could.
    if let Some(severity) = get("severity").and_then(|s| words::severity(&s)).filter(|_| !works) {
        draft.severity = severity;
    }
    draft.title = any(&["Description", "description"]).unwrap_or(rule);
    draft.detail.clone_from(&draft.title);
    let commit = any(&["Commit", "commit"]);
    leak::commit(
        &mut draft,
        commit.as_deref(),
        any(&["Author", "author"]).as_deref(),
        any(&["Date", "date"]).as_deref(),
    );
    draft.say("Symbolic link", get("SymlinkFile").as_deref());
    draft.path = any(&["File", "file"]);
    draft.line = number(&["StartLine", "lineNumber", "start_line"]);
    draft.column = number(&["StartColumn"]);
    leak::quote(&mut draft, any(&["Secret", "offender"]).as_deref());
    draft.context = any(&["Match", "line"]);
    draft.url = any(&["Link", "leakURL"]);
    draft.confidence = get("ValidationStatus").or_else(|| get("Confidence"));
    // A line of a certain commit stays that line; without a commit the fingerprint changes with every edit above.
    draft.native_id = get("Fingerprint").filter(|f| commit.is_some_and(|c| f.starts_with(&c)));
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::{Report, read};

    const LEAK: &str = r#"{"RuleID": "slack-bot-token", "Description": "A bot's token.", "StartLine": 12, "EndLine": 12,
        "StartColumn": 9, "EndColumn": 40, "Match": "token = \"xoxb-17653672481-19874698323\"",
        "Secret": "xoxb-17653672481-19874698323", "File": "./deploy/bot.env", "SymlinkFile": "", "Commit": "ab12",
        "Entropy": 3.4, "Author": "Ann", "Email": "ann@a.example", "Date": "2024-05-01T10:00:00Z", "Message": "bot",
        "Tags": [], "Fingerprint": "ab12:deploy/bot.env:slack-bot-token:12"}"#;

    fn holds(report: &Report, format: &str) {
        assert_eq!((report.format, report.status, report.raw_items), (format, ReportStatus::Ok, 1));
        let f = &report.findings[0];
        assert_eq!(
            (f.severity, f.rule.raw(), f.place().as_str()),
            (Severity::High, "slack-bot-token", "deploy/bot.env:12")
        );
        assert_eq!(f.location.column, Some(9));
        assert_eq!(f.snippet.as_ref().unwrap().raw(), "xox********");
        assert!(f.detail.raw().contains("ab12 by Ann"));
        assert!(!format!("{f:?}").contains("17653672481"), "{f:?}");
        assert_eq!(f.sources[0].native_id.as_ref().unwrap().raw(), "ab12:deploy/bot.env:slack-bot-token:12");
    }

    #[test]
    fn a_list_below_a_key_is_read_with_its_severities() {
        let text = r#"{"leaks": [{"rule": "Password", "rule_id": "G1", "file": "a.yml", "start_line": 3, "offender": "hunter2hunter2",
            "severity": "MEDIUM"}, {"rule": "Token", "offender": "abcdefgh1234"}], "errors": []}"#;
        let report = read("g", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items), ("gitleaks-json", 2));
        assert_eq!((report.findings[0].severity, report.findings[0].place().as_str()), (Severity::Medium, "a.yml:3"));
        assert_eq!(report.findings[1].severity, Severity::High);
        assert_eq!(read("g", br#"{"leaks": [], "errors": []}"#, None).status, ReportStatus::Empty);
    }

    #[test]
    fn one_leak_is_the_same_in_all_formats() {
        holds(&read("r", format!("[{LEAK}]").as_bytes(), None), "gitleaks-json");
        let csv = "RuleID,Commit,File,SymlinkFile,Secret,Match,StartLine,EndLine,StartColumn,EndColumn,Author,Message,Date,Email,Fingerprint,Tags\n\
            slack-bot-token,ab12,deploy/bot.env,,xoxb-17653672481-19874698323,\"token = \"\"xoxb-17653672481-19874698323\"\"\",12,12,9,40,Ann,bot,2024,a@a,ab12:deploy/bot.env:slack-bot-token:12,\n";
        holds(&read("r", csv.as_bytes(), None), "gitleaks-csv");
        let json = LEAK.replace('"', "&#34;");
        let xml = format!(
            "<testsuites><testsuite failures=\"1\" name=\"gitleaks\" tests=\"1\" time=\"\"><testcase classname=\"A bot's token.\" \
             file=\"deploy/bot.env\" name=\"n\" time=\"\"><failure message=\"m\" type=\"A bot's token.\">{json}</failure></testcase></testsuite></testsuites>"
        );
        holds(&read("r", xml.as_bytes(), None), "gitleaks-junit");
        let clean =
            "<testsuites><testsuite failures=\"0\" name=\"gitleaks\" tests=\"0\" time=\"\"></testsuite></testsuites>";
        assert_eq!(read("r", clean.as_bytes(), None).status, ReportStatus::Empty);
    }

    #[test]
    fn the_same_run_in_sarif_is_the_same_leak() {
        let sarif = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "gitleaks", "rules": [{"id": "slack-bot-token",
            "shortDescription": {"text": "A bot's token."}}]}}, "results": [{"message": {"text": "slack-bot-token has detected secret"},
            "ruleId": "slack-bot-token", "locations": [{"physicalLocation": {"artifactLocation": {"uri": "deploy/bot.env"},
            "region": {"startLine": 12, "startColumn": 9, "snippet": {"text": "xoxb-17653672481-19874698323"}}}}],
            "partialFingerprints": {"commitSha": "ab12ab12"}}]}]}"#;
        let of = |text: &str| read("r", text.as_bytes(), None).findings;
        let (json, sarif) = (of(&format!("[{LEAK}]")), of(sarif));
        assert!(
            json[0].keys.iter().any(|k| k.rung == crate::domain::finding::Rung::Snippet && sarif[0].keys.contains(k))
        );
        let merged = crate::domain::dedup::merge_across(vec![json, sarif]);
        assert_eq!((merged.len(), merged[0].sources.len()), (1, 2));
    }

    /// A dismissal of one must not carry over to the one that takes its place.
    #[test]
    fn two_secrets_that_look_the_same_when_masked_have_different_keys() {
        let plain = LEAK.replace("ab12", "");
        let keys = |text: &str| read("r", format!("[{text}]").as_bytes(), None).findings[0].keys.clone();
        let shared = |a: &str, b: &str| keys(a).iter().any(|k| k.rung.carries() && keys(b).contains(k));
        assert!(!shared(&plain, &plain.replace("17653672481", "99953672481")));
        assert!(shared(&plain, &plain.replace("12", "40")), "at another line");
    }

    #[test]
    fn old_reports_and_redacted_secrets_are_read() {
        let old = r#"[{"line": "key = \"REDACTED\"", "lineNumber": 7, "offender": "REDACTED", "commit": "cd34", "repo": "r",
            "rule": "AWS Access Key", "commitMessage": "x", "author": "Bo", "file": "a.yml", "date": "d", "tags": "key"}]"#;
        let report = read("r", old.as_bytes(), None);
        let f = &report.findings[0];
        assert_eq!((f.rule.raw(), f.place().as_str(), f.snippet.is_none()), ("AWS Access Key", "a.yml:7", true));
        let wrong = read("r", format!("[{LEAK}, 7]").as_bytes(), None);
        assert!(wrong.status == ReportStatus::Error && wrong.reason.unwrap().raw().contains("Record 2"));
    }
}
