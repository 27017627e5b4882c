//! Sysdig: the JSON of `sysdig-cli-scanner`, of two schemas, and reports of the console in JSON, of two schemas, and in CSV.
//!
//! Severities below low are called negligible and other.

use std::collections::HashMap;

use super::image::{self, Flaw};
use crate::report::prelude::*;

const TOOL: &str = "Sysdig";
const CLASSES: &[Class] = &[Class::Container, Class::Sca];
const IDENTITY: &str = "vulnerability, package and image or file";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "sysdig-cli-json",
        title: "sysdig-cli-scanner JSON",
        classes: CLASSES,
        items: "vulnerabilities of all packages",
        severity: "`severity`, then CVSS",
        identity: IDENTITY,
        checked: "DefectDojo's parser; the newer schema is written from its documentation",
        detect: |shape| {
            let result = shape.json().get("result");
            (result.has("packages") && (result.has("metadata") || shape.has(&["scanner", "info"]))).into()
        },
        parse: scanner,
    },
    Format {
        name: "sysdig-report-json",
        title: "Sysdig vulnerability report JSON",
        classes: CLASSES,
        items: "rows of all `panels`, or elements of `data`",
        severity: "`vuln_severity`, then CVSS",
        identity: IDENTITY,
        checked: "DefectDojo's parser",
        detect: |shape| {
            let doc = shape.json();
            let newer = doc.at("panels.0.data.0").has("vuln_id") || doc.has_all(&["panels", "schedule", "zones"]);
            (newer || doc.at("data.0").has_all(&["vulnName", "packageName"])).into()
        },
        parse: report,
    },
    Format {
        name: "sysdig-csv",
        title: "Sysdig vulnerability report CSV, and that of sysdig-cli-scanner",
        classes: CLASSES,
        items: "rows",
        severity: "`Severity`, then CVSS",
        identity: IDENTITY,
        checked: "DefectDojo's parsers",
        detect: |shape| {
            let of = |id: &str, severity: &str| {
                shape.columns(&[id, severity, "Package name", "Package version", "Package type"])
            };
            (of("Vulnerability ID", "Severity") || of("CVE ID", "CVE Severity")).into()
        },
        parse: csv,
    },
];

fn scanner(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, CLASSES);
    reading.version(doc.at("scanner.version").text());
    let result = doc.get("result");
    let image = result.at("metadata.pullString").text().or_else(|| result.at("metadata.imageId").text());
    let distro = result.at("metadata.baseOs").or_empty();
    match result.get("packages") {
        Node::Object(packages) => {
            let known = result.get("vulnerabilities").entries().iter();
            let known: HashMap<&str, &Node<'_>> = known.map(|(id, found)| (id.as_ref(), found)).collect();
            for (_, package) in packages {
                let package = image::object(package, "A package")?;
                for id in package.results_or_none("vulnerabilitiesRefs")? {
                    let found = known.get(id.or_empty()).copied().unwrap_or(&Node::Null);
                    let found = image::object(found, "A vulnerability that a package refers to")?;
                    reading.add(of_package(found, package, image, distro));
                }
            }
        }
        _ => {
            for package in doc.results("result.packages")? {
                let package = image::object(package, "A package")?;
                for found in package.results_or_none("vulns")? {
                    reading.add(of_package(image::object(found, "A vulnerability")?, package, image, distro));
                }
            }
        }
    }
    reading.done()
}

fn of_package(found: &Node<'_>, package: &Node<'_>, image: Option<&str>, distro: &str) -> Draft {
    let text = |keys: [&str; 2]| keys.into_iter().find_map(|k| found.get(k).text());
    let mut draft = Flaw {
        id: found.get("name").or_empty(),
        description: found.get("description").text(),
        name: package.get("name").text(),
        version: package.get("version").text(),
        kind: package.get("type").or_empty(),
        distro,
        image,
        path: package.get("path").text(),
        fixed: text(["fixedInVersion", "fixVersion"]),
        ..Flaw::default()
    }
    .draft();
    draft.rated(found.at("severity.value").text().or_else(|| found.get("severity").text()));
    let cvss = found.get("cvssScore");
    let cvss = if cvss.get("value").is_object() { cvss.get("value") } else { cvss };
    draft.cvss = Cvss::of(cvss.get("score").score(), cvss.get("vector").text());
    draft.exploited = !found.get("cisaKev").is_null();
    draft.epss = found.at("epssScore.score").score().or_else(|| found.at("epssScore.value.score").score());
    draft.say("Suggested version of the package", package.get("suggestedFix").text());
    let accepted = found.get("acceptedRisks").items().len() + found.get("riskAcceptRefs").items().len();
    draft.suppressed = (accepted > 0).then(|| "the risk is accepted in Sysdig".to_owned());
    draft.url = found.get("link").owned();
    draft
}

