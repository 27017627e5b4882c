//! Amazon Inspector 2: `aws inspector2 list-findings`, exported reports in JSON, and events of single findings.
//!
//! What Inspector closed or suppressed stays in the list; it is read as suppressed.

use super::aws;
use super::counts;
use super::image::{self, Flaw};
use crate::report::prelude::*;

const CLASSES: &[Class] = &[Class::Container, Class::Sca, Class::Sast, Class::Infra];

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "aws-inspector2-json",
        title: "Amazon Inspector 2 findings",
        classes: CLASSES,
        items: "elements of `findings`",
        severity: "`severity`; UNTRIAGED by the score",
        identity: "the finding's ARN; vulnerability, package and resource",
        checked: "DefectDojo's parser",
        detect,
        parse,
    },
    Format {
        name: "aws-inspector2-csv",
        title: "Amazon Inspector 2 findings report CSV",
        classes: CLASSES,
        items: "rows",
        severity: "`Severity`; UNTRIAGED by the score",
        identity: "the finding's ARN; vulnerability, package and resource",
        checked: "written from the tool's documentation; no real file was at hand",
        detect: |shape| {
            shape.columns(&["Finding ARN", "Finding Type", "Severity", "Resource ID", "Affected Packages"]).into()
        },
        parse: table,
    },
];

fn table(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let table = table::read(input.text)?;
    let mut reading = Reading::new(input, "Amazon Inspector", &[]);
    for row in table.iter() {
        let draft = of_row(&row);
        reading.assessed(draft.class);
        reading.add(draft);
    }
    reading.done()
}

fn of_row(row: &table::Row<'_>) -> Draft {
    // Several packages of one finding stand in one cell.
    let first = |column: &str| row.get(column).and_then(|c| c.split([',', ';']).map(str::trim).find(|c| !c.is_empty()));
    let title = row.or_empty("Title");
    let resource = row.or_empty("Resource ID");
    let id = row.get("Vulnerability Id").or_else(|| row.get("Finding Type")).unwrap_or(title);
    let mut draft = Flaw {
        id,
        title: row.get("Title"),
        description: row.get("Description"),
        name: first("Affected Packages"),
        version: first("Package Installed Version"),
        distro: row.or_empty("Platform"),
        image: Some(resource),
        fixed: first("Fixed in Version"),
        ..Flaw::default()
    }
    .draft();
    if row.get("Vulnerability Id").is_none() {
        draft.vulnerabilities.clear();
    }
    let kind = row.or_empty("Resource Type").to_ascii_uppercase();
    draft.class = match () {
        () if kind.contains("CONTAINER") || resource.contains(":repository/") => Class::Container,
        () if kind.contains("LAMBDA") || kind.contains("CODE") => Class::Sca,
        () => Class::Infra,
    };
    draft.rated(row.get("Severity"));
    let scores = [
        ("Inspector Score", "Inspector Score Vector"),
        ("NVD CVSS3 Score", "NVD CVSS3 Vector"),
        ("Vendor CVSS3 Score", "Vendor CVSS3 Vector"),
        ("NVD CVSS2 Score", "NVD CVSS2 Vector"),
    ];
    draft.cvss = image::best(scores.map(|(s, v)| Cvss::of(row.score(s), row.get(v))));
    draft.epss = row.score("EPSS Score");
    draft.say("Remediation", row.first(&["Package Remediation", "Remediation"]).filter(|t| *t != "None Provided"));
    draft.say("Packages", row.get("Affected Packages").filter(|p| p.contains([',', ';'])));
    draft.say("Network paths", row.get("Network Paths"));
    draft.url = row.first(&["Vendor Advisory", "Reference Urls"]).filter(|u| u.starts_with("http")).map(str::to_owned);
    draft.native_id = row.get("Finding ARN").map(str::to_owned);
    draft.suppressed = aws::closed(row.or_empty("Status"));
    draft
}

