//! Wiz CLI: scans of images and directories (`CICDDiskScanResult`) and of infrastructure as code (`CICDIACScanResult`).
//!
//! Of a secret Wiz tells its kind and place and, in older versions, no severity: a leaked secret is high then.

use super::counts;
use super::image::{self, Flaw};
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[Format {
    name: "wiz-cli-json",
    title: "Wiz CLI: image, directory and IaC scans",
    classes: &[Class::Container, Class::Sca, Class::Iac, Class::Secret, Class::Infra],
    items: "vulnerabilities, matches of rules, secrets and findings of data and of host configuration",
    severity: "`severity`; of a secret without one high",
    identity: "vulnerability, package and place; rule, file and code",
    checked: "DefectDojo's parsers",
    detect: |shape| {
        let doc = shape.json();
        let kind = doc.at("result.__typename").or_empty();
        let origin = doc.at("scanOriginResource.__typename").or_empty();
        (kind.starts_with("CICD") || origin.starts_with("CICDScanOrigin")).into()
    },
    parse,
}];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let result = doc.get("result");
    let origin = doc.get("scanOriginResource");
    let is_image = origin.get("__typename").or_empty().contains("Image");
    let image = if is_image { origin.get("name").text() } else { None };
    let iac = result.has("ruleMatches") || result.get("__typename").text() == Some("CICDIACScanResult");
    let classes: &[Class] = match (iac, is_image) {
        (true, _) => &[Class::Iac, Class::Secret],
        (false, true) => &[Class::Container, Class::Sca, Class::Secret],
        (false, false) => &[Class::Sca, Class::Secret],
    };
    let mut reading = Reading::new(input, "Wiz", classes);
    for key in ["osPackages", "libraries", "applications", "cpes"] {
        for package in result.results_or_none(key)? {
            let package = image::object(package, "A package")?;
            for found in package.results_or_none("vulnerabilities")? {
                reading.add(vulnerability(image::object(found, "A vulnerability")?, package, key, image));
            }
        }
    }
    for found in result.results_or_none("secrets")? {
        reading.add(secret(image::object(found, "A secret")?));
    }
    for found in result.results_or_none("dataFindings")? {
        reading.add(data(image::object(found, "A finding of data")?));
    }
    for rule in result.results_or_none("ruleMatches")? {
        let rule = image::object(rule, "A rule")?;
        for found in rule.results_or_none("matches")? {
            reading.add(misconfiguration(image::object(found, "A match")?, rule));
        }
    }
    for found in result.results_or_none("hostConfiguration.hostConfigurationFindings")? {
        reading.add(host(image::object(found, "A finding of the host's configuration")?));
    }
    unfinished(&mut reading, &doc);
    reading.done()
}

fn unfinished(reading: &mut Reading<'_>, doc: &Node<'_>) {
    let result = doc.get("result");
    if let Some(state) = doc.at("status.state").text().filter(|s| *s != "SUCCESS") {
        reading.not_assessed(format!("The scan of Wiz did not succeed: its state is {state}."));
    } else if !result.is_object() {
        reading.not_assessed("The scan of Wiz has no result.");
    } else if reading.items() == 0 {
        let files = result.at("analytics.filesScannedCount").number();
        if files == Some(0) || result.at("scanStatistics.filesParsed").number() == Some(0) {
            reading.not_assessed("Wiz found no files to look at.");
        }
    }
    let analytics = result.get("analytics").entries().iter().filter_map(|(_, of)| of.get("totalCount").number());
    let counted = analytics.chain(result.at("scanStatistics.totalMatches").number()).fold(0, u32::saturating_add);
    counts::compare(reading, "Wiz", 0, counted, "findings");
    for (name, list) in result.entries() {
        if name.ends_with("Findings") && name != "dataFindings" && !list.items().is_empty() {
            let said = format!("Wiz's {} {} are not read.", list.items().len(), crate::text::line(name));
            if reading.items() == 0 {
                reading.not_assessed(said.clone());
            }
            reading.remark(said);
        }
    }
    let failed = result.at("scanStatistics.queriesExecutionFailed").number().unwrap_or(0);
    if failed > 0 {
        reading.remark(format!("{failed} rules of Wiz failed to run."));
    }
}

