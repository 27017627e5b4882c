//! Yocto: what `cve-check` writes of the packages of a build, with the vulnerabilities that are patched in them.

use super::image::{self, Flaw};
use crate::report::prelude::*;

const CLASSES: &[Class] = &[Class::Sca];

pub(super) const FORMATS: &[Format] = &[Format {
    name: "yocto-json",
    title: "Yocto cve-check JSON",
    classes: CLASSES,
    items: "issues of all packages, patched ones too",
    severity: "CVSS; a score of 0 is none",
    identity: "vulnerability and package",
    checked: "Jenkins' parser",
    detect: |shape| {
        let package = shape.json().at("package.0");
        (package.has("issue") && package.has("name")).into()
    },
    parse,
}];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "Yocto cve-check", CLASSES);
    for package in doc.results("package")? {
        let package = image::object(package, "A package")?;
        for issue in package.results_or_none("issue")? {
            let issue = image::object(issue, "An issue")?;
            match issue.get("status").text() {
                Some("Patched") => reading.passed(1),
                status => reading.add(draft(issue, package, status)),
            }
        }
    }
    if doc.results("package")?.is_empty() {
        reading.not_assessed("Yocto looked at no package.");
    }
    reading.done()
}

fn draft(issue: &Node<'_>, package: &Node<'_>, status: Option<&str>) -> Draft {
    let mut draft = Flaw {
        id: issue.get("id").or_empty(),
        description: issue.get("summary").text(),
        name: package.get("name").text(),
        version: package.get("version").text(),
        ..Flaw::default()
    }
    .draft();
    draft.class = Class::Sca;
    // One vector for all scores: whose it is follows from its beginning.
    let vector = issue.get("vectorString").text();
    let score = |key: &str, named: &str| {
        let score = issue.get(key).score().filter(|s| *s > 0.0);
        let own = vector.filter(|v| if named.is_empty() { !v.starts_with("CVSS:") } else { v.starts_with(named) });
        Cvss::of(score, own.filter(|_| score.is_some()))
    };
    let newer = [score("scorev4", "CVSS:4"), score("scorev3", "CVSS:3")];
    draft.cvss = newer.into_iter().find(|c| c.score.is_some()).unwrap_or_else(|| score("scorev2", ""));
    draft.url = issue.get("link").owned();
    draft.logical = package.get("layer").text().map(|l| format!("layer {l}"));
    draft.say("Description", issue.get("description").text().filter(|d| Some(*d) != issue.get("summary").text()));
    if status == Some("Ignored") {
        let why = issue.get("detail").text().map(|d| format!(": {d}")).unwrap_or_default();
        draft.suppressed = Some(format!("Yocto: ignored{why}"));
    }
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn unpatched_issues_are_findings() {
        let text = r#"{"version": "1", "package": [{"name": "curl", "layer": "meta", "version": "8", "issue": [
            {"id": "CVE-2024-1", "summary": "Bad.", "scorev2": "0.0", "scorev3": "9.8", "status": "Unpatched", "link": "https://a.example"},
            {"id": "CVE-2024-2", "scorev2": "3.7", "scorev3": "0.0", "vectorString": "AV:L/AC:H/Au:N/C:P/I:P/A:P", "status": "Ignored"},
            {"id": "CVE-2024-3", "status": "Patched"}]}]}"#;
        let report = read("y", text.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("yocto-json", ReportStatus::Ok, 3));
        let (open, ignored) = (&report.findings[0], &report.findings[1]);
        assert_eq!((open.severity, open.package.as_ref().unwrap().name.raw()), (Severity::Critical, "curl"));
        assert_eq!((ignored.severity, ignored.suppressed.is_some()), (Severity::Low, true));
    }

    #[test]
    fn no_packages_are_not_clean() {
        let of = |list: &str| {
            read("y", format!(r#"{{"version": "1", "package": {list}}}"#).as_bytes(), Some("yocto-json")).status
        };
        assert_eq!((of("[]"), of("{}")), (ReportStatus::NotAssessed, ReportStatus::Error));
        assert_eq!((of(r#"[{"name": "a", "issue": []}]"#), of("[1]")), (ReportStatus::Empty, ReportStatus::Error));
    }
}