fn of_inspector(finding: &Node<'_>) -> bool {
    finding.has_all(&["findingArn", "severity"]) && (finding.has("awsAccountId") || finding.has("type"))
}

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.line();
    if of_inspector(doc.at("findings.0")) || of_inspector(doc.at("0")) || of_inspector(doc.get("detail")) {
        return Fit::Sure;
    }
    // Of a list that is empty nothing else is left; whoever wrote it, it is evidence of nothing.
    let empty = matches!(doc.get("findings"), Node::List(list) if list.is_empty());
    Fit::general(empty && doc.entries().iter().all(|(k, _)| k == "findings" || k == "nextToken"))
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, "Amazon Inspector", &[]);
    let documents = Node::parse_all(input.text)?;
    let next = documents.last().map_or(&Node::Null, |d| d.get("nextToken"));
    for doc in &documents {
        let list = match doc {
            Node::List(list) => list.as_slice(),
            doc if doc.has("detail") => std::slice::from_ref(doc.get("detail")),
            doc => doc.results("findings")?,
        };
        for found in list {
            let found = image::object(found, "A finding")?;
            let draft = aws::draft(found);
            reading.assessed(draft.class);
            reading.add(draft);
        }
    }
    counts::paged(&mut reading, "Amazon Inspector", next);
    reading.done()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn findings_of_images_and_machines_are_read() {
        let text = r#"{"findings": [
          {"awsAccountId": "1", "findingArn": "arn:1", "severity": "HIGH", "status": "CLOSED", "title": "CVE-2024-1 - curl", "type": "PACKAGE_VULNERABILITY",
           "description": "Bad.", "epss": {"score": 0.1}, "packageVulnerabilityDetails": {"vulnerabilityId": "CVE-2024-1", "sourceUrl": "https://a.example",
             "cvss": [{"baseScore": 7.5, "scoringVector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}],
             "vulnerablePackages": [{"name": "curl", "version": "7", "release": "2", "packageManager": "OS", "fixedInVersion": "8"}]},
           "resources": [{"type": "AWS_ECR_CONTAINER_IMAGE", "details": {"awsEcrContainerImage": {"repositoryName": "pay", "imageTags": ["1"], "platform": "DEBIAN_12"}}}]},
          {"awsAccountId": "1", "findingArn": "arn:2", "severity": "UNTRIAGED", "status": "ACTIVE", "title": "Port 22 is reachable", "type": "NETWORK_REACHABILITY",
           "networkReachabilityDetails": {"openPortRange": {"begin": 22, "end": 22}, "protocol": "TCP"},
           "resources": [{"type": "AWS_EC2_INSTANCE", "id": "i-1"}]}]}"#;
        let report = read("i", text.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("aws-inspector2-json", ReportStatus::Ok, 2));
        assert_eq!(report.classes, [Class::Container, Class::Infra]);
        let (image, host) = (&report.findings[0], &report.findings[1]);
        assert_eq!((image.severity, image.place().as_str()), (Severity::High, "pay:1"));
        assert_eq!(image.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:deb/debian/curl@7-2");
        assert!(image.suppressed.as_ref().unwrap().raw().contains("closed"));
        assert_eq!((host.severity, host.location.logical.as_ref().unwrap().raw()), (Severity::Unknown, "TCP 22-22"));
    }

    #[test]
    fn a_table_is_read() {
        let text = "AWS Account Id,Severity,Finding Type,Title,Finding ARN,Resource ID,Platform,Affected Packages,Package Installed Version,Fixed in Version,Status,Vulnerability Id,Inspector Score,Resource Type\n\
            1,HIGH,PACKAGE_VULNERABILITY,CVE-2024-1 - curl,arn:1,arn:aws:ecr:eu:1:repository/pay/sha256:1,DEBIAN_12,curl,7,8,SUPPRESSED,CVE-2024-1,7.5,AWS_ECR_CONTAINER_IMAGE\n";
        let report = read("i", text.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("aws-inspector2-csv", ReportStatus::Ok, 1));
        let f = &report.findings[0];
        assert_eq!((f.class, f.severity, f.rule.raw()), (Class::Container, Severity::High, "CVE-2024-1"));
        assert!(f.suppressed.is_some());
    }

    #[test]
    fn a_finding_that_is_no_object_is_an_error() {
        let text = r#"{"findings": [{"findingArn": "a", "severity": "LOW", "type": "x"}, 3]}"#;
        assert_eq!(read("i", text.as_bytes(), None).status, ReportStatus::Error);
        let empty = read("i", br#"{"findings": []}"#, None);
        assert_eq!((empty.status, empty.classes.as_slice()), (ReportStatus::Empty, &[][..]));
        let page = read("i", br#"{"findings": [], "nextToken": "t"}"#, None);
        assert_eq!((page.format, page.status), ("aws-inspector2-json", ReportStatus::NotAssessed));
    }
}
