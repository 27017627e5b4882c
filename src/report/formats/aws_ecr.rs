//! Amazon ECR: `aws ecr describe-image-scan-findings`, of the basic scan and of the enhanced one by Inspector.

use super::aws;
use super::counts;
use super::image::{self, Flaw};
use crate::report::prelude::*;

const CLASSES: &[Class] = &[Class::Container];

pub(super) const FORMATS: &[Format] = &[Format {
    name: "aws-ecr-json",
    title: "Amazon ECR image scan findings",
    classes: &[Class::Container, Class::Sca],
    items: "elements of `findings` and of `enhancedFindings`",
    severity: "`severity`; UNDEFINED and UNTRIAGED by the CVSS score",
    identity: "vulnerability, package and repository",
    checked: "the example of the vendor's documentation",
    detect: |shape| (shape.has(&["imageScanFindings"]) || shape.has(&["imageScanStatus", "repositoryName"])).into(),
    parse,
}];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "Amazon ECR", CLASSES);
    let repository = doc.get("repositoryName").or_empty();
    let image = match (doc.at("imageId.imageTag").text(), doc.at("imageId.imageDigest").text()) {
        (Some(tag), _) => format!("{repository}:{tag}"),
        (None, Some(digest)) => format!("{repository}@{digest}"),
        (None, None) => repository.to_owned(),
    };
    for found in doc.results_or_none("imageScanFindings.findings")? {
        reading.add(basic(image::object(found, "A finding")?, &image));
    }
    for found in doc.results_or_none("imageScanFindings.enhancedFindings")? {
        reading.add(aws::draft(image::object(found, "A finding")?));
    }
    // The enhanced scan is never complete: it goes on for as long as the image is in the registry.
    let status = doc.at("imageScanStatus.status").text();
    if let Some(status) = status.filter(|s| !matches!(*s, "COMPLETE" | "ACTIVE")) {
        let why = doc.at("imageScanStatus.description").text().unwrap_or("no reason is given");
        reading.not_assessed(format!("Amazon ECR has not scanned the image: its status is {status} ({why})."));
    } else if doc.get("imageScanFindings").is_null() {
        reading.not_assessed("Amazon ECR gives no findings of a scan of the image.");
    }
    counts::paged(&mut reading, "Amazon ECR", doc.get("nextToken"));
    let counted = counts::sum(doc.at("imageScanFindings.findingSeverityCounts"));
    counts::compare(&mut reading, "Amazon ECR", 0, counted, "findings");
    reading.done()
}

fn basic(found: &Node<'_>, image: &str) -> Draft {
    let pairs = found.get("attributes").items();
    let attribute =
        |key: &str| pairs.iter().find(|p| p.get("key").text() == Some(key)).and_then(|p| p.get("value").text());
    let url = found.get("uri").text();
    // The link is to the tracker of the distribution that the package is of.
    let distro =
        [("people.ubuntu.com", "ubuntu"), ("ubuntu.com/security", "ubuntu"), ("security-tracker.debian.org", "debian")];
    let distro = distro.iter().find(|(host, _)| url.is_some_and(|u| u.contains(host))).map_or("", |(_, d)| *d);
    let mut draft = Flaw {
        id: found.get("name").or_empty(),
        description: found.get("description").text(),
        name: attribute("package_name"),
        version: attribute("package_version"),
        distro,
        image: Some(image),
        fixed: attribute("fixed_version").or_else(|| attribute("fixed_in_version")),
        ..Flaw::default()
    }
    .draft();
    draft.rated(found.get("severity").text());
    let score = |key: &str| attribute(key).and_then(|s| s.trim().parse().ok());
    let scores = [("CVSS4_SCORE", "CVSS4_VECTOR"), ("CVSS3_SCORE", "CVSS3_VECTOR"), ("CVSS2_SCORE", "CVSS2_VECTOR")];
    draft.cvss = image::best(scores.map(|(s, v)| Cvss::of(score(s), attribute(v))));
    draft.url = url.map(str::to_owned);
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn basic_and_enhanced_findings_are_read() {
        let text = r#"{"repositoryName": "pay", "imageId": {"imageTag": "1", "imageDigest": "sha256:1"}, "imageScanStatus": {"status": "COMPLETE"},
          "imageScanFindings": {"findings": [{"name": "CVE-2024-1", "severity": "UNDEFINED", "uri": "https://security-tracker.debian.org/x",
            "attributes": [{"key": "package_name", "value": "curl"}, {"key": "package_version", "value": "7"},
              {"key": "CVSS2_VECTOR", "value": "AV:N/AC:L/Au:N/C:P/I:N/A:N"}, {"key": "CVSS2_SCORE", "value": "5.0"}]}],
           "enhancedFindings": [{"awsAccountId": "1", "findingArn": "arn:1", "severity": "HIGH", "title": "CVE-2024-2 - zlib", "score": 7.0,
             "packageVulnerabilityDetails": {"vulnerabilityId": "CVE-2024-2", "vulnerablePackages": [{"name": "zlib", "version": "1"}]},
             "resources": [{"type": "AWS_ECR_CONTAINER_IMAGE", "details": {"awsEcrContainerImage": {"repositoryName": "pay"}}}]}]}}"#;
        let report = read("e", text.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("aws-ecr-json", ReportStatus::Ok, 2));
        let (basic, enhanced) = (&report.findings[0], &report.findings[1]);
        assert_eq!((basic.severity, basic.place().as_str()), (Severity::Medium, "pay:1"));
        assert_eq!(basic.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:deb/debian/curl@7");
        assert_eq!((enhanced.severity, enhanced.place().as_str()), (Severity::High, "pay"));
    }

    #[test]
    fn a_scan_that_failed_is_not_clean() {
        let of = |status: &str, findings: &str| {
            let text = format!(
                r#"{{"repositoryName": "pay", "imageScanStatus": {{"status": "{status}"}}, "imageScanFindings": {findings}}}"#
            );
            read("e", text.as_bytes(), None).status
        };
        assert_eq!(of("COMPLETE", r#"{"findings": []}"#), ReportStatus::Empty);
        assert_eq!(
            (of("FAILED", "null"), of("COMPLETE", "null")),
            (ReportStatus::NotAssessed, ReportStatus::NotAssessed)
        );
        assert_eq!(of("COMPLETE", r#"{"findings": {}}"#), ReportStatus::Error);
        assert_eq!(of("COMPLETE", r#"{"findingSeverityCounts": {"HIGH": 5}}"#), ReportStatus::NotAssessed);
        let page = r#"{"repositoryName": "p", "imageScanFindings": {"findings": []}, "nextToken": "t"}"#;
        assert_eq!(read("e", page.as_bytes(), None).status, ReportStatus::NotAssessed);
    }
}
