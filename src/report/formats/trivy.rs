//! Trivy JSON: of images, file systems and repositories, of clusters (`trivy k8s`), and the old form that is a list.

mod wire;

use super::image;
use crate::report::lax::{self, Text};
use crate::report::prelude::*;
use wire::{Code, Doc, Licence, Misconfiguration, Modified, Outcome, Resource, Scores, Secret, Vulnerability};

const TOOL: &str = "Trivy";

pub(super) const FORMATS: &[Format] = &[Format {
    name: "trivy-json",
    title: "Trivy JSON, schema 2 and the older list; `trivy k8s`",
    classes: &[Class::Container, Class::Sca, Class::Iac, Class::Secret, Class::Licence],
    items: "vulnerabilities, misconfigurations (passed ones too), secrets and licences of all results, and what is suppressed there",
    severity: "`Severity`, then CVSS",
    identity: "vulnerability and package; rule, path and code",
    checked: "DefectDojo's and Jenkins' parsers and golden files of Trivy's own tests",
    detect,
    parse,
}];

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
    let list = has("Target") && ["Vulnerabilities", "Misconfigurations", "Type", "Class"].iter().any(|k| has(k));
    (list || object()).into()
}

fn parse(input: &Input<'_>) -> Result<Parsed, Unreadable> {
    let doc = match input.text.trim_start().chars().next() {
        Some('[') => Doc { results: Some(lax::json::<Vec<Outcome>>(input.text)?), ..Doc::default() },
        // What the old form writes where it found nothing to look at.
        _ if input.text.trim() == "null" => Doc::default(),
        _ => lax::json::<Doc>(input.text)?,
    };
    let version = doc.trivy.0.version.owned();
    let mut reader = Reader { input, version: version.as_deref(), parsed: Parsed::default(), logical: None };
    let image = doc.artifact_type.get() == Some("container_image");
    let mut looked = reader.all(doc.results.as_deref(), image);
    for list in [doc.vulnerabilities, doc.misconfigurations, doc.resources, doc.findings].iter().flatten() {
        for resource in list {
            looked |= reader.resource(resource);
        }
    }
    let mut parsed = reader.parsed;
    if image && looked {
        parsed.classes.push(Class::Container);
    }
    if !looked {
        parsed.not_assessed = Some("Trivy found nothing to look at: the report has no results.".to_owned());
    }
    TOOL.clone_into(&mut parsed.tool);
    parsed.tool_version = version;
    Ok(parsed)
}

struct Reader<'a> {
    input: &'a Input<'a>,
    version: Option<&'a str>,
    parsed: Parsed,
    logical: Option<String>,
}

impl Reader<'_> {
    fn resource(&mut self, resource: &Resource) -> bool {
        let parts = [&resource.kind, &resource.namespace, &resource.name];
        let name = parts.iter().filter_map(|t| t.get()).collect::<Vec<_>>().join("/");
        self.logical = Some(name).filter(|n| !n.is_empty());
        if let Some(why) = resource.error.get() {
            let remark = format!("Trivy could not look at {}: {why}.", self.logical.as_deref().unwrap_or("a resource"));
            self.parsed.remark.get_or_insert(remark);
        }
        self.all(resource.results.as_deref(), false)
    }

    /// Gives whether there was anything that was looked at.
    fn all(&mut self, outcomes: Option<&[Outcome]>, image: bool) -> bool {
        for outcome in outcomes.unwrap_or_default() {
            self.one(outcome, image);
        }
        outcomes.is_some_and(|o| !o.is_empty())
    }

    fn one(&mut self, outcome: &Outcome, image: bool) {
        let class = class_of(outcome);
        self.parsed.classes.extend(class);
        for v in outcome.vulnerabilities.iter().flatten() {
            self.push(vulnerability(v, outcome, class.unwrap_or(if image { Class::Container } else { Class::Sca })));
        }
        for m in outcome.misconfigurations.iter().flatten() {
            // With --include-non-failures what passed stands here too.
            if m.status.get().is_none_or(|s| !s.eq_ignore_ascii_case("pass") && !s.eq_ignore_ascii_case("exception")) {
                self.push(misconfiguration(m, outcome));
            } else {
                self.parsed.raw_items += 1;
            }
        }
        for s in outcome.secrets.iter().flatten() {
            self.push(secret(s, outcome));
        }
        for l in outcome.licences.iter().flatten() {
            self.push(licence(l, outcome));
        }
        for m in outcome.modified.iter().flatten() {
            let class = class.unwrap_or(if image { Class::Container } else { Class::Sca });
            self.push(suppressed(m, outcome, class));
        }
    }

    fn push(&mut self, mut draft: Draft) {
        draft.logical = match (self.logical.clone(), draft.logical) {
            (Some(resource), Some(inner)) if resource != inner => Some(format!("{resource} {inner}")),
            (outer, inner) => outer.or(inner),
        };
        self.parsed.raw_items += 1;
        self.parsed.findings.push(draft.finish(self.input, TOOL, self.version));
    }
}

