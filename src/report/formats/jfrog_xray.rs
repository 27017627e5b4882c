//! JFrog Xray: four kinds of JSON: the violations of the old console (`data`), vulnerability reports (`rows`), the summary of
//! artifacts by the API, and on-demand scans (`jf scan`), which name all components of an issue.

use super::counts;
use super::image;
use super::jfrog::{self, Component};
use crate::report::prelude::*;

const TOOL: &str = "JFrog Xray";
const CLASSES: &[Class] = &[Class::Container, Class::Sca];
const SEVERITY: &str = "`severity`, then CVSS";
const IDENTITY: &str = "vulnerability, component and artifact";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "jfrog-xray-json",
        title: "JFrog Xray violations and vulnerabilities of a component (`data`)",
        classes: CLASSES,
        items: "elements of `data`",
        severity: SEVERITY,
        identity: IDENTITY,
        checked: "DefectDojo's parser",
        detect: |shape| {
            let doc = shape.json();
            let found = doc.at("data.0");
            if found.has("source_comp_id") || found.has_all(&["component_versions", "issue_type"]) {
                return Fit::Sure;
            }
            // Of a report that found nothing nothing else is left.
            Fit::general(doc.has("total_count") && matches!(doc.get("data"), Node::List(l) if l.is_empty()))
        },
        parse: old,
    },
    Format {
        name: "jfrog-xray-report-json",
        title: "JFrog Xray vulnerability report (`rows`)",
        classes: CLASSES,
        items: "elements of `rows`",
        severity: SEVERITY,
        identity: IDENTITY,
        checked: "DefectDojo's parser",
        detect: |shape| {
            (shape.has(&["total_rows", "rows"]) || shape.json().at("rows.0").has("impacted_artifact")).into()
        },
        parse: rows,
    },
    Format {
        name: "jfrog-xray-summary-json",
        title: "JFrog Xray summary of artifacts",
        classes: CLASSES,
        items: "elements of `issues` of all artifacts",
        severity: SEVERITY,
        identity: IDENTITY,
        checked: "DefectDojo's parser",
        detect: |shape| {
            (shape.json().at("artifacts.0").has("general") && shape.json().at("artifacts.0").has("issues")).into()
        },
        parse: summary,
    },
    Format {
        name: "jfrog-xray-scan-json",
        title: "JFrog Xray on-demand scan (`jf scan --format json`)",
        classes: &[Class::Container, Class::Sca, Class::Licence],
        items: "components of all vulnerabilities and violations",
        severity: SEVERITY,
        identity: IDENTITY,
        checked: "written from the tool's documentation; no real file was at hand",
        detect: |shape| {
            let first = shape.json().at("0");
            let told = ["scan_id", "component_id", "package_type", "vulnerabilities", "violations", "licenses"];
            (first.has("scan_id") && told.iter().filter(|k| first.has(k)).count() >= 3).into()
        },
        parse: on_demand,
    },
];

fn old(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let found = doc.results("data")?;
    // A list of nothing may be any tool's.
    let mut reading = Reading::new(input, TOOL, if found.is_empty() { &[] } else { CLASSES });
    counts::whole(&mut reading, TOOL, doc.get("total_count"), found.len());
    for found in found {
        let found = image::object(found, "An issue")?;
        let versions = found.get("component_versions");
        let id = found.get("source_comp_id").text().unwrap_or_default();
        let mut component = jfrog::component(id);
        if component.name.is_empty() {
            component.name = found.get("component").or_empty();
        }
        let fixed: Vec<&str> = versions.get("fixed_versions").texts().collect();
        let mut draft = jfrog::draft(found, &component, versions.at("more_details.cves").items(), &fixed);
        draft.path = Some(id.to_owned());
        draft.say(
            "",
            versions.at("more_details.description").text().filter(|d| Some(*d) != found.get("summary").text()),
        );
        if draft.rule.is_empty() && !id.is_empty() {
            draft.rule = format!("{id}: {}", draft.title);
        }
        reading.add(draft);
    }
    reading.done()
}

