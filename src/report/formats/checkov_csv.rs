//! Checkov's CSV: one table of resources with what is wrong with them, and two of packages (of code and of images), which
//! without a key of its platform have one line that says so.

use super::checkov::{TOOL, class_of_rule};
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "checkov-csv",
    title: "Checkov CSV, of resources or of packages",
    classes: &[Class::Iac, Class::Sca, Class::Container, Class::Secret],
    items: "rows with a misconfiguration or a vulnerability",
    severity: "`Severity`, which only Checkov's platform gives",
    identity: "check id, path and resource; for packages vulnerability id, package and path",
    checked: "the JSON of the same run of Checkov 3.3",
    detect: |shape| (shape.columns(&RESOURCES) || shape.columns(&PACKAGES)).into(),
    parse,
}];

const RESOURCES: [&str; 5] = ["Resource", "Path", "Git Org", "Misconfigurations", "Policy title"];
const PACKAGES: [&str; 6] = ["Package", "Path", "Git Org", "Vulnerability", "Fix Version", "Root Package"];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let table = table::read(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[]);
    let mut looked = false;
    let mut said = None;
    for row in table.iter() {
        if table.has("Resource") {
            // Whatever has passed everything stands in one row without a check.
            looked = true;
            reading.assessed(Class::Iac);
            if let Some(check) = row.get("Misconfigurations") {
                reading.add(of_resource(&row, check));
            }
        } else if row.get("Path").is_none() {
            said = row.get("Package");
        } else {
            looked = true;
            reading.assessed(class(&row));
            if let Some(id) = row.get("Vulnerability") {
                reading.add(of_package(&row, id));
            }
        }
    }
    if !looked {
        let why = said.map(|s| format!(" It says: {}", crate::text::line(s))).unwrap_or_default();
        reading.not_assessed(format!("Checkov looked at nothing that this table is of.{why}"));
    }
    reading.done()
}

fn relative(path: Option<&str>) -> Option<String> {
    path.map(|p| p.trim_start_matches('/').to_owned())
}

fn of_resource(row: &table::Row<'_>, check: &str) -> Draft {
    let mut draft = Draft::new(class_of_rule(check));
    draft.rated(row.get("Severity"));
    check.clone_into(&mut draft.rule);
    row.get("Policy title").unwrap_or(check).clone_into(&mut draft.title);
    draft.say("", row.get("Policy title"));
    draft.path = relative(row.get("Path"));
    draft.logical = row.get("Resource").map(str::to_owned);
    draft.url = row.get("Guideline").map(str::to_owned);
    draft
}

/// The place of a package in an image is the image with its digest.
fn class(row: &table::Row<'_>) -> Class {
    if row.or_empty("Path").contains("sha256:") { Class::Container } else { Class::Sca }
}

fn of_package(row: &table::Row<'_>, id: &str) -> Draft {
    let mut draft = Draft::new(class(row));
    draft.rated(row.get("Severity"));
    id.clone_into(&mut draft.rule);
    draft.title = format!("{id} in {}", row.or_empty("Package"));
    draft.vulnerabilities = words::vulnerability_ids(id);
    let fixed = row.get("Fix Version").filter(|v| v.starts_with(|c: char| c.is_ascii_digit()));
    let fixed = fixed.map(|v| v.trim_end_matches(" (Public)").trim_end_matches(" (Private)"));
    draft.in_package(row.get("Package"), row.get("Version"), None, fixed);
    draft.say("", row.get("Description"));
    draft.say("Licences", row.get("Licenses"));
    draft.path = relative(row.get("Path"));
    let digits = row.or_empty("Line(s)").split(|c: char| !c.is_ascii_digit());
    draft.line = digits.filter_map(|n| n.parse().ok()).find(|n| *n > 0);
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    const RESOURCES: &str = "Resource,Path,Git Org,Git Repository,Misconfigurations,Severity,Policy title,Guideline\n";
    const PACKAGES: &str = "Package,Version,Path,Line(s),Git Org,Git Repository,Vulnerability,Severity,Description,Licenses,Fix Version,Registry URL,Root Package,Root Version\n";

    #[test]
    fn resources_with_a_check_are_findings() {
        let rows = "aws_x.y,/infra/a.tf,o,r,CKV_AWS_1,,Encrypt it,https://g.example/1\naws_x.z,/infra/a.tf,o,r,,,,\n\
            k,/a.py,o,r,CKV_SECRET_2,HIGH,A key,\n";
        let report = read("c", format!("{RESOURCES}{rows}").as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("checkov-csv", 2, 2));
        let f = report.findings.iter().find(|f| f.class == Class::Iac).unwrap();
        assert_eq!((f.rule.raw(), f.severity, f.place().as_str()), ("CKV_AWS_1", Severity::Unknown, "infra/a.tf"));
        assert_eq!(f.location.logical.as_ref().unwrap().raw(), "aws_x.y");
        assert!(report.findings.iter().any(|f| (f.class, f.severity) == (Class::Secret, Severity::High)));
        let clean = read("c", format!("{RESOURCES}aws_x.z,/infra/a.tf,o,r,,,,\n").as_bytes(), None);
        assert_eq!((clean.status, clean.classes.as_slice()), (ReportStatus::Empty, &[Class::Iac][..]));
        assert_eq!(read("c", RESOURCES.as_bytes(), None).status, ReportStatus::NotAssessed);
    }

    #[test]
    fn packages_are_findings_and_without_a_key_no_evidence() {
        let row = "left,1.0,/p.txt,\"[3, 4]\",o,r,CVE-2022-1111,HIGH,Bad.,MIT,1.2 (Public),,left,1.0\n";
        let report = read("c", format!("{PACKAGES}{row}").as_bytes(), None);
        let f = &report.findings[0];
        assert_eq!((f.class, f.severity, f.place().as_str()), (Class::Sca, Severity::High, "p.txt:3"));
        assert_eq!(f.package.as_ref().unwrap().fixed[0].raw(), "1.2");
        let none = read("c", format!("{PACKAGES}\"Only with a subscription.\"\n").as_bytes(), None);
        assert_eq!((none.status, none.classes.len()), (ReportStatus::NotAssessed, 0));
        assert!(none.reason.unwrap().raw().contains("Only with a subscription."));
    }
}
