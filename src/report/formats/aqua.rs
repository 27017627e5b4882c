//! Aqua's scan of an image: `scannercli --jsonfile`, the same within a list (Azure DevOps), and the lists of the API: `cves`,
//! and `result` in its second version.
//!
//! A severity that the vendor, NVD and Aqua differ in is Aqua's own.

use super::image::{self, Flaw};
use crate::report::prelude::*;

const TOOL: &str = "Aqua";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "aqua-json",
    title: "Aqua image scan JSON",
    classes: &[Class::Container, Class::Sca, Class::Secret],
    items: "vulnerabilities, sensitive data and malware of all `resources`; or elements of `cves` or `result`",
    severity: "`aqua_severity`, then the score of Aqua, NVD or the vendor",
    identity: "vulnerability, package and place; kind and file of a secret; control and policy that refuse the image",
    checked: "DefectDojo's and Jenkins' parsers",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let of = |doc: &Node<'_>| {
        let told = ["image", "scan_started", "vulnerability_summary", "image_assurance_results", "scan_options"];
        (doc.has("resources") && told.iter().filter(|k| doc.has(k)).count() >= 2)
            || doc.at("resources.0").has_all(&["resource", "vulnerabilities"])
            || (doc.at("cves.0").has_all(&["name", "score"]) && doc.at("cves.0").has_any(&["file", "description"]))
            || (doc.has("scan_options") && doc.has("image_assurance_results"))
    };
    (of(doc) || of(doc.at("0.results")) || is_page(doc)).into()
}

/// Whether it is a page of the vulnerabilities that the second version of the API lists.
fn is_page(doc: &Node<'_>) -> bool {
    let first = doc.at("result.0");
    let rated = ["aqua_severity", "aqua_score", "nvd_severity", "nvd_cvss3_score", "vendor_severity"];
    let none = doc.get("result").is_list()
        && first.is_null()
        && doc.get("query").has_any(&["show_negligible", "use_cvss3", "include_vpatch_info"]);
    (first.has_all(&["name", "resource"]) && first.has_any(&rated)) || none
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Container, Class::Sca]);
    if doc.is_list() {
        for one in doc.list()? {
            let results = image::object(one, "A scan")?.get("results");
            scan(&mut reading, image::object(results, "\"results\" of a scan")?, one.get("image_name").text())?;
        }
    } else if doc.get("result").is_list() {
        page(&mut reading, &doc)?;
    } else {
        scan(&mut reading, &doc, None)?;
    }
    reading.done()
}

/// A page of the API's list: each vulnerability has its package and its image.
fn page(reading: &mut Reading<'_>, doc: &Node<'_>) -> Result<(), Unreadable> {
    for found in doc.results("result")? {
        let found = image::object(found, "A vulnerability")?;
        let distro = format!("{}:{}", found.get("os").or_empty(), found.get("os_version").or_empty());
        reading.add(vulnerability(found, found.get("resource"), found.get("image_name").text(), &distro));
    }
    reading.page_of(doc.get("count").number(), "vulnerabilities");
    Ok(())
}

fn scan(reading: &mut Reading<'_>, scan: &Node<'_>, name: Option<&str>) -> Result<(), Unreadable> {
    let image = scan.get("image").text().or_else(|| scan.get("pull_name").text()).or(name);
    let distro = format!("{}:{}", scan.get("os").or_empty(), scan.get("version").or_empty());
    if scan.at("scan_options.scan_sensitive_data").is_true() {
        reading.assessed(Class::Secret);
    }
    let before = reading.items();
    for found in scan.results_or_none("cves")? {
        reading.add(listed(image::object(found, "A vulnerability")?, image));
    }
    for resource in scan.results_or_none("resources")? {
        let resource = image::object(resource, "A resource")?;
        let of = resource.get("resource");
        for found in resource.results_or_none("vulnerabilities")? {
            reading.add(vulnerability(image::object(found, "A vulnerability")?, of, image, &distro));
        }
        for found in resource.results_or_none("sensitive_data_items")? {
            reading.add(sensitive(image::object(found, "Sensitive data")?, of));
        }
        for found in resource.results_or_none("malware")? {
            reading.add(malware(found, of, image));
        }
    }
    let is_listed = reading.items() > before;
    refused(reading, scan, image, is_listed);
    let counted = scan.at("vulnerability_summary.total").number().unwrap_or(0);
    if reading.items() == before && counted > 0 {
        reading.not_assessed(format!("Aqua counts {counted} vulnerabilities, and the report lists none of them."));
    }
    Ok(())
}

