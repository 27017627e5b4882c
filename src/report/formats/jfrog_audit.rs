//! JFrog CLI: `jf audit`, `jf scan` and `jf docker scan` with `--format simple-json`.
//!
//! Vulnerabilities of packages stand beside what was found in the code; where a watch is named, violations instead.

use super::{image, jfrog};
use crate::report::prelude::*;

const TOOL: &str = "JFrog Xray";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "jfrog-simple-json",
    title: "JFrog CLI simple JSON (`jf audit --format simple-json`)",
    classes: &[Class::Sca, Class::Container, Class::Licence, Class::Secret, Class::Iac, Class::Sast],
    items: "vulnerabilities, violations, and findings in the code; licences that violate nothing are not counted",
    severity: "`severity`",
    identity: "vulnerability and package; rule, file and code",
    checked: "field names of the tool's source; no real file was at hand",
    detect,
    parse,
}];

/// The lists of packages that are vulnerable or violate a policy.
const PACKAGES: [&str; 3] = ["vulnerabilities", "securityViolations", "operationalRiskViolations"];
/// The lists of what was found in the code.
const CODE: [(&str, Class); 6] = [
    ("secrets", Class::Secret),
    ("secretsViolations", Class::Secret),
    ("iac", Class::Iac),
    ("iacViolations", Class::Iac),
    ("sast", Class::Sast),
    ("sastViolations", Class::Sast),
];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let told = ["securityViolations", "licensesViolations", "operationalRiskViolations", "licenses", "errors"];
    let row = PACKAGES.iter().any(|l| doc.get(l).at("0").has_all(&["impactedPackageName", "severity"]));
    (row || (doc.has("vulnerabilities") && told.iter().filter(|k| doc.has(k)).count() >= 4)).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    if !PACKAGES.iter().any(|l| doc.has(l)) {
        doc.results("vulnerabilities")?;
    }
    for list in PACKAGES {
        for found in doc.results_or_none(list)? {
            reading.add(package(image::object(found, "A row")?));
        }
    }
    for found in doc.results_or_none("licensesViolations")? {
        reading.add(licence(image::object(found, "A licence")?));
    }
    for (list, class) in CODE {
        for found in doc.results_or_none(list)? {
            reading.add(code(image::object(found, "A finding in the code")?, class));
        }
    }
    let failed = |e: &Node<'_>| e.get("errorMessage").text().or(e.text()).map(str::to_owned);
    let errors: Vec<String> = doc.get("errors").items().iter().filter_map(failed).collect();
    if !errors.is_empty() {
        reading.remark(format!("JFrog could not scan everything: {}.", errors.join(", ")));
        if reading.items() == 0 {
            reading.not_assessed(format!("JFrog's scan failed: {}.", errors.join(", ")));
        }
    }
    reading.done()
}

/// The ecosystem by the kind of package that the CLI shows.
fn kind(shown: &str) -> String {
    match shown.to_ascii_lowercase().as_str() {
        "maven" | "gradle" => "gav".to_owned(),
        "python" => "pypi".to_owned(),
        "debian" => "deb".to_owned(),
        "golang" => "go".to_owned(),
        other => other.to_owned(),
    }
}

fn of(row: &Node<'_>) -> (String, Option<String>) {
    (kind(row.get("impactedPackageType").or_empty()), row.get("impactedPackageVersion").owned())
}

fn package(row: &Node<'_>) -> Draft {
    let (kind, version) = of(row);
    let name = row.get("impactedPackageName").or_empty();
    let component = jfrog::Component { kind: &kind, distro: "", name, version };
    let fixed: Vec<&str> = row.get("fixedVersions").texts().collect();
    let mut draft = jfrog::draft(row, &component, &[], &fixed);
    let cves = row.get("cves").items();
    let named: Vec<&str> = cves.iter().filter_map(|c| c.get("id").text()).collect();
    if !named.is_empty() {
        draft.vulnerabilities = named.iter().flat_map(|c| image::ids(c)).collect();
    }
    if let [one] = named.as_slice() {
        (*one).clone_into(&mut draft.rule);
    }
    if draft.rule.is_empty() {
        draft.rule = ["riskReason", "summary"].iter().find_map(|k| row.get(k).owned()).unwrap_or_default();
    }
    draft.cvss = image::best(cves.iter().flat_map(|c| ["cvssV3", "cvssV2"].map(|k| Cvss::of(c.get(k).score(), None))));
    draft.say("Applicable", row.get("applicable").text());
    let components = row.get("components").items();
    let direct: Vec<&str> = components.iter().filter_map(|c| c.get("name").text()).take(10).collect();
    draft.say("Direct dependencies", Some(&direct.join(", ")));
    draft.path = components.iter().find_map(|c| c.at("location.file").owned());
    draft
}

