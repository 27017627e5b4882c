//! SPDX 2.2 and 2.3, in JSON, as tags with values and in other forms: packages, with links to security advisories about them. SPDX 3.0 in
//! JSON has vulnerabilities and what was said of them.
//!
//! An SPDX document lists packages; nobody looked for vulnerabilities to write it. What it links to counts as a finding.

mod others;
mod three;

use super::sbom::{self, Component};
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "spdx-json",
        title: "SPDX 2.2 and 2.3 JSON",
        classes: &[Class::Sca, Class::Container],
        items: "external references of security advisories, fixes and links, in packages",
        severity: "unknown: SPDX 2 has none",
        identity: "advisory and package",
        checked: "DefectDojo's parser, the examples of the SPDX project, a golden file of Trivy's own tests",
        detect: |shape| {
            let doc = sbom::unwrapped(shape.json());
            doc.get("spdxVersion").or_empty().starts_with("SPDX-").into()
        },
        parse: |input| {
            let doc = Node::parse(input.text)?;
            read(input, sbom::unwrapped(&doc))
        },
    },
    Format {
        name: "spdx-tag-value",
        title: "SPDX 2.1 to 2.3 tags and values",
        classes: &[Class::Sca, Class::Container],
        items: "external references of security advisories, fixes and links, in packages",
        severity: "unknown: SPDX 2 has none",
        identity: "advisory and package",
        checked: "DefectDojo's parser, the examples of the SPDX project",
        detect: |shape| {
            let lines = shape.head.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
            let spdx =
                lines.take(20).any(|l| l.strip_prefix("SPDXVersion:").is_some_and(|v| v.trim().starts_with("SPDX-")));
            // What ScanCode writes is about licences, and read as that.
            (spdx && !shape.head.contains("Tool: scancode-toolkit")).into()
        },
        parse: tags,
    },
    Format {
        name: "spdx3-json",
        title: "SPDX 3.0 JSON-LD",
        classes: &[Class::Sca, Class::Container],
        items: "elements of type Vulnerability; external references of advisories and fixes",
        severity: "CVSS assessments",
        identity: "vulnerability and package",
        checked: "the examples of the SPDX project, which have no vulnerabilities; those are read by its specification",
        detect: three::detect,
        parse: three::parse,
    },
    others::YAML,
    others::XML,
    others::RDF,
];

/// A package with its links to security advisories.
#[derive(Debug, Default)]
struct Package {
    component: Component,
    links: Vec<Link>,
}

/// A reference of the category SECURITY.
#[derive(Debug, Default)]
struct Link {
    /// `advisory`, `fix`, `url`.
    kind: String,
    locator: String,
    comment: Option<String>,
}

impl Package {
    /// Takes an external reference: of a package manager, or about security.
    fn refer(&mut self, category: &str, kind: &str, locator: &str, comment: Option<&str>) {
        // Kinds may be written as links to their definition.
        let kind = kind.rsplit(['/', '#']).next().unwrap_or(kind).to_ascii_lowercase();
        if kind == "purl" {
            self.component.purl.get_or_insert_with(|| locator.to_owned());
        } else if category.eq_ignore_ascii_case("security") && !kind.starts_with("cpe") && kind != "swid" {
            let comment = comment.map(str::to_owned);
            self.links.push(Link { kind, locator: locator.to_owned(), comment });
        }
    }
}

/// The findings of all packages.
fn report(reading: &mut Reading<'_>, packages: &[Package]) {
    if packages.iter().all(|p| p.links.is_empty()) {
        reading.not_assessed(format!(
            "This SPDX document lists {} packages and no vulnerability: nothing was looked up.",
            packages.len()
        ));
    }
    for package in packages {
        let known = |l: &&Link| !words::vulnerability_ids(&l.locator).is_empty();
        // A fix, or a link of any kind, of a vulnerability that an advisory is about is the same finding.
        let mut named: Vec<String> = Vec::new();
        let (first, rest): (Vec<&Link>, Vec<&Link>) = package.links.iter().partition(|l| l.kind == "advisory");
        for link in first.into_iter().chain(rest) {
            let ids = words::vulnerability_ids(&link.locator);
            let is_new = ids.is_empty() || ids.iter().any(|id| !named.contains(id));
            if !is_new || (link.kind != "advisory" && !known(&link)) {
                reading.passed(1);
                continue;
            }
            reading.add(draft(link, ids.first().map(String::as_str), package));
            // Packages have few advisories; a thousand of them are no reason to compare each with each.
            if named.len() < 1000 {
                named.extend(ids);
            }
        }
    }
}

fn draft(link: &Link, id: Option<&str>, package: &Package) -> Draft {
    let mut draft =
        sbom::draft(id.unwrap_or(&link.locator), std::iter::once(link.locator.as_str()), Some(&package.component));
    if id.is_none() {
        // A link is no id of a vulnerability.
        draft.vulnerabilities.clear();
        draft.title = format!("Security advisory about {}", package.component.name);
    }
    draft.say("", Some(&format!("The SPDX document refers to this {}: {}", link.kind, link.locator)));
    draft.say("", link.comment.as_deref());
    draft.url = Some(link.locator.clone()).filter(|l| l.starts_with("http"));
    draft
}

/// The tool that made the document: `Tool: syft-1.50.0`.
fn creator(reading: &mut Reading<'_>, creator: Option<&str>) {
    let Some(tool) = creator.and_then(|c| c.trim().strip_prefix("Tool:")).map(str::trim) else { return };
    let parts = tool.rsplit_once('-').filter(|(_, v)| v.starts_with(|c: char| c.is_ascii_digit() || c == 'v'));
    reading.tool(Some(parts.map_or(tool, |(name, _)| name)));
    reading.version(parts.map(|(_, version)| version));
}

