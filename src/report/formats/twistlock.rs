//! Prisma Cloud Compute, once Twistlock: `twistcli images scan`, in JSON and CSV, and images by the API of the console.
//!
//! The severity is the distribution's: important, moderate and unimportant beside the usual words. A package of source is
//! told with the packages made from it: `glibc (used in libc6, libc-bin)`.

use std::collections::HashMap;

use super::counts;
use super::image::{self, Flaw};
use crate::report::prelude::*;

const TOOL: &str = "Prisma Cloud";
const CLASSES: &[Class] = &[Class::Container, Class::Sca];
const SEVERITY: &str = "`severity`: important is high, moderate medium, unimportant info; then CVSS";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "twistlock-json",
        title: "Prisma Cloud (Twistlock) image scan JSON",
        classes: CLASSES,
        items: "vulnerabilities and compliance issues of all results",
        severity: SEVERITY,
        identity: "vulnerability, package and image; number of the compliance check and image",
        checked: "DefectDojo's parser",
        detect,
        parse: json,
    },
    Format {
        name: "twistlock-csv",
        title: "Prisma Cloud (Twistlock) image scan CSV",
        classes: CLASSES,
        items: "rows",
        severity: SEVERITY,
        identity: "vulnerability, package and image; number of the compliance check and image",
        checked: "DefectDojo's parser",
        detect: |shape| {
            (shape.columns(&["CVE ID", "Compliance ID", "Severity"]) && !shape.columns(&["Vulnerability ID"])).into()
        },
        parse: csv,
    },
];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    // Of a code repository there is one result, and it is the report.
    let of_code = || doc.has_all(&["repository", "vulnerabilities"]) && doc.has_any(&["packages", "passed"]);
    let told =
        ["vulnerabilityDistribution", "complianceDistribution", "vulnerabilityScanPassed", "complianceScanPassed"];
    let scan = |n: &Node<'_>| told.iter().any(|k| n.has(k)) && (n.has("id") || n.has("_id"));
    let of_host = || doc.has("consoleURL") && doc.has("results");
    let beside = || {
        let inner = doc.at("0.results.0");
        doc.at("0.entityInfo").is_object() && inner.has_any(&["vulnerabilities", "compliances"])
    };
    (scan(doc.at("results.0"))
        || scan(doc.at("0"))
        || scan(doc.at("0.entityInfo"))
        || of_host()
        || beside()
        || of_code())
    .into()
}

fn json(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, CLASSES);
    let results = match &doc {
        Node::List(results) => results.as_slice(),
        one if one.has("repository") && !one.has("results") => std::slice::from_ref(one),
        whole => whole.results("results")?,
    };
    for result in results {
        let result = image::object(result, "A result")?;
        // Scans of pipelines, by the API, have what was scanned within them.
        let about = if result.has("entityInfo") { result.get("entityInfo") } else { result };
        let name = ["name", "repoTag.fullName", "instances.0.image", "hostname", "repository", "id", "_id"];
        let image = name.iter().find_map(|k| about.at(k).text());
        if result.has("entityInfo") && result.has("results") {
            for one in result.results_or_none("results")? {
                listed(&mut reading, image::object(one, "A result")?, about, image)?;
            }
        } else {
            listed(&mut reading, about, about, image)?;
        }
    }
    if results.is_empty() {
        reading.not_assessed("Prisma Cloud looked at no image: the report has no results.");
    }
    reading.done()
}

