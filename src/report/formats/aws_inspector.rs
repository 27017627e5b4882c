//! Amazon Inspector Classic: `aws inspector describe-findings`. What a finding is of stands in pairs of keys and values.

use super::image;
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "aws-inspector-json",
    title: "Amazon Inspector Classic findings",
    classes: &[Class::Infra],
    items: "elements of `findings`",
    severity: "`severity`; Undefined by `numericSeverity`",
    identity: "vulnerability or rule, package and host",
    checked: "written from the API's documentation; no real file was at hand",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let classic =
        |f: &Node<'_>| f.has_all(&["arn", "assetType"]) || f.has_all(&["arn", "serviceAttributes", "severity"]);
    (classic(doc.at("findings.0")) || classic(doc.at("0")) || doc.has_all(&["findings", "failedItems"])).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, "Amazon Inspector Classic", &[Class::Infra]);
    for found in if doc.is_list() { doc.list()? } else { doc.results("findings")? } {
        reading.add(draft(image::object(found, "A finding")?));
    }
    let failed = doc.get("failedItems").entries().len();
    if failed > 0 {
        reading.remark(format!("Inspector could not show {failed} of the findings that were asked for."));
        if reading.items() == 0 {
            reading.not_assessed(format!("Inspector could not show any of the {failed} findings that were asked for."));
        }
    }
    reading.done()
}

fn draft(found: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Infra);
    let pairs = found.get("attributes").items();
    let attribute =
        |key: &str| pairs.iter().find(|p| p.get("key").text() == Some(key)).and_then(|p| p.get("value").text());
    let id = found.get("id").text().or_else(|| attribute("CVE_ID")).or_else(|| attribute("BENCHMARK_RULE_ID"));
    id.unwrap_or_default().clone_into(&mut draft.rule);
    draft.vulnerabilities = words::vulnerability_ids(id.unwrap_or_default());
    draft.vulnerabilities.extend(attribute("CVE_ID").into_iter().flat_map(words::vulnerability_ids));
    draft.title = found.get("title").owned().unwrap_or_default();
    draft.detail = found.get("description").text().unwrap_or(&draft.title).to_owned();
    draft.say("Remediation", found.get("recommendation").text());
    draft.rated(found.get("severity").text());
    let scores = [("CVSS3_SCORE", "CVSS3_VECTOR"), ("CVSS2_SCORE", "CVSS2_VECTOR")];
    let score = |key: &str| attribute(key).and_then(|s| s.trim().parse().ok());
    draft.cvss = image::best(scores.map(|(s, v)| Cvss::of(score(s), attribute(v))));
    if draft.cvss.is_empty() {
        draft.cvss = Cvss::of(found.get("numericSeverity").score(), None);
    }
    let name = attribute("package_name").map(|names| names.split(',').next().unwrap_or(names).trim());
    draft.in_package(name, attribute("package_version"), None, None);
    let host = found.get("assetAttributes");
    draft.path = host
        .get("agentId")
        .owned()
        .or_else(|| host.get("hostname").owned())
        .or_else(|| attribute("INSTANCE_ID").map(str::to_owned));
    draft.logical = attribute("PORT").map(|p| format!("port {p}"));
    draft.confidence = found.get("confidence").owned();
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::ReportStatus;
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn a_finding_of_a_host_is_read() {
        let text = r#"{"failedItems": {}, "findings": [{"arn": "arn:aws:inspector:x", "assetType": "ec2-instance", "id": "CVE-2024-1",
            "assetAttributes": {"agentId": "i-1", "hostname": "web"}, "severity": "Undefined", "numericSeverity": 9.0, "confidence": 10,
            "title": "Instance i-1 is vulnerable to CVE-2024-1", "recommendation": "Update.", "attributes": [
              {"key": "package_name", "value": "curl"}, {"key": "package_version", "value": "7"}, {"key": "CVSS2_SCORE", "value": "5.0"}]}]}"#;
        let report = read("i", text.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("aws-inspector-json", ReportStatus::Ok, 1));
        let f = &report.findings[0];
        assert_eq!((f.severity, f.place().as_str(), f.rule.raw()), (Severity::Medium, "i-1", "CVE-2024-1"));
        assert_eq!(f.package.as_ref().unwrap().name.raw(), "curl");
    }

    #[test]
    fn what_could_not_be_shown_is_not_clean() {
        let status = |text: &str| read("i", text.as_bytes(), None).status;
        assert_eq!(status(r#"{"failedItems": {}, "findings": []}"#), ReportStatus::Empty);
        assert_eq!(
            status(r#"{"failedItems": {"arn:1": {"failureCode": "x"}}, "findings": []}"#),
            ReportStatus::NotAssessed
        );
        assert_eq!(status(r#"{"failedItems": {}, "findings": 3}"#), ReportStatus::Error);
    }
}
