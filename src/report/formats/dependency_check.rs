//! What OWASP Dependency-Check says of a dependency, whatever syntax it was written in.

use crate::report::prelude::*;

pub(super) const TOOL: &str = "OWASP Dependency-Check";
/// How many of the files that are the same component are named.
const RELATED: usize = 10;

/// One dependency.
#[derive(Debug, Default)]
pub(super) struct Dependency {
    pub file: String,
    pub path: String,
    /// Package URLs; or `group:artifact:version` of reports before version 5.
    pub ids: Vec<String>,
    /// What the tool took for product and version, where there is no package URL.
    pub product: Option<String>,
    pub version: Option<String>,
    /// Other files that it takes for the same component.
    pub related: Vec<String>,
}

/// One vulnerability of a dependency.
#[derive(Debug, Default)]
pub(super) struct Vulnerability {
    pub name: String,
    pub source: Option<String>,
    pub severity: Option<String>,
    pub description: Option<String>,
    pub notes: Option<String>,
    pub cwe: Vec<String>,
    pub cvss: Vec<(Option<f64>, Option<String>)>,
    pub links: Vec<String>,
    pub exploited: bool,
    pub suppressed: bool,
}

/// The vector that parts of a score stand for: each by the first letters of its value. `None` if one is missing.
pub(super) fn vector<'t>(
    prefix: &str,
    metrics: &[(&str, &str)],
    of: impl Fn(&str) -> Option<&'t str>,
) -> Option<String> {
    let parts: Option<Vec<String>> = metrics
        .iter()
        .map(|(letter, name)| {
            let value = of(name)?.trim();
            // ADJACENT_NETWORK is A; of NONE and NETWORK both are N.
            Some(format!("{letter}:{}", value.chars().next()?.to_ascii_uppercase()))
        })
        .collect();
    parts.map(|p| format!("{prefix}{}", p.join("/")))
}

/// The parts of a vector of version 3, by the names of the report.
pub(super) const THIRD: [(&str, &str); 8] = [
    ("AV", "attackVector"),
    ("AC", "attackComplexity"),
    ("PR", "privilegesRequired"),
    ("UI", "userInteraction"),
    ("S", "scope"),
    ("C", "confidentialityImpact"),
    ("I", "integrityImpact"),
    ("A", "availabilityImpact"),
];

/// The name, version and package URL that a dependency goes by.
pub(super) struct Component {
    name: String,
    version: Option<String>,
    url: Option<String>,
}

impl Component {
    /// By its package URL or its Maven coordinates; else by what the tool took for its product and version.
    pub(super) fn of(of: &Dependency) -> Self {
        for id in &of.ids {
            if let Some(parts) = purl::parts(id) {
                return Self { name: parts.name, version: parts.version, url: Some(id.clone()) };
            }
        }
        let maven = of.ids.iter().map(|id| id.trim_matches(['(', ')'])).find(|id| id.matches(':').count() == 2);
        if let Some((name, version)) = maven.and_then(|id| id.rsplit_once(':')) {
            let url = purl::of("maven", name, Some(version));
            return Self { name: name.to_owned(), version: Some(version.to_owned()), url };
        }
        let name = of.product.clone().unwrap_or_else(|| of.file.clone());
        Self { name, version: of.version.clone(), url: None }
    }
}

/// The finding.
pub(super) fn draft(dependency: &Dependency, component: &Component, of: &Vulnerability) -> Draft {
    let Component { name, version, url } = component;
    let system = url.as_deref().and_then(purl::parts).is_some_and(|p| p.is_of_system());
    let mut draft = Draft::new(if system { Class::Container } else { Class::Sca });
    draft.rated(of.severity.as_deref());
    of.name.clone_into(&mut draft.rule);
    draft.title = format!("{} in {name}", of.name);
    draft.say("", of.description.as_deref());
    draft.say("Source", of.source.as_deref());
    draft.say("File", Some(&dependency.file));
    let related: Vec<&str> = dependency.related.iter().take(RELATED).map(String::as_str).collect();
    let more = dependency.related.len().saturating_sub(RELATED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    draft.say("The same component", (!related.is_empty()).then(|| format!("{}{rest}", related.join(", "))).as_deref());
    // What stands in a list of packages is named behind it: package-lock.json?/name:1.0.0
    draft.path = dependency.path.split('?').next().map(str::trim).filter(|p| !p.is_empty()).map(str::to_owned);
    let known = of.name.to_ascii_uppercase();
    // Names of other databases are words or plain numbers, which mean something only together with the database.
    draft.vulnerabilities = words::vulnerability_ids(&known);
    draft.cwe = of.cwe.iter().flat_map(|c| words::cwe_numbers(c)).collect();
    if draft.cwe.is_empty() && known.starts_with("CWE-") {
        draft.cwe = words::cwe_numbers(&known);
    }
    draft.in_package(Some(name), version.as_deref(), url.as_deref(), None);
    let scored = of.cvss.iter().map(|(score, vector)| Cvss::of(*score, vector.as_deref()));
    draft.cvss = scored.into_iter().find(|c| !c.is_empty()).unwrap_or_default();
    draft.url = of.links.iter().find(|l| l.starts_with("http")).cloned();
    draft.exploited = of.exploited;
    if of.suppressed {
        let notes = of.notes.as_deref().map(str::trim).filter(|n| !n.is_empty());
        draft.suppressed = Some(notes.map_or_else(|| "suppressed".to_owned(), |n| format!("suppressed: {n}")));
    }
    draft
}
