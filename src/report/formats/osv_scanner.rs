//! OSV-Scanner JSON, versions 1 and 2. One vulnerability stands in it once for each database that knows it; those of one
//! package that name the same CVEs are one finding.

use std::collections::HashMap;

use crate::report::prelude::*;

const TOOL: &str = "OSV-Scanner";
/// Ecosystems that are package managers of operating systems.
const SYSTEMS: [&str; 16] = [
    "alpine",
    "debian",
    "ubuntu",
    "rocky linux",
    "almalinux",
    "red hat",
    "suse",
    "opensuse",
    "wolfi",
    "chainguard",
    "photon os",
    "mageia",
    "openeuler",
    "azure linux",
    "minimos",
    "echo",
];

pub(super) const FORMATS: &[Format] = &[Format {
    name: "osv-scanner-json",
    title: "OSV-Scanner JSON, versions 1 and 2",
    classes: &[Class::Sca, Class::Container, Class::Licence],
    items: "elements of `vulnerabilities` of all packages, and of `license_violations`",
    severity: "`database_specific.severity`, else CVSS, else the group's `max_severity`",
    identity: "vulnerability, package and lock file",
    checked: "DefectDojo's parser",
    detect,
    parse,
}];

fn detect(shape: &Shape<'_>) -> Fit {
    let first = shape.json().at("results.0");
    let listed = first.get("source").has("path") && first.has("packages");
    (listed || shape.has(&["results", "experimental_config"])).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let mut reading = Reading::new(input, TOOL, &[Class::Sca]);
    // Go writes null for a list without elements, but it always writes the key.
    let results = if doc.has("results") { doc.results_or_none("results")? } else { doc.results("results")? };
    for result in results {
        let place = place(result.get("source"));
        let packages =
            if result.has("packages") { result.results_or_none("packages")? } else { result.results("packages")? };
        for package in packages {
            read_package(package, &place, &mut reading)?;
        }
    }
    if doc.has("image_metadata") {
        reading.assessed(Class::Container);
    }
    if doc.at("experimental_config.licenses.allowlist").is_list() {
        reading.assessed(Class::Licence);
    }
    reading.done()
}

/// The path of a source, without what version 2 writes before it.
fn place(source: &Node<'_>) -> String {
    let path = source.get("path").or_empty();
    let kind = source.get("type").or_empty();
    path.strip_prefix(kind).and_then(|p| p.strip_prefix(':')).unwrap_or(path).to_owned()
}

/// Where a vulnerable package is.
struct Place<'n> {
    class: Class,
    path: &'n str,
    ecosystem: &'n str,
    name: &'n str,
    version: Option<&'n str>,
    commit: Option<&'n str>,
}

fn read_package(package: &Node<'_>, path: &str, reading: &mut Reading<'_>) -> Result<(), Unreadable> {
    let of = package.get("package");
    let ecosystem = of.get("ecosystem").or_empty();
    let system = ecosystem.split(':').next().unwrap_or_default().to_lowercase();
    let is_system = SYSTEMS.contains(&system.as_str());
    let place = Place {
        class: if is_system { Class::Container } else { Class::Sca },
        path,
        ecosystem,
        name: of.get("name").or_empty(),
        version: of.get("version").text(),
        commit: of.get("commit").text(),
    };
    // In the order of their first appearance.
    let mut index: HashMap<Vec<String>, usize> = HashMap::new();
    let mut same: Vec<Vec<&Node<'_>>> = Vec::new();
    for one in package.results_or_none("vulnerabilities")? {
        if !one.is_object() {
            return Err(Unreadable(format!("A vulnerability has to be an object, and is {}.", one.kind())));
        }
        let next = same.len();
        let at = *index.entry(what(one)).or_insert(next);
        match same.get_mut(at) {
            Some(others) => others.push(one),
            None => same.push(vec![one]),
        }
    }
    let scores = group_scores(package);
    for records in &same {
        reading.passed(records.len());
        reading.more(draft(records, &place, &scores));
    }
    for licence in package.results_or_none("license_violations")? {
        reading.add(violation(licence.or_empty(), &place));
    }
    Ok(())
}

/// What a record is of: the CVEs that it names; or, if it names none, the first of its names.
fn what(one: &Node<'_>) -> Vec<String> {
    let all = words::known_as(one.get("id").or_empty(), one.get("aliases").texts());
    let cves: Vec<String> = all.iter().filter(|id| id.starts_with("CVE-")).cloned().collect();
    if cves.is_empty() { all.into_iter().take(1).collect() } else { cves }
}

/// The highest score of each group, by the ids in it.
fn group_scores<'n>(package: &'n Node<'_>) -> HashMap<&'n str, f64> {
    let groups = package.get("groups").items().iter();
    let scored = groups.filter_map(|g| Some((g, g.get("max_severity").score()?)));
    scored.flat_map(|(g, score)| g.get("ids").texts().map(move |id| (id, score))).collect()
}