/// Where a row of a report says something, whatever its schema.
struct Row<'r> {
    get: &'r dyn Fn(&[&str]) -> Option<&'r str>,
}

impl Row<'_> {
    fn draft(&self) -> Draft {
        let cell = |names: &[&str]| (self.get)(names);
        let mut draft = Flaw {
            id: cell(&["vuln_id", "vulnName", "Vulnerability ID", "CVE ID"]).unwrap_or_default(),
            name: cell(&["scan_package_name", "packageName", "Package name"]),
            version: cell(&["scan_package_version", "packageVersion", "Package version"]),
            kind: cell(&["scan_package_type", "packageType", "Package type"]).unwrap_or_default(),
            distro: cell(&["container_image_distro", "osName", "OS Name"]).unwrap_or_default(),
            image: cell(&["container_image", "imagePullString", "Image", "container_image_id", "imageId", "Image ID"]),
            path: cell(&["scan_package_path", "packagePath", "Package path"]),
            fixed: cell(&["vuln_fixed_in_version", "vulnFixVersion", "Fix version"]),
            ..Flaw::default()
        }
        .draft();
        draft.rated(cell(&["vuln_severity", "vulnSeverity", "Severity", "CVE Severity"]));
        let score = cell(&["vuln_cvss_score", "vulnCvssScore", "CVSS score"]).and_then(|s| s.parse().ok());
        draft.cvss = Cvss::of(score, cell(&["vuln_cvss_vector", "vulnCvssVector", "CVSS vector"]));
        draft.url = cell(&["vuln_link", "vulnLink", "Vuln link", "CVE URL"]).map(str::to_owned);
        draft.epss = cell(&["vuln_epss_score", "EPSS score"]).and_then(|s| s.parse().ok());
        draft.exploited = cell(&["vuln_cisa_kev_publish_date"]).is_some();
        let yes = |names: &[&str]| cell(names).is_some_and(|c| c.eq_ignore_ascii_case("true"));
        draft.suppressed =
            yes(&["vuln_risk_accepted", "Risk accepted"]).then(|| "the risk is accepted in Sysdig".to_owned());
        let place: [&[&str]; 5] = [
            &["kubernetes_cluster_name", "k8sClusterName", "K8S cluster name"],
            &["kubernetes_namespace_name", "k8sNamespaceName", "K8S namespace name"],
            &["kubernetes_workload_type", "k8sWorkloadType", "K8S workload type"],
            &["kubernetes_workload_name", "k8sWorkloadName", "K8S workload name"],
            &["kubernetes_pod_container_name", "k8sPodContainerName", "K8S container name"],
        ];
        let place: Vec<&str> = place.iter().filter_map(|names| cell(names)).collect();
        draft.logical = Some(place.join("/")).filter(|p| !p.is_empty());
        draft.say("Suggested version of the package", cell(&["packageSuggestedFix", "Package suggested fix"]));
        if yes(&["vuln_has_exploit", "vulnExploitable", "Public Exploit"]) {
            draft.say("", Some("An exploit is public."));
        }
        draft
    }
}

fn report(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, CLASSES);
    let mut tables = Vec::new();
    if doc.has("panels") {
        for panel in doc.results("panels")? {
            tables.push(image::object(panel, "A panel")?.results_or_none("data")?);
        }
        if tables.is_empty() {
            reading.not_assessed("Sysdig's report has no panel.");
        }
    } else {
        tables.push(doc.results("data")?);
    }
    for found in tables.into_iter().flatten() {
        let found = image::object(found, "A row")?;
        reading.add(Row { get: &|names| names.iter().find_map(|n| found.get(n).text()) }.draft());
    }
    reading.done()
}

