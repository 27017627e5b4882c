//! Grype JSON: `grype -o json`, of images, directories and SBOMs. What is ignored by a rule stands in a list of its own.

mod templates;

use super::image::{self, Flaw};
use crate::report::prelude::*;

const TOOL: &str = "Grype";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "grype-json",
        title: "Grype JSON, schema 1 to 16",
        classes: &[Class::Container, Class::Sca],
        items: "elements of `matches`, and of `ignoredMatches`",
        severity: "`vulnerability.severity`, then CVSS",
        identity: "vulnerability, package and place",
        checked: "DefectDojo's and Jenkins' parsers",
        detect,
        parse,
    },
    templates::JUNIT,
    templates::CSV,
];

fn detect(shape: &Shape<'_>) -> Fit {
    let doc = shape.json();
    let named = doc.at("descriptor.name").text() == Some("grype");
    (doc.has("matches") && (named || doc.at("matches.0").has_all(&["vulnerability", "artifact"]))).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::parse(input.text)?;
    let source = Source::of(&doc);
    let classes: &[Class] = if source.image.is_some() { &[Class::Container, Class::Sca] } else { &[Class::Sca] };
    let mut reading = Reading::new(input, TOOL, classes);
    reading.version(doc.at("descriptor.version").text());
    // Older versions write null where they found nothing.
    let matches = if doc.has("matches") { doc.results_or_none("matches")? } else { doc.results("matches")? };
    for found in matches {
        reading.add(draft(image::object(found, "A match")?, &source));
    }
    for found in doc.results_or_none("ignoredMatches")? {
        let mut draft = draft(image::object(found, "An ignored match")?, &source);
        draft.suppressed = Some(why_ignored(found));
        reading.add(draft);
    }
    reading.done()
}

/// What was looked at.
struct Source<'d> {
    image: Option<&'d str>,
    distro: String,
}

impl<'d> Source<'d> {
    fn of(doc: &'d Node<'_>) -> Self {
        let target = doc.at("source.target");
        let input = target.get("userInput").text().map(without_scheme);
        // An image may be asked for by its number alone.
        let number = |t: &str| t.len() >= 12 && t.bytes().all(|b| b.is_ascii_hexdigit());
        let name = match input {
            Some(input) if number(input.trim_start_matches("sha256:")) => target.at("tags.0").text().or(Some(input)),
            other => other.or_else(|| target.at("tags.0").text()).or_else(|| target.get("imageID").text()),
        };
        let image = doc.at("source.type").text().is_some_and(|t| t.eq_ignore_ascii_case("image"));
        Self {
            image: if image { name } else { None },
            distro: format!("{}:{}", doc.at("distro.name").or_empty(), doc.at("distro.version").or_empty()),
        }
    }
}

fn without_scheme(input: &str) -> &str {
    let schemes = ["docker:", "podman:", "containerd:", "docker-archive:", "oci-archive:", "oci-dir:", "singularity:"];
    schemes.iter().find_map(|s| input.strip_prefix(s)).unwrap_or(input)
}

fn draft(found: &Node<'_>, source: &Source<'_>) -> Draft {
    let (flaw, artifact) = (found.get("vulnerability"), found.get("artifact"));
    let related = found.get("relatedVulnerabilities").items();
    let place = artifact.at("locations.0");
    let path = place.get("path").text().or(place.text());
    let fixed: Vec<&str> = flaw.at("fix.versions").texts().chain(flaw.get("fixedInVersion").text()).collect();
    let fixed = fixed.join(",");
    // Of a program's own words Grype takes what stands between zeros, and the zeros with them.
    let version = artifact.get("version").text().map(|v| v.replace('\0', ""));
    let mut draft = Flaw {
        id: flaw.get("id").or_empty(),
        description: flaw
            .get("description")
            .text()
            .or_else(|| related.iter().find_map(|r| r.get("description").text())),
        name: artifact.get("name").text(),
        version: version.as_deref(),
        kind: artifact.get("type").or_empty(),
        distro: &source.distro,
        purl: artifact.get("purl").text(),
        image: source.image,
        path,
        fixed: Some(&fixed),
        ..Flaw::default()
    }
    .draft();
    if source.image.is_none() {
        // Of a folder there is no image: the place is the file, whatever the package.
        draft.path = path.map(str::to_owned);
    }
    draft.rated(flaw.get("severity").text());
    draft.vulnerabilities.extend(related.iter().flat_map(|r| words::vulnerability_ids(r.get("id").or_empty())));
    // Advisories that mend several vulnerabilities name them apart.
    let advised = flaw.get("advisories").items().iter().flat_map(|a| words::vulnerability_ids(a.get("id").or_empty()));
    draft.vulnerabilities.extend(advised);
    let all = || std::iter::once(flaw).chain(related);
    draft.cvss = image::best(all().flat_map(|v| v.get("cvss").items()).map(score));
    draft.cwe = all()
        .flat_map(|v| v.get("cwes").items())
        .flat_map(|c| words::cwe_numbers(c.get("cwe").text().or(c.text()).unwrap_or_default()))
        .collect();
    draft.epss = all().flat_map(|v| v.get("epss").items()).find_map(|e| e.get("epss").score());
    draft.exploited = all().any(|v| !v.get("knownExploited").items().is_empty());
    draft.url = flaw.get("dataSource").owned().or_else(|| flaw.at("urls.0").owned());
    draft.say("Fix", flaw.at("fix.state").text().filter(|s| *s != "unknown"));
    draft
}