/// The controls of Aqua's policies that refuse the image. The worst severity and score are those of vulnerabilities, which
/// are findings themselves where they are listed.
fn refused(reading: &mut Reading<'_>, scan: &Node<'_>, image: Option<&str>, is_listed: bool) {
    let checks = scan.at("image_assurance_results.checks_performed").items().iter();
    for check in checks.filter(|c| c.get("failed").is_true()) {
        let (control, policy) = (check.get("control").or_empty(), check.get("policy_name").or_empty());
        if is_listed && matches!(control, "max_severity" | "max_score") {
            reading.remark(format!("Aqua's policy {policy} refuses the image by its vulnerabilities ({control})."));
            continue;
        }
        let mut draft = Draft::new(Class::Container);
        draft.rule = format!("assurance {control}");
        draft.title = format!("The policy {policy} refuses the image: {control}");
        draft.say("", Some(&draft.title.clone()));
        let known = ["control", "policy_name", "policy_id", "failed"];
        for (key, value) in check.entries().iter().filter(|(k, _)| !known.contains(&k.as_ref())) {
            draft.say(key, value.text());
        }
        draft.rated(check.get("maximum_severity_found").text());
        if let Some(score) = check.get("maximum_score_found").score() {
            draft.severity = Severity::from_score(score);
        }
        draft.path = image.map(str::to_owned);
        draft.logical = Some(policy.to_owned());
        reading.more(draft);
    }
}

fn vulnerability(found: &Node<'_>, of: &Node<'_>, image: Option<&str>, distro: &str) -> Draft {
    let text = |key: &str| found.get(key).text();
    let mut draft = Flaw {
        id: found.get("name").or_empty(),
        description: text("description"),
        name: of.get("name").text().or_else(|| of.get("path").text()),
        version: of.get("version").text(),
        kind: of.get("format").or_empty(),
        distro,
        image,
        path: of.get("path").text(),
        fixed: text("fix_version"),
        ..Flaw::default()
    }
    .draft();
    scored(&mut draft, found);
    draft.say("Remediation", text("solution"));
    draft.say("Vendor", text("vendor_statement").filter(|s| Some(*s) != text("description")));
    draft.url = text("nvd_url").or_else(|| text("vendor_url")).map(str::to_owned);
    let weaknesses = found.get("cwe_info").items().iter();
    draft.cwe = weaknesses
        .flat_map(|c| words::cwe_numbers(c.get("Id").text().or(c.get("id").text()).unwrap_or_default()))
        .collect();
    draft.epss = found.get("epss_score").score();
    draft.exploited = found.get("in_cisa_kev").is_true() || found.get("cisa_kev").is_true();
    // The beginning of the calendar stands for never.
    let date = text("acknowledged_date").filter(|d| !d.starts_with("1970-01-01") && !d.starts_with("0001-01-01"));
    draft.suppressed = date.or_else(|| text("ack_comment")).map(|a| format!("acknowledged: {a}"));
    draft
}

