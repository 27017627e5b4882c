//! Trivy JSON: of images, file systems and repositories, of clusters (`trivy k8s`), and the old form that is a list.
//!
//! The findings of a target are read one at a time: an image may have a hundred thousand.

mod junit;

use super::image;
use crate::report::prelude::*;
use crate::report::reading::Job;

const TOOL: &str = "Trivy";

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "trivy-json",
        title: "Trivy JSON, schema 2 and the older list; `trivy k8s`",
        classes: &[Class::Container, Class::Sca, Class::Iac, Class::Secret, Class::Licence],
        items: "vulnerabilities, misconfigurations (passed ones too), secrets and licences of all results, and what is suppressed there",
        severity: "`Severity`, then CVSS",
        identity: "vulnerability and package; rule, path and code",
        checked: "DefectDojo's and Jenkins' parsers and golden files of Trivy's own tests",
        detect,
        parse,
    },
    junit::JUNIT,
];

/// Kinds of operating systems, for old reports that say no class.
const SYSTEMS: [&str; 24] = [
    "alma",
    "alpine",
    "amazon",
    "azurelinux",
    "bottlerocket",
    "cbl-mariner",
    "centos",
    "chainguard",
    "debian",
    "echo",
    "fedora",
    "minimos",
    "opensuse",
    "opensuse-leap",
    "opensuse-tumbleweed",
    "opensuse.leap",
    "oracle",
    "photon",
    "redhat",
    "rocky",
    "sles",
    "suse linux enterprise server",
    "ubuntu",
    "wolfi",
];

fn detect(shape: &Shape<'_>) -> Fit {
    let has = |key: &str| shape.lists(&[key]);
    let object = || {
        shape.has(&["SchemaVersion", "ArtifactName"])
            || shape.has(&["ArtifactName", "Results"])
            || (shape.has(&["ClusterName"])
                && ["Vulnerabilities", "Misconfigurations", "Resources", "Findings"].iter().any(|k| shape.has(&[k])))
    };
    // Others call so what they looked at, and say more of it.
    let target = has("Target") && shape.json().at("0.Target").text().is_some();
    let list = target && ["Vulnerabilities", "Misconfigurations", "Type", "Class"].iter().any(|k| has(k));
    (list || object()).into()
}

/// The lists of findings of a target; what is no list there is an error.
const LISTS: &[&str] = &["Vulnerabilities", "Misconfigurations", "Secrets", "Licenses", "ExperimentalModifiedFindings"];

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = Node::cut(input.text, LISTS)?;
    let mut reading = Reading::new(input, TOOL, &[]);
    reading.version(doc.at("Trivy.Version").text());
    let image = doc.get("ArtifactType").text() == Some("container_image");
    let mut reader = Reader { reading, logical: None };
    let results = if doc.is_list() { &doc } else { doc.get("Results") };
    let mut looked = reader.all(results, image)?;
    // `trivy k8s`, old and new. In a cluster's report the first two are lists of resources.
    let cluster = doc.has("ClusterName");
    for list in ["Vulnerabilities", "Misconfigurations", "Resources", "Findings"].map(|l| doc.get(l)) {
        if cluster && !list.is_null() {
            list.each(input.text, |resource| {
                looked |= reader.resource(resource)?;
                Ok(())
            })?;
        }
    }
    if !looked {
        reader.reading.not_assessed("Trivy found nothing to look at: the report has no results.");
    }
    reader.reading.done()
}

struct Reader<'a> {
    reading: Reading<'a>,
    logical: Option<String>,
}

