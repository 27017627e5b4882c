//! Terrascan JSON: `terrascan scan -o json`.

mod junit;

use crate::report::prelude::*;

const TOOL: &str = "Terrascan";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "terrascan-json",
        title: "Terrascan JSON",
        classes: &[Class::Iac, Class::Container],
        items: "violations, skipped violations and vulnerabilities",
        severity: "`severity`",
        identity: "rule and resource",
        checked: "DefectDojo's parser on a report without findings; findings from the tool's documentation",
        detect,
        parse,
    },
    junit::JUNIT,
];

fn detect(shape: &Shape<'_>) -> Fit {
    let results = shape.json().get("results");
    (results.has("violations") && results.has_any(&["scan_summary", "skipped_violations", "count"])).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Iac]);
    let results = doc.get("results");
    if !results.has("violations") {
        doc.results("results.violations")?;
    }
    for violation in results.results_or_none("violations")? {
        reading.add(draft(violation.object()?));
    }
    for violation in results.results_or_none("skipped_violations")? {
        let mut draft = draft(violation.object()?);
        let why = violation.get("skip_comment").text().unwrap_or("Skipped in the code, without a reason.");
        draft.suppressed = Some(why.to_owned());
        reading.add(draft);
    }
    for vulnerability in results.results_or_none("vulnerabilities")? {
        reading.assessed(Class::Container);
        reading.add(vulnerable(vulnerability.object()?));
    }
    let failed: Vec<String> = results
        .get("scan_errors")
        .items()
        .iter()
        .filter_map(|e| Some(format!("{} ({})", e.get("iac_type").or_empty(), e.get("errMsg").text()?)))
        .collect();
    if !failed.is_empty() {
        reading.remark(format!("Terrascan could not scan everything: {}.", failed.join(", ")));
    }
    if reading.items() == 0 && results.at("scan_summary.policies_validated").number() == Some(0) {
        reading.not_assessed("Terrascan validated no policy: it looked at nothing.");
    }
    reading.done()
}

fn draft(violation: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Iac);
    draft.rated(violation.get("severity").text());
    violation
        .get("rule_id")
        .text()
        .or(violation.get("rule_name").text())
        .unwrap_or_default()
        .clone_into(&mut draft.rule);
    violation
        .get("description")
        .text()
        .or(violation.get("rule_name").text())
        .unwrap_or_default()
        .clone_into(&mut draft.title);
    draft.say("", violation.get("description").text());
    draft.say("Rule", violation.get("rule_name").text());
    draft.say("Category", violation.get("category").text());
    draft.say("Module", violation.get("module_name").text());
    draft.path = violation.get("file").owned();
    draft.line = violation.get("line").number();
    let parts = ["resource_type", "resource_name"].into_iter().filter_map(|k| violation.get(k).text());
    draft.logical = Some(parts.collect::<Vec<_>>().join("."));
    draft
}

/// A vulnerability of an image that the code names.
fn vulnerable(item: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Container);
    let id = item.get("vulnerability_id").or_empty();
    draft.rated(item.get("severity").text());
    id.clone_into(&mut draft.rule);
    draft.vulnerabilities = words::vulnerability_ids(id);
    draft.title = format!("{id} in {}", item.get("package").or_empty());
    draft.say("", item.get("description").text());
    draft.path = item.get("image").owned();
    draft.logical = item.get("resource_name").owned();
    let package = item.get("package").text();
    draft.in_package(package, item.get("installed_version").text(), None, item.get("fixed_version").text());
    draft.url = item.get("primary_url").owned();
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn violations_are_findings_and_skipped_ones_suppressed() {
        let text = r#"{"results": {"scan_errors": [{"iac_type": "helm", "errMsg": "no charts"}], "violations": [
            {"rule_name": "s3Open", "description": "The bucket is open.", "rule_id": "AC_AWS_1", "severity": "HIGH", "category": "IAM",
             "resource_name": "b", "resource_type": "aws_s3_bucket", "file": "main.tf", "line": 4}],
          "skipped_violations": [{"rule_id": "AC_2", "description": "d", "severity": "LOW", "skip_comment": "known", "file": "m.tf"}],
          "vulnerabilities": [{"vulnerability_id": "CVE-2021-1111", "package": "zlib", "image": "a:1", "severity": "MEDIUM"}],
          "scan_summary": {"policies_validated": 9}}}"#;
        let report = read("r", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("terrascan-json", 3, 3));
        let f = &report.findings[0];
        assert_eq!(
            (f.class, f.severity, f.rule.raw(), f.place()),
            (Class::Iac, Severity::High, "AC_AWS_1", "main.tf:4".to_owned())
        );
        assert_eq!(f.location.logical.as_ref().unwrap().raw(), "aws_s3_bucket.b");
        assert_eq!(report.findings[1].suppressed.as_ref().unwrap().raw(), "known");
        assert_eq!((report.findings[2].class, report.findings[2].rule.raw()), (Class::Container, "CVE-2021-1111"));
        assert!(report.reason.unwrap().raw().contains("helm (no charts)"));
    }

    #[test]
    fn no_policy_is_no_evidence() {
        let of = |violations: &str, n: u32| {
            let text = format!(
                "{{\"results\": {{\"violations\": {violations}, \"scan_summary\": {{\"policies_validated\": {n}}}}}}}"
            );
            read("r", text.as_bytes(), None).status
        };
        assert_eq!((of("null", 7), of("null", 0)), (ReportStatus::Empty, ReportStatus::NotAssessed));
        let older = read("r", br#"{"results": {"violations": null, "count": {"low": 0, "total": 0}}}"#, None);
        assert_eq!((older.format, older.status), ("terrascan-json", ReportStatus::Empty));
        assert_eq!((of("{}", 7), of("[1]", 7)), (ReportStatus::Error, ReportStatus::Error));
    }
}