/// Aqua's own word counts. Where there is none: its score, the vendor's, NVD's.
fn scored(draft: &mut Draft, found: &Node<'_>) {
    let cvss = |score: &str, vectors: &str| Cvss::of(found.get(score).score(), found.get(vectors).text());
    let all = [
        ("nvd_score_v3", "nvd_vectors_v3"),
        ("nvd_cvss3_score", "nvd_cvss3_vectors"),
        ("vendor_score_v3", "vendor_vectors_v3"),
        ("vendor_cvss3_score", "vendor_cvss3_vectors"),
        ("aqua_score", "aqua_vectors"),
    ];
    let older = [
        ("nvd_score", "nvd_vectors"),
        ("nvd_cvss2_score", "nvd_cvss2_vectors"),
        ("vendor_score", "vendor_vectors"),
        ("vendor_cvss2_score", "vendor_cvss2_vectors"),
    ];
    draft.cvss = image::best(all.into_iter().chain(older).map(|(s, v)| cvss(s, v)));
    let said = [
        "aqua_severity",
        "vendor_severity_v3",
        "vendor_cvss3_severity",
        "nvd_severity_v3",
        "nvd_cvss3_severity",
        "vendor_severity",
        "nvd_severity",
    ];
    let word = if found.has("aqua_severity") || !found.has("aqua_score") {
        said.iter().find_map(|k| found.get(k).text())
    } else {
        None
    };
    draft.rated(word);
    if draft.severity == Severity::Unknown
        && let Some(own) = found.get("aqua_score").score()
    {
        draft.severity = Severity::from_score(own);
    }
}

/// Only its kind is told; where there is no severity, none is known.
fn sensitive(found: &Node<'_>, of: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Secret);
    let kind = found.get("type").text().unwrap_or("sensitive data");
    kind.clone_into(&mut draft.rule);
    draft.title = format!("Sensitive data: {kind}");
    draft.path = of.get("path").text().map(|p| p.trim_start_matches('/').to_owned());
    draft.rated(found.get("severity").text());
    draft.say("Layer", of.get("layer").text());
    draft
}

fn malware(found: &Node<'_>, of: &Node<'_>, image: Option<&str>) -> Draft {
    let mut draft = Draft::new(Class::Container);
    let name = found.get("malware_name").text().or(found.get("name").text()).or(found.text()).unwrap_or("malware");
    draft.rule = format!("malware:{name}");
    draft.title = format!("Malware: {name}");
    draft.path = image.map(str::to_owned);
    draft.logical = of.get("path").owned();
    draft.rated(found.get("severity").text());
    draft
}