impl Reader<'_> {
    fn resource(&mut self, resource: &Node<'_>) -> Result<bool, Unreadable> {
        image::object(resource, "A resource")?;
        let parts = ["Kind", "Namespace", "Name"].map(|k| resource.get(k));
        let name = parts.iter().filter_map(|t| t.text()).collect::<Vec<_>>().join("/");
        self.logical = Some(name).filter(|n| !n.is_empty());
        if let Some(why) = resource.get("Error").text() {
            let what = self.logical.as_deref().unwrap_or("a resource");
            self.reading.remark(format!("Trivy could not look at {what}: {why}."));
        }
        self.all(resource.get("Results"), false)
    }

    /// Gives whether there was anything that was looked at.
    fn all(&mut self, results: &Node<'_>, image: bool) -> Result<bool, Unreadable> {
        if results.is_null() {
            return Ok(false);
        }
        let targets = results.list()?;
        let mut lists = Vec::new();
        for target in targets {
            let packages = self.assessed(image::object(target, "A result")?, image);
            for list in LISTS {
                let found = target.get(list);
                if !found.is_null() {
                    lists.extend(Job::of((target, *list, packages), found));
                }
            }
        }
        let Self { reading, logical, .. } = self;
        reading.each_of(lists, |(target, list, packages), item, share| {
            share.passed(1);
            if let Some(mut draft) = draft(image::object(item, "A finding")?, target, list, packages) {
                draft.logical = match (logical.clone(), draft.logical) {
                    (Some(resource), Some(inner)) if resource != inner => Some(format!("{resource} {inner}")),
                    (outer, inner) => outer.or(inner),
                };
                share.more(draft);
            }
            Ok(())
        })?;
        Ok(!targets.is_empty())
    }

    /// Says what was assessed of a target; gives the class of its packages.
    fn assessed(&mut self, target: &Node<'_>, image: bool) -> Class {
        let class = class_of(target);
        if let Some(class) = class {
            self.reading.assessed(class);
        }
        // Secrets and configuration of an image are no evidence of its packages.
        let has_packages = matches!(class, Some(Class::Container | Class::Sca)) || target.has("Vulnerabilities");
        if image && has_packages {
            self.reading.assessed(Class::Container);
        }
        class.unwrap_or(if image { Class::Container } else { Class::Sca })
    }
}

/// An item of one of the lists of a target; with --include-non-failures what passed stands there too.
fn draft(item: &Node<'_>, target: &Node<'_>, list: &str, packages: Class) -> Option<Draft> {
    match list {
        "Misconfigurations" if item.get("Status").or_empty().eq_ignore_ascii_case("pass") => None,
        "Misconfigurations" => Some(misconfiguration(item, target)),
        "Secrets" => Some(secret(item, target)),
        "Licenses" => Some(licence(item, target)),
        "ExperimentalModifiedFindings" => Some(suppressed(item, target, packages)),
        _ => Some(vulnerability(item, target, packages)),
    }
}

pub(super) fn class_of(target: &Node<'_>) -> Option<Class> {
    match (target.get("Class").text(), target.get("Type").text()) {
        (Some("os-pkgs"), _) => Some(Class::Container),
        (Some("lang-pkgs"), _) => Some(Class::Sca),
        (Some("config"), _) => Some(Class::Iac),
        (Some("secret"), _) => Some(Class::Secret),
        (Some("license" | "license-file"), _) => Some(Class::Licence),
        (Some(_), _) | (None, None) => None,
        (None, Some(kind)) if SYSTEMS.contains(&kind.to_ascii_lowercase().as_str()) => Some(Class::Container),
        (None, Some(_)) => Some(Class::Sca),
    }
}

pub(super) fn vulnerability(v: &Node<'_>, target: &Node<'_>, class: Class) -> Draft {
    let mut draft = Draft::new(class);
    let (id, package) = (v.get("VulnerabilityID").or_empty(), v.get("PkgName").or_empty());
    draft.rated(v.get("Severity").text());
    id.clone_into(&mut draft.rule);
    let known = if id.is_empty() { "Vulnerability" } else { id };
    draft.title = v.get("Title").owned().unwrap_or_else(|| format!("{known} in {package}"));
    draft.detail = v.get("Description").owned().unwrap_or_else(|| draft.title.clone());
    // The package of an operating system has no file of its own; its place is the image.
    let file = v.get("PkgPath").owned().filter(|_| class != Class::Container);
    draft.path = file.or_else(|| target.get("Target").owned());
    draft.vulnerabilities = words::known_as(id, v.get("VendorIDs").texts());
    draft.cwe = v.get("CweIDs").texts().flat_map(words::cwe_numbers).collect();
    draft.in_package(
        Some(package),
        v.get("InstalledVersion").text(),
        v.at("PkgIdentifier.PURL").text(),
        v.get("FixedVersion").text(),
    );
    draft.cvss = scores(v);
    draft.say("Status", v.get("Status").text().filter(|s| !matches!(*s, "fixed" | "affected")));
    draft.url = v.get("PrimaryURL").owned();
    draft
}

