//! Checkov JSON: `checkov -o json`, one report, or a list of them where several frameworks were looked at.
//!
//! Without a key of its platform Checkov knows no severities. A skipped check is a finding that is suppressed.

use crate::report::prelude::*;

pub(super) const TOOL: &str = "Checkov";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "checkov-json",
    title: "Checkov JSON 1 to 3",
    classes: &[Class::Iac, Class::Sca, Class::Container, Class::Secret, Class::Sast, Class::Licence],
    items: "failed and skipped checks",
    severity: "`severity`, which only Checkov's platform gives; else that of the vulnerability, else unknown",
    identity: "check id, path and code; for packages vulnerability id, package and path",
    checked: "DefectDojo's parser, and runs of Checkov 3.3 in JSON, JUnit XML and SARIF",
    detect,
    parse,
}];

/// Where nothing was found to look at there is only the summary.
const NOTHING: [&str; 3] = ["passed", "failed", "checkov_version"];

fn detect(shape: &Shape<'_>) -> Fit {
    let one = |report: &Node<'_>| {
        let results = report.get("results");
        // The first versions knew Terraform only, and named no framework.
        let first = results.has("failed_checks") && report.get("summary").has("checkov_version");
        report.has("check_type") && results.is_object() || first || report.has_all(&NOTHING)
    };
    match shape.json() {
        Node::List(reports) => reports.first().is_some_and(one).into(),
        report => one(report).into(),
    }
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let reports = match &doc {
        Node::List(reports) => reports.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut reading = Reading::new(input, TOOL, &[]);
    let version = |r: &Node<'_>| r.at("summary.checkov_version").owned().or_else(|| r.get("checkov_version").owned());
    reading.version(reports.iter().find_map(version).as_deref());
    let mut looked = false;
    let (mut unread, mut unnamed): (Vec<&str>, u32) = (Vec::new(), 0);
    for report in reports {
        if report.object()?.has_all(&NOTHING) && !report.has("results") {
            continue;
        }
        let kind = report.get("check_type").or_empty();
        reading.assessed(class_of(kind));
        let failed = report.results("results.failed_checks")?;
        let skipped = report.results_or_none("results.skipped_checks")?;
        for record in failed {
            reading.add(draft(record.object()?, kind));
        }
        for record in skipped {
            let mut draft = draft(record.object()?, kind);
            let why = record.at("check_result.suppress_comment").text();
            draft.suppressed = Some(why.unwrap_or("Skipped in the code, without a reason.").to_owned());
            reading.add(draft);
        }
        looked |= looked_at(report, kind) || !failed.is_empty() || !skipped.is_empty();
        // A quiet report counts the files that could not be read, and leaves out their names.
        let named = report.at("results.parsing_errors");
        unread.extend(named.texts());
        if named.is_null() {
            unnamed = unnamed.saturating_add(report.at("summary.parsing_errors").number().unwrap_or(0));
        }
    }
    if !unread.is_empty() {
        reading.remark(format!("Checkov could not read {} files: {}.", unread.len(), unread.join(", ")));
    } else if unnamed > 0 {
        reading.remark(format!("Checkov could not read {unnamed} files; a quiet report does not name them."));
    }
    if !looked {
        reading.not_assessed(if unread.is_empty() {
            "Checkov found nothing to look at: no check was evaluated.".to_owned()
        } else {
            format!("Checkov could not read any file: {}.", unread.join(", "))
        });
    }
    reading.done()
}

/// Whether anything was looked at. Searches for secrets and vulnerable packages have no checks that pass.
fn looked_at(report: &Node<'_>, kind: &str) -> bool {
    let summary = report.get("summary");
    let some = |key: &str| summary.get(key).number().is_some_and(|n| n > 0);
    let silent = ["passed", "failed", "skipped"].iter().all(|k| summary.get(k).number().is_none());
    silent || some("passed") || some("failed") || some("skipped") || class_of(kind) != Class::Iac
}

/// The class of what a framework looks at.
pub(super) fn class_of(kind: &str) -> Class {
    match kind {
        "sca_package" => Class::Sca,
        "sca_image" => Class::Container,
        "secrets" => Class::Secret,
        kind if kind.starts_with("sast") || kind.starts_with("cdk") => Class::Sast,
        _ => Class::Iac,
    }
}