/// What is listed of one image; `about` is what says of which.
fn listed(
    reading: &mut Reading<'_>,
    result: &Node<'_>,
    about: &Node<'_>,
    image: Option<&str>,
) -> Result<(), Unreadable> {
    let before = reading.items();
    let files = files(result);
    for found in result.results_or_none("vulnerabilities")? {
        let mut draft = vulnerability(image::object(found, "A vulnerability")?, about, image);
        if result.has("repository") {
            draft.class = Class::Sca;
            let of = |key: &str| found.get(key).or_empty();
            draft.path = files.get(&(of("packageName"), of("packageVersion"))).map(|p| (*p).to_owned()).or(draft.path);
        }
        reading.add(draft);
    }
    let flaws = reading.items();
    for key in ["compliances", "complianceIssues"] {
        for found in result.results_or_none(key)? {
            reading.add(compliance(image::object(found, "A compliance issue")?, image));
        }
    }
    unlisted(reading, result, before, flaws);
    Ok(())
}

/// Of a code repository the file that names each package, by its name and version.
fn files<'n>(result: &'n Node<'_>) -> HashMap<(&'n str, &'n str), &'n str> {
    let packages = if result.has("repository") { result.get("packages").items() } else { &[] };
    let of = |p: &'n Node<'_>| Some(((p.get("name").text()?, p.get("version").or_empty()), p.get("path").text()?));
    packages.iter().filter_map(of).collect()
}

/// The console's API leaves the lists out where a short answer was asked for, and counts what would be in them.
fn unlisted(reading: &mut Reading<'_>, result: &Node<'_>, before: u32, flaws: u32) {
    let counted = |counts: &str, number: &str, passed: &str| {
        let refused = u32::from(result.get(passed).text() == Some("false"));
        counts::sum(result.get(counts)).max(result.get(number).number().unwrap_or(0)).max(refused)
    };
    let open = counted("vulnerabilityDistribution", "vulnerabilitiesCount", "vulnerabilityScanPassed");
    if flaws == before && open > 0 {
        reading.not_assessed(format!("Prisma Cloud counts {open} vulnerabilities, and the report lists none of them."));
    }
    let open = counted("complianceDistribution", "complianceIssuesCount", "complianceScanPassed");
    counts::compare(reading, TOOL, before, open, "compliance issues");
    if reading.items() == flaws && open > 0 {
        reading.remark(format!("Prisma Cloud counts {open} compliance issues, and the report lists none of them."));
    }
}

/// The name of a package without the packages that are made from it.
fn bare(name: &str) -> &str {
    name.split(" (used in").next().unwrap_or(name).trim()
}

fn vulnerability(found: &Node<'_>, result: &Node<'_>, image: Option<&str>) -> Draft {
    let text = |keys: [&str; 2]| keys.into_iter().find_map(|k| found.get(k).text());
    let name = text(["packageName", "packageName"]);
    let status = text(["status", "fixStatus"]);
    let mut draft = Flaw {
        id: text(["id", "cve"])
            .filter(|i| i.parse::<u64>().is_err())
            .or_else(|| found.get("cve").text())
            .unwrap_or_default(),
        description: found.get("description").text(),
        name: name.map(bare),
        version: found.get("packageVersion").text(),
        kind: found.get("packageType").text().or_else(|| found.get("type").text()).unwrap_or_default(),
        distro: result.get("distro").or_empty(),
        image,
        path: text(["packagePath", "path"]),
        fixed: status.filter(|s| s.to_ascii_lowercase().starts_with("fixed in")),
        ..Flaw::default()
    }
    .draft();
    // What Prisma Cloud has a path of is a file, not a package of the system.
    if let Some(path) = text(["packagePath", "path"])
        && draft.class == Class::Container
    {
        draft.class = Class::Sca;
        draft.path = Some(path.trim_start_matches('/').to_owned());
    }
    draft.rated(found.get("severity").text());
    draft.cvss = Cvss::of(found.get("cvss").score(), text(["vector", "vecStr"]));
    draft.url = found.get("link").owned();
    draft.say("Status", status);
    draft.say("Packages", name.filter(|n| bare(n) != *n));
    let factors = found.get("riskFactors");
    draft.exploited = factors
        .entries()
        .iter()
        .map(|(k, _)| k.as_ref())
        .chain(factors.texts())
        .any(|f| f.starts_with("Exploit exists - in the wild"));
    draft.epss = found.get("epssScore").score();
    draft
}