fn score(cvss: &Node<'_>) -> Cvss {
    Cvss::of(cvss.at("metrics.baseScore").score(), cvss.get("vector").text())
}

fn why_ignored(found: &Node<'_>) -> String {
    let keys = ["reason", "vex-status", "vex-justification", "vulnerability", "namespace", "fix-state", "match-type"];
    let rules = found.get("appliedIgnoreRules").items().iter();
    let said: Vec<String> =
        rules.flat_map(|rule| keys.iter().filter_map(|k| Some(format!("{k} {}", rule.get(k).text()?)))).collect();
    if said.is_empty() { "ignored by a rule".to_owned() } else { format!("ignored by a rule: {}", said.join(", ")) }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn matches_become_findings_at_the_place_where_trivy_has_them() {
        let text = r#"{"matches": [
          {"vulnerability": {"id": "CVE-2024-1", "severity": "Negligible", "dataSource": "https://a.example", "description": "Bad.",
            "cvss": [{"version": "2.0", "vector": "AV:N/AC:L/Au:N/C:P/I:N/A:N", "metrics": {"baseScore": 5}},
                     {"version": "3.1", "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", "metrics": {"baseScore": 7.5}}],
            "epss": [{"epss": 0.42}], "knownExploited": [{"cve": "CVE-2024-1"}], "fix": {"versions": ["2", "3"], "state": "fixed"}},
           "artifact": {"name": "zlib", "version": "1", "type": "deb", "purl": "pkg:deb/debian/zlib@1", "locations": [{"path": "/var/lib/dpkg/status"}]}},
          {"vulnerability": {"id": "GHSA-aaaa-bbbb-cccc", "severity": "High"}, "relatedVulnerabilities": [{"id": "CVE-2024-2"}],
           "artifact": {"name": "flask", "version": "1", "type": "python", "locations": [{"path": "/app/flask/METADATA"}]}}],
         "ignoredMatches": [{"vulnerability": {"id": "CVE-2024-3", "severity": "Low"}, "artifact": {"name": "x", "type": "apk"},
           "appliedIgnoreRules": [{"reason": "not used", "vulnerability": "CVE-2024-3"}]}],
         "source": {"type": "image", "target": {"userInput": "docker:pay:1", "tags": []}}, "distro": {"name": "debian", "version": "12"},
         "descriptor": {"name": "grype", "version": "0.90.0"}}"#;
        let report = read("g", text.as_bytes(), None);
        assert_eq!((report.format, report.status, report.raw_items), ("grype-json", ReportStatus::Ok, 3));
        assert_eq!(report.classes, [Class::Sca, Class::Container]);
        let (os, library, ignored) = (&report.findings[0], &report.findings[1], &report.findings[2]);
        assert_eq!((os.severity, os.place().as_str(), os.rule.raw()), (Severity::Info, "pay:1", "CVE-2024-1"));
        let scores = os.scores.as_ref().unwrap();
        assert_eq!((scores.cvss.as_ref().unwrap().raw(), scores.exploited), ("7.5", true));
        assert_eq!(os.package.as_ref().unwrap().fixed.len(), 2);
        assert_eq!((library.class, library.place().as_str()), (Class::Sca, "app/flask/METADATA"));
        assert_eq!(library.cves().collect::<Vec<_>>(), ["CVE-2024-2"]);
        assert!(ignored.suppressed.as_ref().unwrap().raw().contains("not used"));
    }

    #[test]
    fn no_matches_are_clean_and_other_types_an_error() {
        let of = |matches: &str| {
            let text = format!(r#"{{"matches": {matches}, "source": {{}}, "descriptor": {{"name": "grype"}}}}"#);
            read("g", text.as_bytes(), None).status
        };
        assert_eq!((of("[]"), of("null")), (ReportStatus::Empty, ReportStatus::Empty));
        for other in ["{}", "[1]"] {
            assert_eq!(of(other), ReportStatus::Error, "{other}");
        }
    }
}