/// The class of a check by its id, where nothing tells of the framework.
pub(super) fn class_of_rule(id: &str) -> Class {
    if id.starts_with("CKV_SECRET_") {
        Class::Secret
    } else if !words::vulnerability_ids(id).is_empty() {
        Class::Sca
    } else {
        Class::Iac
    }
}

fn draft(record: &Node<'_>, kind: &str) -> Draft {
    let about = record.get("vulnerability_details");
    let licence = about.has("license") && !about.has("cvss");
    let mut draft = Draft::new(if licence { Class::Licence } else { class_of(kind) });
    let severity = record.get("severity");
    draft.rated(severity.text().or(severity.get("name").text()).or(about.get("severity").text()));
    let id = about.get("id").text().filter(|_| !licence);
    id.or(record.get("check_id").text()).unwrap_or_default().clone_into(&mut draft.rule);
    let (name, short) = (record.get("check_name").text(), record.get("short_description").text());
    let title = if about.is_object() { short.or(name) } else { name.or(short) };
    title.unwrap_or_default().clone_into(&mut draft.title);
    draft.say("", Some(&draft.title.clone()));
    draft.say("", record.get("description").text().or(about.get("description").text()));
    for detail in record.get("details").texts() {
        draft.say("", Some(detail));
    }
    draft.say("Keys", Some(&record.at("check_result.evaluated_keys").texts().collect::<Vec<_>>().join(", ")));
    draft.say("Fix", record.get("fixed_definition").text());
    draft.say("Risk factors", Some(&about.get("risk_factors").texts().collect::<Vec<_>>().join(", ")));
    // Of the three paths this one is relative to the repository.
    let path = record.get("repo_file_path").text().or(record.get("file_path").text());
    draft.path = path.map(|p| p.trim_start_matches('/').to_owned());
    draft.line = record.at("file_line_range.0").number();
    draft.logical = record.get("resource").owned();
    draft.snippet = code(record.get("code_block"));
    draft.url = record.get("guideline").owned().or_else(|| about.get("link").owned());
    if about.is_object() {
        let fixed: Vec<&str> = about.get("fixed_versions").texts().collect();
        let lowest = about.get("lowest_fixed_version").text().filter(|v| v.starts_with(|c: char| c.is_ascii_digit()));
        let fixed = match fixed.as_slice() {
            [] => lowest.unwrap_or_default().to_owned(),
            // Versions before 2.1 wrote the list as Python shows it: `[<Version('1.2')>, <Version('2.0')>]`.
            [one] if one.contains("Version('") => one.split('\'').skip(1).step_by(2).collect::<Vec<_>>().join(","),
            all => all.join(","),
        };
        let (package, version) = (about.get("package_name").text(), about.get("package_version").text());
        draft.in_package(package, version, None, Some(&fixed));
        draft.vulnerabilities = id.map(words::vulnerability_ids).unwrap_or_default();
        draft.cvss = Cvss::of(about.get("cvss").score(), about.get("vector").text());
    }
    draft
}