fn compliance(found: &Node<'_>, image: Option<&str>) -> Draft {
    let mut draft = Draft::new(Class::Container);
    draft.rule = found.get("id").text().map(|id| format!("compliance {id}")).unwrap_or_default();
    draft.title = found.get("title").owned().unwrap_or_default();
    draft.detail = found.get("description").text().unwrap_or(&draft.title).to_owned();
    draft.say("Cause", found.get("cause").text());
    draft.say("Category", found.get("category").text());
    draft.path = image.map(str::to_owned);
    draft.logical =
        Some(format!("{} {}", crate::domain::dedup::normalise_image(image.unwrap_or_default()), draft.rule));
    draft.rated(found.get("severity").text());
    draft
}

fn csv(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let table = table::read(input.text)?;
    let mut reading = Reading::new(input, TOOL, CLASSES);
    for row in table.iter() {
        reading.add(of_row(&row));
    }
    reading.done()
}

fn of_row(row: &table::Row<'_>) -> Draft {
    let mut image = [row.get("Registry"), row.get("Repository")].into_iter().flatten().collect::<Vec<_>>().join("/");
    if let Some(tag) = row.get("Tag") {
        image = format!("{image}:{tag}");
    }
    let place = Some(image).filter(|i| !i.is_empty()).or_else(|| row.first(&["Hostname", "Id"]).map(str::to_owned));
    let name = row.first(&["Packages", "Package Name"]);
    let Some(id) = row.get("CVE ID") else { return of_compliance(row, place) };
    let status = row.get("Fix Status");
    let mut draft = Flaw {
        id,
        description: row.get("Description"),
        name: name.map(bare),
        version: row.get("Package Version"),
        distro: row.or_empty("Distro"),
        image: place.as_deref(),
        fixed: status.filter(|s| s.to_ascii_lowercase().starts_with("fixed in")),
        ..Flaw::default()
    }
    .draft();
    draft.rated(row.get("Severity"));
    draft.cvss = Cvss::of(row.score("CVSS"), None);
    draft.url = row.first(&["Vulnerability Link", "Link"]).map(str::to_owned);
    draft.say("Status", status);
    draft.say("Packages", name.filter(|n| bare(n) != *n));
    draft
}