fn draft(records: &[&Node<'_>], place: &Place<'_>, groups: &HashMap<&str, f64>) -> Draft {
    let mut draft = Draft::new(place.class);
    let ids: Vec<&str> = records.iter().filter_map(|r| r.get("id").text()).collect();
    let own = ids.iter().find(|id| id.starts_with("GHSA-")).or(ids.first()).copied().unwrap_or_default();
    own.clone_into(&mut draft.rule);
    draft.vulnerabilities =
        words::known_as(own, ids.iter().copied().chain(records.iter().flat_map(|r| r.get("aliases").texts())));
    let said = |key: &str| records.iter().find_map(|r| r.get(key).text());
    let name = Some(place.name).filter(|n| !n.is_empty()).or(place.commit).unwrap_or(place.path);
    draft.title = said("summary").map_or_else(|| format!("{own} in {name}"), str::to_owned);
    draft.say("", said("details"));
    draft.say("Commit", place.commit);
    let words = records.iter().filter_map(|r| words::severity(r.at("database_specific.severity").text()?));
    draft.severity = words.min().unwrap_or(Severity::Unknown);
    let vectors = records.iter().flat_map(|r| r.get("severity").items()).filter_map(|s| s.get("score").text());
    let mut scores: Vec<Cvss> = vectors.map(|v| Cvss::of(None, Some(v))).filter(|c| !c.is_empty()).collect();
    // Of several the newest version counts: vectors begin with it.
    scores.sort_by(|a, b| b.vector.cmp(&a.vector));
    let group = ids.iter().find_map(|id| groups.get(id).copied()).filter(|s| *s > 0.0);
    draft.cvss = scores.into_iter().next().unwrap_or_else(|| Cvss::of(group, None));
    let affected = || records.iter().flat_map(|r| r.get("affected").items());
    let cwes = records.iter().map(|r| r.get("database_specific")).chain(affected().map(|a| a.get("database_specific")));
    draft.cwe = cwes
        .flat_map(|d| d.get("cwe_ids").items().iter().chain(d.get("cwes").items()))
        .filter_map(|c| c.text().or(c.get("cweId").text()))
        .flat_map(words::cwe_numbers)
        .collect();
    let mut fixed: Vec<&str> = affected()
        .filter(|a| a.at("package.name").text().is_none_or(|n| n == place.name))
        .flat_map(|a| a.get("ranges").items())
        .filter(|r| r.get("type").text() != Some("GIT"))
        .flat_map(|r| r.get("events").items())
        .filter_map(|e| e.get("fixed").text())
        .collect();
    fixed.sort_unstable();
    fixed.dedup();
    draft.in_ecosystem(place.ecosystem, place.name, place.version, &fixed);
    draft.path = Some(place.path.to_owned());
    draft.url = (!own.is_empty()).then(|| format!("https://osv.dev/{own}"));
    draft
}

fn violation(licence: &str, place: &Place<'_>) -> Draft {
    let mut draft = Draft::new(Class::Licence);
    licence.clone_into(&mut draft.rule);
    draft.title = format!("Licence {licence} of {} is not allowed", place.name);
    draft.in_ecosystem(place.ecosystem, place.name, place.version, &[]);
    draft.path = Some(place.path.to_owned());
    draft
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn records_of_one_vulnerability_are_one_finding() {
        let text = r#"{"results": [{"source": {"path": "lockfile:/src/requirements.txt", "type": "lockfile"}, "packages": [{"package": {"name": "pad", "version": "1.0", "ecosystem": "PyPI"},
            "license_violations": ["GPL-3.0"], "groups": [{"ids": ["GHSA-aaaa-bbbb-cccc"], "max_severity": "9.8"}], "vulnerabilities": [
            {"id": "PYSEC-2023-1", "aliases": ["CVE-2023-1"], "details": "Long."}, {"id": "GHSA-aaaa-bbbb-cccc", "aliases": ["CVE-2023-1"], "summary": "Bad pad",
             "database_specific": {"severity": "MODERATE", "cwe_ids": ["CWE-79"]}, "affected": [{"package": {"name": "pad"}, "ranges": [{"events": [{"introduced": "0"}, {"fixed": "1.1"}]}]}],
             "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L"}]}, {"id": "PYSEC-2023-2"}]}]}]}"#;
        let report = read("o", text.as_bytes(), None);
        assert_eq!((report.format, report.raw_items, report.findings.len()), ("osv-scanner-json", 4, 3));
        let f = &report.findings[0];
        assert_eq!((f.severity, f.rule.raw(), f.cwe.as_slice()), (Severity::Medium, "GHSA-aaaa-bbbb-cccc", &[79][..]));
        assert_eq!((f.place().as_str(), f.vulnerabilities.len()), ("/src/requirements.txt", 3));
        let package = f.package.as_ref().unwrap();
        assert_eq!((package.purl.as_ref().unwrap().raw(), package.fixed[0].raw()), ("pkg:pypi/pad@1.0", "1.1"));
        assert_eq!((report.findings[1].severity, report.findings[2].class), (Severity::Unknown, Class::Licence));
    }

    #[test]
    fn nothing_found_is_clean_and_wrong_types_are_errors() {
        let of = |results: &str| {
            read("o", format!(r#"{{"results": {results}, "experimental_config": {{}}}}"#).as_bytes(), None).status
        };
        assert_eq!((of("[]"), of("{}")), (ReportStatus::Empty, ReportStatus::Error));
        assert_eq!(of(r#"[{"source": {"path": "a"}, "packages": [{"vulnerabilities": [1]}]}]"#), ReportStatus::Error);
        assert_eq!((of("null"), of(r#"[{"source": {"path": "a"}}]"#)), (ReportStatus::Empty, ReportStatus::Error));
    }
}