fn class_of(outcome: &Outcome) -> Option<Class> {
    match (outcome.class.get(), outcome.kind.get()) {
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

fn severity(word: &Text) -> Severity {
    word.get().and_then(words::severity).unwrap_or(Severity::Unknown)
}

fn vulnerability(v: &Vulnerability, outcome: &Outcome, class: Class) -> Draft {
    let mut draft = Draft::new(class);
    let id = v.id.or_empty();
    let package = v.pkg_name.or_empty();
    draft.severity = severity(&v.severity);
    id.clone_into(&mut draft.rule);
    let known = if id.is_empty() { "Vulnerability" } else { id };
    draft.title = v.title.owned().unwrap_or_else(|| format!("{known} in {package}"));
    draft.detail = v.description.owned().unwrap_or_else(|| draft.title.clone());
    // The package of an operating system has no file of its own; its place is the image.
    draft.path = match class {
        Class::Container => outcome.target.owned(),
        _ => v.pkg_path.owned().or_else(|| outcome.target.owned()),
    };
    draft.vulnerabilities = words::vulnerability_ids(id);
    if draft.vulnerabilities.is_empty() && !id.is_empty() {
        draft.vulnerabilities.push(id.to_ascii_uppercase());
    }
    draft.cwe = v.cwe_ids.0.iter().filter_map(Text::get).flat_map(words::cwe_numbers).collect();
    draft.package = Some(Package {
        name: package.into(),
        version: v.installed_version.owned().map(Into::into),
        purl: v.pkg_identifier.0.purl.owned().map(Into::into),
        fixed: v.fixed_version.or_empty().split(',').map(str::trim).filter(|f| !f.is_empty()).map(Into::into).collect(),
    });
    draft.vulnerabilities.extend(v.vendor_ids.0.iter().filter_map(Text::get).flat_map(words::vulnerability_ids));
    draft.cvss = scores(v);
    draft.say("Status", v.status.get().filter(|s| !matches!(*s, "fixed" | "affected")));
    draft.url = v.primary_url.owned();
    draft
}

/// The scores: first those of the source that the severity is of, then NVD's.
fn scores(v: &Vulnerability) -> Cvss {
    let of = |s: &Scores| {
        [(&s.v40_score, &s.v40_vector), (&s.v3_score, &s.v3_vector), (&s.v2_score, &s.v2_vector)]
            .map(|(score, vector)| Cvss::of(score.score().filter(|n| *n > 0.0), vector.get()))
    };
    let all = &v.cvss.0;
    let first = [v.severity_source.or_empty(), "nvd"].into_iter().filter_map(|source| all.get(source));
    image::best(first.chain(all.values()).flat_map(|s| of(&s.0)))
}

/// What `.trivyignore` or a statement of VEX takes out: it stays a finding, with the reason.
fn suppressed(m: &Modified, outcome: &Outcome, class: Class) -> Draft {
    let mut draft = match m.kind.or_empty() {
        "misconfiguration" => misconfiguration(&m.finding.misconfiguration, outcome),
        "secret" => secret(&m.finding.secret, outcome),
        "license" => licence(&m.finding.licence, outcome),
        _ => vulnerability(&m.finding.vulnerability, outcome, class),
    };
    let said = [m.status.get(), m.statement.get(), m.source.get()];
    draft.suppressed = Some(format!("Trivy: {}", said.into_iter().flatten().collect::<Vec<_>>().join(", ")));
    draft
}

fn misconfiguration(m: &Misconfiguration, outcome: &Outcome) -> Draft {
    let mut draft = Draft::new(Class::Iac);
    draft.severity = severity(&m.severity);
    m.id.get().or(m.avd_id.get()).unwrap_or_default().clone_into(&mut draft.rule);
    draft.title = m.title.owned().unwrap_or_default();
    let parts = [m.message.get(), m.description.get(), m.resolution.get()];
    draft.detail = parts.into_iter().flatten().collect::<Vec<_>>().join("\n");
    draft.path = outcome.target.owned();
    let cause = &m.cause.0;
    draft.line = cause.start_line.number();
    draft.logical = cause.resource.owned();
    draft.snippet = code(&cause.code.0);
    draft.url = m.primary_url.owned();
    draft
}

fn secret(s: &Secret, outcome: &Outcome) -> Draft {
    let mut draft = Draft::new(Class::Secret);
    draft.severity = severity(&s.severity);
    s.rule_id.or_empty().clone_into(&mut draft.rule);
    draft.title = s.title.owned().unwrap_or_default();
    draft.detail = s.category.get().map(|c| format!("{} ({c})", draft.title)).unwrap_or_default();
    draft.path = outcome.target.owned();
    draft.line = s.start_line.number();
    draft.snippet = s.matched.owned().or_else(|| code(&s.code.0));
    draft
}

fn licence(l: &Licence, outcome: &Outcome) -> Draft {
    let mut draft = Draft::new(Class::Licence);
    let name = l.name.or_empty();
    draft.severity = severity(&l.severity);
    name.clone_into(&mut draft.rule);
    let of = l.pkg_name.get().or(l.file_path.get()).unwrap_or_default();
    draft.title = if of.is_empty() { format!("Licence {name}") } else { format!("Licence {name} of {of}") };
    draft.detail = l.category.get().map(|c| format!("{}, of the category {c}", draft.title)).unwrap_or_default();
    draft.path = l.file_path.owned().or_else(|| outcome.target.owned());
    draft.package = l.pkg_name.get().map(|name| Package { name: name.into(), ..Package::default() });
    draft.confidence = l.confidence.owned();
    draft.url = l.link.owned();
    draft
}

/// The lines that are the cause, or all where none is marked.
fn code(code: &Code) -> Option<String> {
    let cause: Vec<&str> =
        code.lines.0.iter().filter(|l| l.is_cause.get() == Some("true")).filter_map(|l| l.content.get()).collect();
    let all: Vec<&str> = code.lines.0.iter().filter_map(|l| l.content.get()).collect();
    let text = if cause.is_empty() { all } else { cause }.join("\n");
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests;