fn licence(row: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Licence);
    let name = row.get("impactedPackageName").text();
    row.get("licenseKey").or_empty().clone_into(&mut draft.rule);
    draft.title = format!("Licence {} of {}", draft.rule, name.unwrap_or_default());
    draft.rated(row.get("severity").text());
    draft.in_package(name, row.get("impactedPackageVersion").text(), None, None);
    draft
}

fn code(row: &Node<'_>, class: Class) -> Draft {
    let mut draft = Draft::new(class);
    let text = |keys: [&str; 3]| keys.into_iter().find_map(|k| row.get(k).owned());
    draft.rated(row.get("severity").text());
    draft.title = text(["scannerShortDescription", "finding", "ruleId"]).unwrap_or_default();
    draft.rule = text(["ruleId", "scannerShortDescription", "finding"]).unwrap_or_default();
    draft.say("", row.get("scannerDescription").text().or(row.get("finding").text()));
    draft.path = text(["file", "File", "filePath"]);
    draft.line = row.get("startLine").number();
    draft.column = row.get("startColumn").number();
    draft.snippet = row.get("snippet").owned();
    draft.cwe = row.get("cwe").texts().flat_map(words::cwe_numbers).collect();
    draft.native_id = row.get("fingerprint").owned();
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn packages_licences_and_code_are_findings() {
        let text = r#"{"vulnerabilities": [{"severity": "High", "impactedPackageName": "pad", "impactedPackageVersion": "1.0", "impactedPackageType": "npm",
            "components": [{"name": "top", "version": "2"}], "summary": "Bad pad", "applicable": "Applicable", "fixedVersions": ["[1.2]"],
            "cves": [{"id": "CVE-2024-1", "cvssV2": "", "cvssV3": "7.5"}], "issueId": "XRAY-1", "references": ["https://x.example"]}],
          "securityViolations": null, "licensesViolations": [{"licenseKey": "GPL-3.0", "severity": "Low", "impactedPackageName": "gnu"}], "licenses": null,
          "operationalRiskViolations": null, "secrets": [{"severity": "Medium", "file": "a.env", "startLine": 3, "snippet": "pw=hunter2", "finding": "A password"}],
          "errors": null}"#;
        let report = read("j", text.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("jfrog-simple-json", ReportStatus::Ok, 3));
        let by = |class| report.findings.iter().find(|f| f.class == class).unwrap();
        let pad = by(Class::Sca);
        assert_eq!((pad.severity, pad.rule.raw()), (Severity::High, "CVE-2024-1"));
        let package = pad.package.as_ref().unwrap();
        assert_eq!((package.purl.as_ref().unwrap().raw(), package.fixed[0].raw()), ("pkg:npm/pad@1.0", "1.2"));
        assert_eq!(by(Class::Secret).place(), "a.env:3");
        assert!(!format!("{:?}", by(Class::Secret)).contains("hunter2"));
    }

    #[test]
    fn nothing_found_is_clean_and_a_failed_scan_is_not() {
        let of = |list: &str, errors: &str| {
            let text = format!(
                r#"{{"vulnerabilities": {list}, "securityViolations": null, "licensesViolations": null, "licenses": null, "operationalRiskViolations": null, "errors": {errors}}}"#
            );
            let report = read("j", text.as_bytes(), None);
            assert_eq!(report.format, "jfrog-simple-json");
            report.status
        };
        assert_eq!(of("null", "null"), ReportStatus::Empty);
        assert_eq!(of("[]", r#"[{"filePath": "a", "errorMessage": "no access"}]"#), ReportStatus::NotAssessed);
        assert_eq!((of("{}", "null"), of("[1]", "null")), (ReportStatus::Error, ReportStatus::Error));
    }
}