fn of_compliance(row: &table::Row<'_>, place: Option<String>) -> Draft {
    let mut draft = Draft::new(Class::Container);
    draft.rule = row.get("Compliance ID").map(|id| format!("compliance {id}")).unwrap_or_default();
    row.or_empty("Description").clone_into(&mut draft.detail);
    draft.say("Cause", row.get("Cause"));
    draft.path = place;
    draft.rated(row.get("Severity"));
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn vulnerabilities_and_compliance_issues_are_read() {
        let text = r#"{"results": [{"id": "sha256:1", "name": "pay:1", "distro": "Debian GNU/Linux 12", "vulnerabilityDistribution": {"total": 2},
            "vulnerabilities": [
             {"id": "CVE-2024-1", "severity": "important", "packageName": "glibc (used in libc6)", "packageVersion": "2.36", "status": "fixed in 2.37, 2.38",
              "cvss": 7.5, "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"},
             {"id": "CVE-2024-2", "severity": "moderate", "packageName": "x", "packagePath": "/opt/x.jar", "status": "open"}],
            "compliances": [{"id": 41, "title": "Image runs as root", "severity": "high"}]}]}"#;
        let report = read("t", text.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("twistlock-json", ReportStatus::Ok, 3));
        let (os, jar, root) = (&report.findings[0], &report.findings[1], &report.findings[2]);
        assert_eq!((os.severity, os.place().as_str()), (Severity::High, "pay:1"));
        let package = os.package.as_ref().unwrap();
        assert_eq!((package.name.raw(), package.fixed.len()), ("glibc", 2));
        assert_eq!((jar.class, jar.severity, jar.place().as_str()), (Class::Sca, Severity::Medium, "opt/x.jar"));
        assert_eq!((root.rule.raw(), root.severity), ("compliance 41", Severity::High));
    }

    #[test]
    fn a_code_repository_is_one_result() {
        let of = |found: &str| {
            format!(
                r#"{{"repository": "pay", "passed": false, "packages": [{{"type": "nodejs", "name": "qs", "version": "6.2.0", "path": "web/package-lock.json"}}],
            "complianceIssues": null, "vulnerabilities": {found}, "vulnerabilityDistribution": {{"critical": 0, "total": 0}}}}"#
            )
        };
        let found = r#"[{"id": "CVE-2017-1000048", "status": "fixed in 6.2.3", "cvss": 7.5, "severity": "high", "packageName": "qs", "packageVersion": "6.2.0"}]"#;
        let report = read("t", of(found).as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("twistlock-json", ReportStatus::Ok, 1));
        let f = &report.findings[0];
        assert_eq!((f.class, f.severity, f.place().as_str()), (Class::Sca, Severity::High, "web/package-lock.json"));
        assert_eq!(f.package.as_ref().unwrap().fixed[0].raw(), "6.2.3");
        assert_eq!(read("t", of("[]").as_bytes(), None).status, ReportStatus::Empty);
    }

    #[test]
    fn a_table_is_read() {
        let text = "Registry,Repository,Tag,Id,Distro,CVE ID,Compliance ID,Type,Severity,Packages,Package Version,CVSS,Fix Status,Description,Cause\n\
            r.example,pay,1,sha256:1,debian,CVE-2024-1,46,OS,moderate,curl,7,6.5,fixed in 8,Bad.,\nr.example,pay,1,sha256:1,debian,,41,image,high,,,0,,Image runs as root,uid 0\n";
        let report = read("t", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("twistlock-csv", 2, 2));
        let f = &report.findings[0];
        assert_eq!((f.severity, f.place().as_str(), f.rule.raw()), (Severity::Medium, "r.example/pay:1", "CVE-2024-1"));
        assert_eq!(report.findings[1].rule.raw(), "compliance 41");
    }

    #[test]
    fn no_result_is_not_assessed() {
        let status = |text: &str| read("t", text.as_bytes(), Some("twistlock-json")).status;
        assert_eq!(status(r#"{"results": []}"#), ReportStatus::NotAssessed);
        assert_eq!(status(r#"{"results": [{"id": "a", "vulnerabilities": null}]}"#), ReportStatus::Empty);
        for counted in
            [r#""vulnerabilityDistribution": {"critical": 4, "total": 12}"#, r#""vulnerabilityScanPassed": false"#]
        {
            let text = format!(
                r#"{{"results": [{{"id": "a", "vulnerabilities": null, "compliances": [{{"id": 1}}], {counted}}}]}}"#
            );
            assert_eq!(status(&text), ReportStatus::NotAssessed);
        }
        assert_eq!(status(r#"{"results": [{"id": "a", "vulnerabilities": {}}]}"#), ReportStatus::Error);
    }

    #[test]
    fn results_may_stand_beside_what_they_are_of() {
        let text = r#"[{"entityInfo": {"type": "image", "id": "sha256:9", "name": "pay:1", "distro": "Ubuntu 22.04"}, "results": [{"vulnerabilities": [
            {"id": "CVE-2024-7", "severity": "high", "packageName": "curl", "packageVersion": "7.1", "status": "fixed in 7.2"}],
            "compliances": [{"id": 41, "title": "Not as root", "severity": "medium"}]}]}]"#;
        let report = read("t", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("twistlock-json", 2, 2));
        let f = &report.findings[0];
        assert_eq!((f.severity, f.place().as_str(), f.rule.raw()), (Severity::High, "pay:1", "CVE-2024-7"));
    }
}