/// The code: pairs of a line's number and its text.
fn code(block: &Node<'_>) -> Option<String> {
    let Node::List(lines) = block else { return None };
    let lines: Vec<&str> = lines
        .iter()
        .filter_map(|line| match line.at("1") {
            Node::Text(text) => Some(text.trim_end_matches(['\r', '\n'])),
            _ => None,
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    const REPORTS: &str = r#"[{"check_type": "terraform", "results": {"passed_checks": [], "parsing_errors": ["/bad.tf"],
        "failed_checks": [{"check_id": "CKV_AWS_1", "check_name": "Encrypt the disk", "severity": null,
            "check_result": {"result": "FAILED", "evaluated_keys": ["encrypted"]}, "code_block": [[7, "resource \"d\" {\n"], [8, "}\n"]],
            "file_path": "/d.tf", "repo_file_path": "/infra/d.tf", "file_line_range": [7, 8], "resource": "aws_ebs.d",
            "guideline": "https://g.example/1"}],
        "skipped_checks": [{"check_id": "CKV_AWS_2", "check_name": "Log", "file_path": "/d.tf", "resource": "r",
            "check_result": {"result": "SKIPPED", "suppress_comment": "a test bucket"}}]},
        "summary": {"passed": 3, "failed": 1, "skipped": 1, "checkov_version": "3.2.1"}},
      {"check_type": "sca_package", "results": {"failed_checks": [{"check_id": "BC_CVE_2022_1", "severity": "HIGH",
            "check_name": "SCA package scan", "short_description": "CVE-2022-1111 - left: 1.0", "file_path": "/p.txt",
            "vulnerability_details": {"id": "CVE-2022-1111", "package_name": "left", "package_version": "1.0", "cvss": 8.1,
                "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N", "fixed_versions": ["1.2", "2.0"]}}]},
        "summary": {"passed": 0, "failed": 1}}]"#;

    #[test]
    fn failed_and_skipped_checks_of_all_frameworks_are_findings() {
        let report = read("r", REPORTS.as_bytes(), None);
        assert_eq!(
            (report.format, report.raw_items, report.classes.as_slice()),
            ("checkov-json", 3, &[Class::Sca, Class::Iac][..])
        );
        assert!(report.reason.unwrap().raw().contains("/bad.tf"));
        assert_eq!(report.tool_version.unwrap().raw(), "3.2.1");
        let [failed, skipped, package] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
        assert_eq!(
            (failed.rule.raw(), failed.severity, failed.place()),
            ("CKV_AWS_1", Severity::Unknown, "infra/d.tf:7".to_owned())
        );
        assert_eq!(failed.snippet.as_ref().unwrap().raw(), "resource \"d\" {\n}");
        assert_eq!(skipped.suppressed.as_ref().unwrap().raw(), "a test bucket");
        let found = package.package.as_ref().unwrap();
        assert_eq!(
            (package.class, package.rule.raw(), package.severity),
            (Class::Sca, "CVE-2022-1111", Severity::High)
        );
        assert_eq!((found.name.raw(), found.fixed.len()), ("left", 2));
    }

    #[test]
    fn the_first_versions_name_no_framework() {
        let text = r#"{"results": {"passed_checks": [], "skipped_checks": [], "parsing_errors": [], "failed_checks": [{"check_id": "CKV_AWS_1",
            "check_name": "Encrypt", "check_result": "FAILED", "file_path": "/d.tf", "file_line_range": [7, 8], "resource": "d"}]},
            "summary": {"passed": 0, "failed": 1, "skipped": 0, "parsing_errors": 0, "checkov_version": "1.0.9"}}"#;
        let report = read("r", text.as_bytes(), None);
        assert_eq!(
            (report.format, report.raw_items, report.classes.as_slice()),
            ("checkov-json", 1, &[Class::Iac][..])
        );
        assert_eq!(report.findings[0].place(), "d.tf:7");
        let python = REPORTS.replace(r#"["1.2", "2.0"]"#, r#""[<Version('1.2')>, <Version('2.0')>]""#);
        let report = read("r", python.as_bytes(), None);
        let fixed = &report.findings[2].package.as_ref().unwrap().fixed;
        assert_eq!(fixed.iter().map(crate::text::Untrusted::raw).collect::<Vec<_>>(), ["1.2", "2.0"]);
    }

    #[test]
    fn where_nothing_was_checked_it_is_no_evidence() {
        let empty = r#"{"check_type": "terraform", "results": {"failed_checks": []}, "summary": {"passed": 4, "failed": 0, "skipped": 0}}"#;
        assert_eq!(read("r", empty.as_bytes(), None).status, ReportStatus::Empty);
        assert_eq!(read("r", empty.replace('4', "0").as_bytes(), None).status, ReportStatus::NotAssessed);
        let nothing = r#"{"passed": 0, "failed": 0, "skipped": 0, "parsing_errors": 0, "checkov_version": "3.1.0"}"#;
        assert_eq!(read("r", nothing.as_bytes(), None).status, ReportStatus::NotAssessed);
        for bad in ["null", "{}", "[7]"] {
            let text = empty.replace("[]", bad);
            assert_eq!(read("r", text.as_bytes(), None).status, ReportStatus::Error, "{bad}");
        }
    }
}