fn rows(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, CLASSES);
    let rows = doc.results("rows")?;
    counts::whole(&mut reading, TOOL, doc.get("total_rows"), rows.len());
    for found in rows {
        let found = image::object(found, "A row")?;
        let component = jfrog::component(found.get("vulnerable_component").or_empty());
        let fixed: Vec<&str> = found.get("fixed_versions").texts().collect();
        let mut draft = jfrog::draft(found, &component, found.get("cves").items(), &fixed);
        let artifact = found.get("impacted_artifact").or_empty();
        let scores = [("cvss3_max_score", ""), ("cvss2_max_score", "")];
        if draft.cvss.is_empty() {
            draft.cvss = image::best(scores.map(|(s, _)| Cvss::of(found.get(s).score(), None)));
        }
        match artifact.split_once("://") {
            Some(("docker" | "oci", name)) => {
                draft.class = Class::Container;
                draft.path = Some(name.to_owned());
            }
            _ => draft.path = found.get("path").owned().or_else(|| Some(artifact.to_owned())),
        }
        draft.say("Artifact", Some(artifact));
        draft.suppressed = found.get("ignored").is_true().then(|| "ignored by a rule of Xray".to_owned());
        reading.add(draft);
    }
    reading.done()
}

fn summary(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, CLASSES);
    for artifact in doc.results("artifacts")? {
        let artifact = image::object(artifact, "An artifact")?;
        for issue in artifact.results_or_none("issues")? {
            reading.add(of_artifact(image::object(issue, "An issue")?, artifact.get("general")));
        }
    }
    let errors: Vec<&str> = doc.get("errors").items().iter().filter_map(|e| e.get("error").text()).collect();
    if !errors.is_empty() {
        reading.remark(format!("Xray could not look at {} artifacts: {}.", errors.len(), errors.join(", ")));
        if doc.results("artifacts")?.is_empty() {
            reading.not_assessed(format!("Xray looked at no artifact: {}.", errors.join(", ")));
        }
    }
    reading.done()
}

/// An issue names the path to the file that it is in, and newer versions the component.
fn of_artifact(issue: &Node<'_>, general: &Node<'_>) -> Draft {
    let path = issue.at("impact_path.0").text();
    let named = issue.at("components.0");
    let file = path.and_then(|p| p.rsplit('/').next()).unwrap_or_default();
    let component = match named.get("component_id").text() {
        Some(id) => jfrog::component(id),
        None => Component { name: file, ..Component::default() },
    };
    let fixed: Vec<&str> = named.get("fixed_versions").texts().collect();
    let mut draft = jfrog::draft(issue, &component, issue.get("cves").items(), &fixed);
    let name = general.get("name").text().or_else(|| general.get("path").text());
    let image = matches!(general.get("pkg_type").or_empty().to_ascii_lowercase().as_str(), "docker" | "oci");
    draft.class =
        if image && (path.is_none() || jfrog::is_system(component.kind)) { Class::Container } else { Class::Sca };
    draft.path = match draft.class {
        Class::Container => name.map(str::to_owned),
        _ => path.or(name).map(str::to_owned),
    };
    draft.say("Artifact", name);
    draft
}

fn on_demand(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, CLASSES);
    for scan in doc.list()? {
        let scan = image::object(scan, "A scan")?;
        for key in ["vulnerabilities", "violations"] {
            for issue in scan.results_or_none(key)? {
                of_components(&mut reading, image::object(issue, "An issue")?, scan);
            }
        }
        if let Some(status) = scan.get("status").text().filter(|s| !matches!(*s, "completed" | "")) {
            reading.not_assessed(format!("Xray has not finished the scan: its status is {status}."));
        }
    }
    if doc.list()?.is_empty() {
        reading.not_assessed("Xray scanned nothing.");
    }
    reading.done()
}