/// An element of the list `cves`.
fn listed(found: &Node<'_>, image: Option<&str>) -> Draft {
    let file = found.get("file").text();
    let mut draft = Flaw {
        id: found.get("name").or_empty(),
        description: found.get("description").text(),
        name: found.get("package").text().or(file),
        version: found.get("version").text(),
        image,
        fixed: found.get("fix_version").text(),
        ..Flaw::default()
    }
    .draft();
    draft.rated(found.get("severity").text());
    draft.cvss = Cvss::of(found.get("score").score(), found.get("vectors").text());
    draft.say("Remediation", found.get("solution").text());
    draft.url = found.get("url").owned();
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn packages_and_secrets_become_findings() {
        let text = r#"{"image": "pay:1", "os": "debian", "version": "12", "scan_started": {}, "vulnerability_summary": {"total": 2},
          "resources": [
            {"resource": {"format": "deb", "name": "zlib", "version": "1"}, "vulnerabilities": [{"name": "CVE-2024-1", "aqua_severity": "negligible",
              "aqua_score": 5.1, "nvd_score_v3": 5.3, "nvd_vectors_v3": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N", "fix_version": "2"}]},
            {"resource": {"format": "npm", "path": "/app/node_modules/x", "name": "x", "version": "1"},
              "vulnerabilities": [{"name": "CVE-2024-2", "aqua_score": 9.1, "cwe_info": [{"Id": "CWE-79"}], "epss_score": 0.5}]},
            {"resource": {"path": "/app/key.pem"}, "sensitive_data_items": [{"type": "RSA PRIVATE KEY"}]}]}"#;
        for text in [text.to_owned(), format!(r#"[{{"image_name": "pay:1", "results": {text}}}]"#)] {
            let report = read("a", text.as_bytes(), None);
            assert_eq!((report.format, report.status, report.raw_items), ("aqua-json", ReportStatus::Ok, 3));
            let (os, library, key) = (&report.findings[0], &report.findings[1], &report.findings[2]);
            assert_eq!((os.severity, os.place().as_str(), os.class), (Severity::Info, "pay:1", Class::Container));
            assert_eq!(os.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:deb/debian/zlib@1");
            assert_eq!((library.severity, library.place().as_str()), (Severity::Critical, "app/node_modules/x"));
            assert_eq!(
                (key.class, key.severity, key.place().as_str()),
                (Class::Secret, Severity::Unknown, "app/key.pem")
            );
        }
    }

    #[test]
    fn a_page_of_the_api_names_package_and_image_of_each() {
        let text = r#"{"count": 3, "page": 1, "pagesize": 2, "result": [{"name": "CVE-2024-1", "nvd_severity": "medium", "nvd_cvss3_severity": "high",
            "nvd_cvss3_score": 7.5, "nvd_cvss3_vectors": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", "acknowledged_date": "1970-01-01T00:00:00Z",
            "image_name": "pay:1", "os": "debian", "os_version": "12", "cwe_info": {}, "resource": {"format": "deb", "name": "zlib", "version": "1"}},
            {"name": "CVE-2024-2", "nvd_severity": "low", "acknowledged_date": "2025-02-03T00:00:00Z", "resource": null}]}"#;
        let report = read("a", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.reason.is_some()), ("aqua-json", 2, true));
        let [one, other] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
        assert_eq!((one.severity, one.place().as_str(), &one.suppressed), (Severity::High, "pay:1", &None));
        assert_eq!(one.package.as_ref().unwrap().purl.as_ref().unwrap().raw(), "pkg:deb/debian/zlib@1");
        assert_eq!((other.severity, other.suppressed.is_some()), (Severity::Low, true));
        let empty = r#"{"count": 0, "result": [], "query": {"show_negligible": true, "image_name": "pay:1"}}"#;
        assert_eq!(read("a", empty.as_bytes(), None).status, ReportStatus::Empty);
    }

    #[test]
    fn what_is_missing_of_a_vulnerability_does_not_hide_it() {
        let scan =
            r#"{"resources": [{"resource": null, "vulnerabilities": [{"name": "CVE-2024-1", "nvd_score": 7.0}]}]}"#;
        let list = r#"{"cves": [{"name": "CVE-2024-1", "score": 8.1, "description": "Bad."}, {"file": "/a.so", "name": null, "score": 6.5}]}"#;
        for (text, count) in [(scan, 1), (list, 2)] {
            let report = read("a", text.as_bytes(), None);
            assert_eq!((report.format, report.findings.len()), ("aqua-json", count));
            assert_eq!(report.findings[0].severity, Severity::High);
        }
    }

    #[test]
    fn controls_that_refuse_the_image_are_findings() {
        let text = r#"{"image": "pay:1", "scan_started": {}, "resources": [], "image_assurance_results": {"disallowed": true, "checks_performed": [
            {"policy_name": "Default", "control": "root_user", "failed": true}, {"policy_name": "Default", "control": "malware"}]}}"#;
        let report = read("a", text.as_bytes(), None);
        assert_eq!((report.status, report.findings.len(), report.raw_items), (ReportStatus::Ok, 1, 0));
        let f = &report.findings[0];
        assert_eq!((f.class, f.rule.raw(), f.place().as_str()), (Class::Container, "assurance root_user", "pay:1"));
    }

    #[test]
    fn what_is_counted_and_not_listed_is_not_clean() {
        let of = |total: u32, list: &str| {
            let text = format!(
                r#"{{"image": "a", "scan_started": {{}}, "vulnerability_summary": {{"total": {total}}}, "resources": {list}}}"#
            );
            read("a", text.as_bytes(), None).status
        };
        assert_eq!((of(0, "[]"), of(3, "[]")), (ReportStatus::Empty, ReportStatus::NotAssessed));
        assert_eq!((of(0, "{}"), of(0, "[1]")), (ReportStatus::Error, ReportStatus::Error));
    }
}