fn vulnerability(found: &Node<'_>, package: &Node<'_>, list: &str, image: Option<&str>) -> Draft {
    let path = package.get("path").text();
    let mut draft = Flaw {
        id: found.get("name").or_empty(),
        description: found.get("description").text(),
        name: package.get("name").text(),
        version: package.get("version").text(),
        kind: if list == "libraries" { "library" } else { "" },
        image,
        path,
        fixed: found.get("fixedVersion").text(),
        ..Flaw::default()
    }
    .draft();
    if image.is_none() {
        // Of a directory there is no image: the place is the file, whatever the package.
        draft.class = Class::Sca;
        draft.path = path.map(|p| p.trim_start_matches('/').to_owned());
    }
    draft.rated(found.get("severity").text());
    draft.cvss = Cvss::of(found.get("score").score(), None);
    draft.exploited = found.get("hasCisaKevExploit").is_true();
    draft.url = found.get("source").owned();
    draft.vulnerabilities.extend(words::vulnerability_ids(found.get("source").or_empty()));
    if found.get("hasExploit").is_true() {
        draft.say("", Some("An exploit is public."));
    }
    ignored(&mut draft, found);
    draft
}

/// What a policy of Wiz ignores.
fn ignored(draft: &mut Draft, found: &Node<'_>) {
    let by: Vec<&str> =
        found.get("ignoredPolicyMatches").items().iter().filter_map(|m| m.at("policy.name").text()).collect();
    if !by.is_empty() && found.get("failedPolicyMatches").items().is_empty() {
        draft.suppressed = Some(format!("ignored by the policy {}", by.join(", ")));
    }
}

fn secret(found: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Secret);
    found.get("type").text().unwrap_or("SECRET").clone_into(&mut draft.rule);
    // Wiz blacks out what is in the description, but not how: the kind is enough.
    let kind = found.at("contains.0.name").text().map(|n| n.split(" (").next().unwrap_or(n));
    draft.title = kind.unwrap_or(&draft.rule).to_owned();
    draft.path = found.get("path").text().map(|p| p.trim_start_matches('/').to_owned());
    draft.line = found.get("lineNumber").number();
    draft.snippet = found.get("snippet").owned().or_else(|| found.get("description").owned());
    draft.rated(found.get("severity").text());
    if draft.severity == Severity::Unknown {
        draft.severity = Severity::High;
    }
    ignored(&mut draft, found);
    draft
}

fn data(found: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Secret);
    let classifier = found.get("dataClassifier");
    let name = classifier.get("name").text().or_else(|| found.get("name").text()).unwrap_or("Sensitive data");
    name.clone_into(&mut draft.rule);
    draft.title = format!("Sensitive data: {name}");
    draft.rated(found.get("severity").text());
    let path = [found.at("examples.0.path"), found.at("externalSource.path"), found.get("path")];
    draft.path = path.into_iter().find_map(Node::text).map(|p| p.trim_start_matches('/').to_owned());
    ignored(&mut draft, found);
    draft
}

fn misconfiguration(found: &Node<'_>, rule: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Iac);
    let name = rule.at("rule.name").or_empty();
    rule.at("rule.shortId").text().or_else(|| rule.at("rule.id").text()).unwrap_or(name).clone_into(&mut draft.rule);
    name.clone_into(&mut draft.title);
    draft.say("Expected", found.get("expected").text());
    draft.say("Found", found.get("found").text());
    draft.say("Remediation", found.get("remediationInstructions").text());
    draft.path = found.get("fileName").owned();
    draft.line = found.get("lineNumber").number();
    draft.logical = found.get("resourceName").owned();
    draft.snippet = found.get("matchContent").owned();
    draft.rated(rule.get("severity").text());
    ignored(&mut draft, found);
    draft
}