fn csv(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let table = table::read(input.text)?;
    let mut reading = Reading::new(input, TOOL, CLASSES);
    for (number, row) in table.iter().enumerate() {
        let id = row.first(&["Vulnerability ID", "CVE ID"]).unwrap_or_default();
        if words::severity(id).is_some() {
            let (id, row) = (crate::text::line(id), number + 1);
            return Err(Unreadable(format!(
                "The cells of row {row} do not stand below their columns: its id is {id}."
            )));
        }
        reading.add(Row { get: &|names| row.first(names) }.draft());
    }
    reading.done()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn all_schemas_say_the_same() {
        let old = r#"{"scanner": {"version": "1"}, "info": {}, "result": {"metadata": {"pullString": "pay:1", "baseOs": "debian 12"}, "packages": [
            {"type": "os", "name": "curl", "version": "7", "vulns": [{"name": "CVE-2024-1", "severity": {"value": "Negligible"}, "fixedInVersion": "8",
             "cvssScore": {"value": {"score": 7.5}}}]}, {"type": "os", "name": "x", "vulns": null}]}}"#;
        let new = r#"{"scanner": {}, "info": {}, "result": {"metadata": {"pullString": "pay:1", "baseOs": "debian 12"}, "packages": {
            "p": {"type": "os", "name": "curl", "version": "7", "vulnerabilitiesRefs": ["v"]}},
            "vulnerabilities": {"v": {"name": "CVE-2024-1", "severity": "negligible", "fixVersion": "8", "cvssScore": {"score": 7.5}}}}}"#;
        let panels = r#"{"panels": [{"data": [{"container_image": "pay:1", "container_image_distro": "debian 12", "scan_package_name": "curl",
            "scan_package_type": "OS", "scan_package_version": "7", "vuln_id": "CVE-2024-1", "vuln_severity": "Negligible",
            "vuln_cvss_score": 7.5, "vuln_fixed_in_version": "8"}]}]}"#;
        let data = r#"{"data": [{"imagePullString": "pay:1", "osName": "debian 12", "packageName": "curl", "packageType": "os", "packageVersion": "7",
            "vulnName": "CVE-2024-1", "vulnSeverity": "Negligible", "vulnCvssScore": 7.5, "vulnFixVersion": "8"}]}"#;
        let csv = "Vulnerability ID,Severity,Package name,Package version,Package type,Package path,Image,OS Name,CVSS score,Fix version\n\
            CVE-2024-1,Negligible,curl,7,os,,pay:1,debian 12,7.5,8\n";
        let all = [(old, "sysdig-cli-json"), (new, "sysdig-cli-json"), (panels, "sysdig-report-json")];
        for (text, format) in all.into_iter().chain([(data, "sysdig-report-json"), (csv, "sysdig-csv")]) {
            let report = read("s", text.as_bytes(), None);
            assert_eq!((report.format, report.status, report.raw_items), (format, ReportStatus::Ok, 1), "{text}");
            let f = &report.findings[0];
            assert_eq!((f.class, f.severity, f.place().as_str()), (Class::Container, Severity::Info, "pay:1"));
            let package = f.package.as_ref().unwrap();
            assert_eq!((package.purl.as_ref().unwrap().raw(), package.fixed[0].raw()), ("pkg:deb/debian/curl@7", "8"));
            assert_eq!(f.scores.as_ref().unwrap().cvss.as_ref().unwrap().raw(), "7.5");
        }
    }

    #[test]
    fn other_types_are_errors() {
        let of = |packages: &str| {
            let text = format!(r#"{{"result": {{"metadata": {{}}, "packages": {packages}}}}}"#);
            read("s", text.as_bytes(), None).status
        };
        assert_eq!((of("[]"), of("{}")), (ReportStatus::Empty, ReportStatus::Empty));
        assert_eq!(
            (of("null"), of("[1]"), of(r#"{"p": {"vulnerabilitiesRefs": ["lost"]}}"#)),
            (ReportStatus::Error, ReportStatus::Error, ReportStatus::Error)
        );
        assert_eq!(read("s", br#"{"panels": []}"#, Some("sysdig-report-json")).status, ReportStatus::NotAssessed);
    }

    #[test]
    fn shifted_cells_are_an_error() {
        let text =
            "Vulnerability ID,Severity,Package name,Package version,Package type\nHigh,runc,v1.1.0,golang,/bin/x\n";
        let report = read("s", text.as_bytes(), None);
        assert_eq!(report.status, ReportStatus::Error);
        assert!(report.reason.unwrap().raw().contains("row 1"));
    }
}