/// The names of the scores and vectors of each version of CVSS, the newest first.
const VERSIONS: [(&str, &str); 3] = [("V40Score", "V40Vector"), ("V3Score", "V3Vector"), ("V2Score", "V2Vector")];

/// The scores: first those of the source that the severity is of, then NVD's.
fn scores(v: &Node<'_>) -> Cvss {
    let of = |s: &Node<'_>| {
        VERSIONS.map(|(score, vector)| Cvss::of(s.get(score).score().filter(|n| *n > 0.0), s.get(vector).text()))
    };
    let all = v.get("CVSS");
    let first = [v.get("SeveritySource").or_empty(), "nvd"].map(|source| all.get(source));
    image::best(first.into_iter().chain(all.entries().iter().map(|(_, s)| s)).flat_map(of))
}

/// What `.trivyignore` or a statement of VEX takes out: it stays a finding, with the reason.
fn suppressed(m: &Node<'_>, target: &Node<'_>, class: Class) -> Draft {
    let found = m.get("Finding");
    let mut draft = match m.get("Type").or_empty() {
        "misconfiguration" => misconfiguration(found, target),
        "secret" => secret(found, target),
        "license" => licence(found, target),
        _ => vulnerability(found, target, class),
    };
    let said = ["Status", "Statement", "Source"].map(|k| m.get(k));
    let said: Vec<&str> = said.iter().filter_map(|n| n.text()).collect();
    draft.suppressed = Some(format!("Trivy: {}", said.join(", ")));
    draft
}

pub(super) fn misconfiguration(m: &Node<'_>, target: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Iac);
    draft.rated(m.get("Severity").text());
    m.get("ID").text().or(m.get("AVDID").text()).unwrap_or_default().clone_into(&mut draft.rule);
    draft.title = m.get("Title").owned().unwrap_or_default();
    let parts = ["Message", "Description", "Resolution"].map(|k| m.get(k));
    draft.detail = parts.iter().filter_map(|n| n.text()).collect::<Vec<_>>().join("\n");
    draft.path = target.get("Target").owned();
    let cause = m.get("CauseMetadata");
    draft.line = cause.get("StartLine").number();
    draft.logical = cause.get("Resource").owned();
    draft.snippet = code(cause.get("Code"));
    draft.url = m.get("PrimaryURL").owned();
    let excepted = m.get("Status").or_empty().eq_ignore_ascii_case("exception");
    draft.suppressed = excepted.then(|| "Trivy: an exception of the policy".to_owned());
    draft
}

pub(super) fn secret(s: &Node<'_>, target: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Secret);
    draft.rated(s.get("Severity").text());
    s.get("RuleID").or_empty().clone_into(&mut draft.rule);
    draft.title = s.get("Title").owned().unwrap_or_default();
    draft.detail = s.get("Category").text().map(|c| format!("{} ({c})", draft.title)).unwrap_or_default();
    draft.path = target.get("Target").owned();
    draft.line = s.get("StartLine").number();
    draft.snippet = s.get("Match").owned().or_else(|| code(s.get("Code")));
    draft
}

fn licence(l: &Node<'_>, target: &Node<'_>) -> Draft {
    let mut draft = Draft::new(Class::Licence);
    let name = l.get("Name").or_empty();
    draft.rated(l.get("Severity").text());
    name.clone_into(&mut draft.rule);
    let of = l.get("PkgName").text().or(l.get("FilePath").text()).unwrap_or_default();
    draft.title = if of.is_empty() { format!("Licence {name}") } else { format!("Licence {name} of {of}") };
    draft.detail =
        l.get("Category").text().map(|c| format!("{}, of the category {c}", draft.title)).unwrap_or_default();
    draft.path = l.get("FilePath").owned().or_else(|| target.get("Target").owned());
    draft.in_package(l.get("PkgName").text(), None, None, None);
    draft.confidence = l.get("Confidence").owned();
    draft.url = l.get("Link").owned();
    draft
}

/// The lines that are the cause, or all where none is marked.
fn code(code: &Node<'_>) -> Option<String> {
    let lines = code.get("Lines").items();
    let cause: Vec<&str> =
        lines.iter().filter(|l| l.get("IsCause").is_true()).filter_map(|l| l.get("Content").text()).collect();
    let all: Vec<&str> = lines.iter().filter_map(|l| l.get("Content").text()).collect();
    let text = if cause.is_empty() { all } else { cause }.join("\n");
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests;