fn host(found: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Infra);
    let rule = found.get("rule");
    rule.get("shortId").text().or_else(|| rule.get("id").text()).unwrap_or_default().clone_into(&mut draft.rule);
    draft.title = rule.get("name").owned().unwrap_or_default();
    draft.say("", rule.get("description").text());
    draft.rated(found.get("severity").text().or_else(|| rule.get("severity").text()));
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn an_image_has_packages_and_secrets() {
        let text = r#"{"status": {"state": "SUCCESS"}, "scanOriginResource": {"__typename": "CICDScanOriginContainerImage", "name": "pay:1"},
            "result": {"__typename": "CICDDiskScanResult", "osPackages": [{"name": "curl", "version": "7", "vulnerabilities": [
               {"name": "CVE-2024-1", "severity": "INFORMATIONAL", "fixedVersion": "8", "hasCisaKevExploit": true}]}],
             "libraries": [{"name": "x", "version": "1", "path": "/app/go.mod", "vulnerabilities": [{"name": "CVE-2024-2", "severity": "HIGH"}]}],
             "secrets": [{"type": "PASSWORD", "path": "/a.go", "lineNumber": 3, "snippet": "pw=AKIAIOSFODNN7EXAMPLE", "contains": [{"name": "Password"}]}]}}"#;
        let report = read("w", text.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("wiz-cli-json", ReportStatus::Ok, 3));
        let (os, library, key) = (&report.findings[0], &report.findings[1], &report.findings[2]);
        assert_eq!((os.class, os.severity, os.place().as_str()), (Class::Container, Severity::Info, "pay:1"));
        assert!(os.scores.as_ref().unwrap().exploited);
        assert_eq!((library.class, library.place().as_str()), (Class::Sca, "app/go.mod"));
        assert_eq!((key.severity, key.place().as_str()), (Severity::High, "a.go:3"));
        assert!(!format!("{key:?}").contains("IOSFODNN7"));
    }

    #[test]
    fn matches_of_rules_are_at_their_lines() {
        let text = r#"{"result": {"__typename": "CICDIACScanResult", "ruleMatches": [{"rule": {"id": "r1", "name": "No user"}, "severity": "LOW",
            "matches": [{"fileName": "Dockerfile", "lineNumber": 8, "matchContent": "FROM x", "expected": "e", "found": "f"}]}], "secrets": null}}"#;
        let report = read("w", text.as_bytes(), None);
        assert_eq!(report.classes, [Class::Iac, Class::Secret]);
        let f = &report.findings[0];
        assert_eq!(
            (f.place().as_str(), f.rule.raw(), f.snippet.as_ref().unwrap().raw()),
            ("Dockerfile:8", "r1", "FROM x")
        );
    }

    #[test]
    fn a_scan_that_failed_or_saw_nothing_is_not_clean() {
        let of = |state: &str, result: &str| {
            let text = format!(
                r#"{{"status": {{"state": "{state}"}}, "scanOriginResource": {{"__typename": "CICDScanOriginDirectory"}}, "result": {result}}}"#
            );
            read("w", text.as_bytes(), None).status
        };
        assert_eq!(of("SUCCESS", r#"{"libraries": null, "analytics": {"filesScannedCount": 9}}"#), ReportStatus::Empty);
        for nothing in [
            r#"{"analytics": {"filesScannedCount": 0}}"#,
            r#"{"analytics": {"filesScannedCount": 9, "vulnerabilities": {"totalCount": 3}}}"#,
            r#"{"sastFindings": [{"id": 1}]}"#,
        ] {
            assert_eq!(of("SUCCESS", nothing), ReportStatus::NotAssessed, "{nothing}");
        }
        assert_eq!(
            (of("ERROR", "null"), of("SUCCESS", "null")),
            (ReportStatus::NotAssessed, ReportStatus::NotAssessed)
        );
        assert_eq!(of("SUCCESS", r#"{"libraries": {}}"#), ReportStatus::Error);
    }
}