fn of_components(reading: &mut Reading<'_>, issue: &Node<'_>, scan: &Node<'_>) {
    let components = issue.get("components").entries();
    let place = scan.get("component_id").text().or_else(|| scan.get("artifact_path").text());
    let licence = issue.get("type").text() == Some("license");
    let mut add = |id: &str, details: &Node<'_>| {
        let component = jfrog::component(id);
        let fixed: Vec<&str> = details.get("fixed_versions").texts().collect();
        let mut draft = jfrog::draft(issue, &component, issue.get("cves").items(), &fixed);
        let file = details.at("impact_paths.0").items().iter().rev().find_map(|p| p.get("full_path").text());
        draft.path = match draft.class {
            Class::Container => place,
            _ => file.or(place),
        }
        .map(str::to_owned);
        if licence {
            draft.class = Class::Licence;
            issue.get("license_key").or_empty().clone_into(&mut draft.rule);
            draft.vulnerabilities.clear();
        }
        draft.say("Remediation", issue.at("extended_information.remediation").text());
        draft.say("Watch", issue.get("watch_name").text());
        reading.add(draft);
    };
    for (id, details) in components {
        add(id, details);
    }
    if components.is_empty() {
        add(place.unwrap_or_default(), &Node::Null);
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn the_four_kinds_say_the_same() {
        let old = r#"{"total_count": 1, "data": [{"severity": "High", "summary": "Bad", "issue_type": "security", "source_comp_id": "npm://x:1",
            "component_versions": {"fixed_versions": ["≥ 2"], "more_details": {"cves": [{"cve": "CVE-2024-1", "cwe": ["CWE-79"], "cvss_v3": "7.5/CVSS:3.0/AV:N/AC:H/PR:N/UI:R/S:U/C:H/I:H/A:H"}]}}}]}"#;
        let rows = r#"{"total_rows": 1, "rows": [{"severity": "High", "summary": "Bad", "issue_id": "XRAY-1", "vulnerable_component": "npm://x:1",
            "impacted_artifact": "npm://y:1", "path": "repo/y.tgz", "fixed_versions": ["2"], "cves": [{"cve": "CVE-2024-1", "cvss_v3_score": 7.5}]}]}"#;
        let summary = r#"{"artifacts": [{"general": {"name": "y", "pkg_type": "Npm"}, "issues": [{"severity": "High", "summary": "Bad", "issue_id": "XRAY-1",
            "impact_path": ["repo/y/x"], "components": [{"component_id": "npm://x:1", "fixed_versions": ["[2]"]}], "cves": [{"cve": "CVE-2024-1", "cvss_v3": "7.5"}]}]}]}"#;
        let scan = r#"[{"scan_id": "1", "component_id": "y:1", "package_type": "Npm", "status": "completed", "vulnerabilities": [{"severity": "High", "summary": "Bad",
            "issue_id": "XRAY-1", "components": {"npm://x:1": {"fixed_versions": ["[2]"]}}, "cves": [{"cve": "CVE-2024-1", "cvss_v3_score": "7.5"}]}]}]"#;
        for (text, format) in [
            (old, "jfrog-xray-json"),
            (rows, "jfrog-xray-report-json"),
            (summary, "jfrog-xray-summary-json"),
            (scan, "jfrog-xray-scan-json"),
        ] {
            let report = read("x", text.as_bytes(), None);
            assert_eq!((report.format, report.status, report.raw_items), (format, ReportStatus::Ok, 1), "{text}");
            let f = &report.findings[0];
            assert_eq!((f.class, f.severity, f.rule.raw()), (Class::Sca, Severity::High, "CVE-2024-1"));
            let package = f.package.as_ref().unwrap();
            assert_eq!((package.purl.as_ref().unwrap().raw(), package.fixed[0].raw()), ("pkg:npm/x@1", "2"));
            assert_eq!(f.scores.as_ref().unwrap().cvss.as_ref().unwrap().raw(), "7.5");
        }
    }

    #[test]
    fn empty_reports_and_other_types() {
        let status = |text: &str| read("x", text.as_bytes(), None).status;
        assert_eq!(status(r#"{"artifacts": [{"general": {}, "issues": []}]}"#), ReportStatus::Empty);
        assert_eq!(status(r#"{"total_rows": 0, "rows": []}"#), ReportStatus::Empty);
        assert_eq!(status(r#"{"total_count": 0, "data": []}"#), ReportStatus::Empty);
        assert_eq!(status(r#"{"total_rows": 3, "rows": []}"#), ReportStatus::NotAssessed);
        assert_eq!(status(r#"{"total_count": 3, "data": []}"#), ReportStatus::NotAssessed);
        assert_eq!(status(r#"{"total_rows": 0, "rows": [1]}"#), ReportStatus::Error);
        assert_eq!(
            status(r#"[{"scan_id": "1", "component_id": "y", "package_type": "x", "status": "failed"}]"#),
            ReportStatus::NotAssessed
        );
    }
}