fn read(input: &Input<'_>, doc: &Node<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, "SPDX", &[]);
    creator(&mut reading, doc.at("creationInfo.creators").texts().find(|c| c.starts_with("Tool:")));
    let mut packages = Vec::new();
    for node in doc.results_or_none("packages")? {
        let mut package = Package::default();
        node.get("name").or_empty().clone_into(&mut package.component.name);
        package.component.version = node.get("versionInfo").owned();
        for link in node.get("externalRefs").items() {
            let text = |key: &str| link.get(key).or_empty();
            package.refer(
                text("referenceCategory"),
                text("referenceType"),
                text("referenceLocator"),
                link.get("comment").text(),
            );
        }
        packages.push(package);
    }
    report(&mut reading, &packages);
    reading.done()
}

/// Lines of tags and values. What stands between `<text>` and `</text>` may go over several lines, and is none.
fn tags(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let mut reading = Reading::new(input, "SPDX", &[]);
    let mut packages: Vec<Package> = Vec::new();
    let mut tool = None;
    let mut within_text = false;
    for line in input.text.lines() {
        if within_text {
            within_text = !line.contains("</text>");
            continue;
        }
        let Some((tag, value)) = line.trim().split_once(':') else { continue };
        let value = value.trim();
        within_text = value.contains("<text>") && !value.contains("</text>");
        match (tag, packages.last_mut()) {
            ("Creator", _) if value.starts_with("Tool:") => tool = tool.or(Some(value)),
            ("PackageName", _) => {
                let component = Component { name: value.to_owned(), ..Component::default() };
                packages.push(Package { component, links: Vec::new() });
            }
            ("PackageVersion", Some(package)) => package.component.version = Some(value.to_owned()),
            ("ExternalRef", Some(package)) => {
                let mut words = value.split_whitespace();
                if let (Some(category), Some(kind), Some(locator)) = (words.next(), words.next(), words.next()) {
                    package.refer(category, kind, locator, None);
                }
            }
            ("ExternalRefComment", Some(package)) => {
                let text = value.trim_start_matches("<text>").trim_end_matches("</text>");
                if let Some(link) = package.links.last_mut() {
                    link.comment.get_or_insert_with(|| text.to_owned());
                }
            }
            _ => {}
        }
    }
    creator(&mut reading, tool);
    report(&mut reading, &packages);
    reading.done()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::{Class, ReportStatus};
    use crate::domain::severity::Severity;
    use crate::report::read;

    #[test]
    fn advisories_of_packages_are_findings() {
        let json = br#"{"spdxVersion": "SPDX-2.3", "name": "pay", "creationInfo": {"creators": ["Tool: syft-1.2"]}, "packages": [
          {"name": "ssl", "versionInfo": "3.0", "licenseConcluded": "NOASSERTION", "externalRefs": [
            {"referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:ssl"},
            {"referenceCategory": "PACKAGE_MANAGER", "referenceType": "purl", "referenceLocator": "pkg:deb/debian/ssl@3.0"},
            {"referenceCategory": "SECURITY", "referenceType": "fix", "referenceLocator": "https://x.example/CVE-2024-1"},
            {"referenceCategory": "SECURITY", "referenceType": "advisory", "referenceLocator": "https://y.example/CVE-2024-1"},
            {"referenceCategory": "SECURITY", "referenceType": "advisory", "referenceLocator": "https://y.example/note"}]}]}"#;
        let tags = "SPDXVersion: SPDX-2.2\nCreator: Tool: syft-1.2\n\n# a, b\nPackageName: ssl\nPackageVersion: 3.0\n\
            ExternalRef: PACKAGE-MANAGER purl pkg:deb/debian/ssl@3.0\nPackageComment: <text>a\nExternalRef: SECURITY advisory no\n</text>\n\
            ExternalRef: SECURITY fix https://x.example/CVE-2024-1\nExternalRef: SECURITY advisory https://y.example/CVE-2024-1\n\
            ExternalRef: SECURITY advisory https://y.example/note\n";
        for (bytes, format) in [(&json[..], "spdx-json"), (tags.as_bytes(), "spdx-tag-value")] {
            let report = read("s", bytes, None);
            assert_eq!((report.format, report.status, report.raw_items), (format, ReportStatus::Ok, 3));
            assert_eq!((report.tool.raw(), report.classes.len(), report.findings.len()), ("syft", 0, 2));
            let f = &report.findings[0];
            assert_eq!((f.rule.raw(), f.class, f.severity), ("CVE-2024-1", Class::Container, Severity::Unknown));
            assert_eq!(f.package.as_ref().unwrap().version.as_ref().unwrap().raw(), "3.0");
            assert_eq!(report.findings[1].vulnerabilities.len(), 0);
        }
    }

    #[test]
    fn a_list_of_packages_assessed_nothing() {
        let report = read("s", br#"{"spdxVersion": "SPDX-2.2", "packages": [{"name": "a"}]}"#, None);
        assert_eq!(report.status, ReportStatus::NotAssessed);
        assert!(report.reason.unwrap().raw().contains("lists 1 packages"));
        assert_eq!(read("s", br#"{"spdxVersion": "SPDX-2.2", "packages": 1}"#, None).status, ReportStatus::Error);
        assert_eq!(read("s", b"SPDXVersion: SPDX-2.3\n", None).status, ReportStatus::NotAssessed);
    }
}
