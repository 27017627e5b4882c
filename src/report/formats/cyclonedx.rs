//! `CycloneDX` in JSON and XML: bills of materials with vulnerabilities, and statements about them (VDR, VEX).
//!
//! A vulnerability that affects several components is a finding in each. A bill of materials without a list of
//! vulnerabilities assessed nothing.

mod checkov;
mod json;
mod xml;

use std::collections::HashMap;

use super::sbom::{self, Component};
use crate::report::limits::{LONGEST, MOST_FIXED, MOST_IDS, within};
use crate::report::prelude::*;

pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "cyclonedx-json",
        title: "CycloneDX JSON 1.2 to 1.7, with vulnerabilities or as VEX",
        classes: &[Class::Sca, Class::Container],
        items: "elements of `vulnerabilities`",
        severity: "`ratings`: that of the vulnerability's own source, else the first; then CVSS",
        identity: "vulnerability, component and its file",
        checked: "DefectDojo's parser, the examples of the CycloneDX project, a golden file of Trivy's own tests",
        detect: json::detect,
        parse: json::parse,
    },
    Format {
        name: "cyclonedx-xml",
        title: "CycloneDX XML 1.0 to 1.7, with vulnerabilities (also by the extension of 1.0 to 1.3) or as VEX",
        classes: &[Class::Sca, Class::Container],
        items: "elements `vulnerability`",
        severity: "`ratings`: that of the vulnerability's own source, else the first; then CVSS",
        identity: "vulnerability, component and its file",
        checked: "DefectDojo's parser, the examples of the CycloneDX project",
        detect: xml::detect,
        parse: xml::parse,
    },
];

/// A document, in either syntax.
#[derive(Debug, Default)]
struct Bom {
    tool: Option<String>,
    tool_version: Option<String>,
    /// What the document is about.
    product: Option<Component>,
    /// Whether that is a container image.
    is_image: bool,
    /// The components by their references.
    components: HashMap<String, Component>,
    /// How many components and services are listed.
    listed: usize,
    /// The vulnerabilities; `None` if there is no list of them.
    vulnerabilities: Option<Vec<Vulnerability>>,
}

#[derive(Debug, Default)]
struct Vulnerability {
    id: String,
    source: Option<String>,
    url: Option<String>,
    /// Ids of the same vulnerability elsewhere.
    aliases: Vec<String>,
    ratings: Vec<Rating>,
    cwes: Vec<u32>,
    description: Option<String>,
    detail: Option<String>,
    recommendation: Option<String>,
    workaround: Option<String>,
    advisories: Vec<String>,
    state: Option<String>,
    justification: Option<String>,
    responses: Vec<String>,
    reason: Option<String>,
    affects: Vec<Affected>,
}

#[derive(Debug, Default)]
struct Rating {
    source: Option<String>,
    score: Option<f64>,
    severity: Option<String>,
    method: String,
    vector: Option<String>,
}

/// A component that is affected, and which versions of it, in words.
#[derive(Debug, Default)]
struct Affected {
    reference: String,
    versions: Vec<String>,
}

/// Whether a tool is what others write such documents by, and none that looks at anything.
fn is_library(tool: &str) -> bool {
    let tool = tool.to_ascii_lowercase();
    tool.starts_with("cyclonedx-")
        && (tool.ends_with("-lib") || tool.ends_with("-library") || tool.ends_with("-core-java"))
}

impl Bom {
    fn takes(&mut self, reference: Option<&str>, component: Component) {
        self.listed += 1;
        // What has no reference is found by its package URL.
        if let Some(reference) = reference.map(str::to_owned).or_else(|| component.purl.clone()) {
            self.components.entry(reference).or_insert(component);
        }
    }

    fn parsed(self, input: &Input<'_>) -> Result<Parsed, Unreadable> {
        // Statements about vulnerabilities without the components that were looked at are no evidence of a scan.
        let is_by = |tool: &str| self.tool.as_deref().is_some_and(|t| t.eq_ignore_ascii_case(tool));
        let looked_at: &[Class] = if is_by("checkov") { &[Class::Iac] } else { &[Class::Sca] };
        let mut reading = Reading::new(input, "CycloneDX", if self.listed > 0 { looked_at } else { &[] });
        reading.tool(self.tool.as_deref());
        reading.version(self.tool_version.as_deref());
        if self.listed > 0 && (self.is_image || self.components.values().any(Component::is_of_system)) {
            reading.assessed(Class::Container);
        }
        let Some(vulnerabilities) = &self.vulnerabilities else {
            reading.not_assessed(format!(
                "This bill of materials lists {} components, and has no list of vulnerabilities: nothing was looked up.",
                self.listed
            ));
            return reading.done();
        };
        if vulnerabilities.is_empty() && is_by("trivy") {
            reading.not_assessed(format!(
                "This bill of materials lists {} components and no vulnerability. Trivy writes that also where it did not look for any; its JSON says whether it did.",
                self.listed
            ));
        }
        for vulnerability in vulnerabilities {
            reading.passed(1);
            let known = Known::of(vulnerability);
            if vulnerability.affects.is_empty() {
                reading.more(self.draft(&known, self.product.as_ref(), &[]));
            }
            for affected in &vulnerability.affects {
                let component = self.component(&affected.reference);
                reading.more(self.draft(&known, Some(&component), &affected.versions));
            }
        }
        reading.done()
    }

    /// The component that a reference means. A link to another document (`urn:cdx:SERIAL/VERSION#REFERENCE`) names it.
    fn component(&self, reference: &str) -> Component {
        let own = reference.starts_with("urn:cdx:").then(|| reference.split_once('#')).flatten();
        let bare = own.map_or(reference, |(_, bare)| bare);
        self.components.get(reference).or_else(|| self.components.get(bare)).cloned().unwrap_or_else(|| {
            let decoded = percent_encoding::percent_decode_str(bare).decode_utf8_lossy();
            Component::of_id(if own.is_some() { &decoded } else { bare })
        })
    }

    fn draft(&self, known: &Known<'_>, component: Option<&Component>, versions: &[String]) -> Draft {
        let v = known.of;
        let mut draft = sbom::draft(&known.id, known.aliases.iter().map(String::as_str), component);
        if draft.class == Class::Container && self.is_image {
            draft.path = self.product.as_ref().map(|p| p.name.clone());
        }
        (draft.severity, draft.cvss, draft.epss) = (known.severity, known.cvss.clone(), known.epss);
        draft.cwe.clone_from(&known.cwes);
        draft.say("", v.description.as_deref());
        draft.say("", v.detail.as_deref());
        draft.say("Recommendation", v.recommendation.as_deref());
        draft.say("Workaround", v.workaround.as_deref());
        draft.say("Versions", Some(&versions.join(", ")));
        draft.say("Analysis", known.analysis.as_deref());
        draft.say("Advisories", Some(&known.advisories));
        draft.url.clone_from(&known.url);
        if known.is_settled {
            draft.suppressed.clone_from(&known.analysis);
        }
        if let Some(package) = &mut draft.package {
            package.fixed.clone_from(&known.fixed);
        }
        checkov::retell(&mut draft, v, component);
        draft
    }
}

/// What is known of a vulnerability wherever it is, in bounds: one may affect ten thousand components.
struct Known<'v> {
    of: &'v Vulnerability,
    id: String,
    aliases: Vec<String>,
    severity: Severity,
    cvss: Cvss,
    epss: Option<f64>,
    cwes: Vec<u32>,
    analysis: Option<String>,
    is_settled: bool,
    advisories: String,
    url: Option<String>,
    fixed: Vec<crate::text::Untrusted>,
}

impl<'v> Known<'v> {
    fn of(v: &'v Vulnerability) -> Self {
        let bounded = |text: String| within(&text, LONGEST).into_owned();
        let mut aliases: Vec<&str> = v.aliases.iter().map(String::as_str).collect();
        if words::vulnerability_ids(&v.id).is_empty() && v.aliases.is_empty() {
            // Some tools put the id of the vulnerability only before its description, or into the link.
            let description = v.description.as_deref().unwrap_or_default().trim_start_matches(['[', '(', ' ']);
            aliases.extend(description.split([' ', ']', ')', ':', ',']).next());
            aliases.extend(v.url.as_deref());
        }
        let (severity, cvss, epss) = v.rating();
        let recommendation = v.recommendation.as_deref().unwrap_or_default();
        Self {
            of: v,
            id: bounded(v.id.clone()),
            aliases: aliases.into_iter().flat_map(words::vulnerability_ids).take(MOST_IDS).collect(),
            severity,
            cvss,
            epss,
            cwes: v.cwes.iter().copied().take(MOST_IDS).collect(),
            analysis: v.analysis().map(bounded),
            is_settled: v.is_settled(),
            advisories: bounded(v.advisories.join("\n")),
            url: v.url.clone().or_else(|| v.advisories.first().cloned()).map(bounded),
            fixed: fixed(recommendation).take(MOST_FIXED).map(|version| bounded(version).into()).collect(),
        }
    }
}

impl Component {
    fn is_of_system(&self) -> bool {
        sbom::class_of(self.purl.as_deref()) == Class::Container
    }
}

impl Vulnerability {
    /// Severity and scores: those of the source that the vulnerability is from before others, of CVSS 3 and 4 before 2.
    fn rating(&self) -> (Severity, Cvss, Option<f64>) {
        let foreign = |r: &Rating| match (&r.source, &self.source) {
            (Some(own), Some(wanted)) => !own.eq_ignore_ascii_case(wanted),
            _ => false,
        };
        let is_said = |r: &&Rating| severity(r).is_some_and(|s| s != Severity::Unknown);
        let first = self.ratings.iter().filter(is_said).min_by_key(|r| (foreign(r), r.rank()));
        let severity = first.and_then(severity).unwrap_or(Severity::Unknown);
        let scored = self.ratings.iter().filter(|r| r.is_cvss());
        let best = scored.min_by_key(|r| (foreign(r), r.rank(), r.vector.is_none()));
        let epss = self.ratings.iter().find(|r| r.is_epss());
        (severity, best.map(Rating::cvss).unwrap_or_default(), epss.and_then(|r| r.score))
    }

    /// Whether whoever analysed it says that it is no matter here (any more).
    fn is_settled(&self) -> bool {
        let state = self.state.as_deref().unwrap_or_default().to_ascii_lowercase();
        matches!(state.as_str(), "not_affected" | "false_positive" | "resolved" | "resolved_with_pedigree")
    }

    fn analysis(&self) -> Option<String> {
        let mut out = self.state.clone()?;
        if let Some(why) = &self.justification {
            out.push_str(&format!(" ({why})"));
        }
        if !self.responses.is_empty() {
            out.push_str(&format!(", response: {}", self.responses.join(", ")));
        }
        if let Some(reason) = &self.reason {
            out.push_str(&format!(": {reason}"));
        }
        Some(out)
    }
}

fn severity(rating: &Rating) -> Option<Severity> {
    rating.severity.as_deref().and_then(words::severity)
}

impl Rating {
    /// Which method counts before which.
    fn rank(&self) -> u8 {
        match self.method.to_ascii_lowercase().as_str() {
            "" => 0,
            "cvssv2" => 2,
            m if m.starts_with("owasp") => 3,
            _ => 1,
        }
    }

    fn is_epss(&self) -> bool {
        let named = |t: &str| t.to_ascii_lowercase().contains("epss");
        named(&self.method) || self.source.as_deref().is_some_and(named)
    }

    fn is_cvss(&self) -> bool {
        let by_method = self.method.to_ascii_lowercase().starts_with("cvss");
        (by_method || self.vector.as_deref().is_some_and(|v| v.starts_with("CVSS:"))) && !self.is_epss()
    }

    /// The vector may stand without the version that the method has.
    fn cvss(&self) -> Cvss {
        let version = match self.method.to_ascii_lowercase().as_str() {
            "cvssv3" => "CVSS:3.0/",
            "cvssv31" => "CVSS:3.1/",
            "cvssv4" => "CVSS:4.0/",
            _ => "",
        };
        let vector =
            self.vector.as_deref().map(str::trim).map(|v| {
                if v.starts_with("CVSS:") || version.is_empty() { v.to_owned() } else { format!("{version}{v}") }
            });
        Cvss::of(self.score, vector.as_deref())
    }
}

/// Versions in which it is mended, from a sentence as Trivy writes it: `Upgrade openssl to version 1.1.1g, 1.1.1k`.
fn fixed(recommendation: &str) -> impl Iterator<Item = String> {
    let sentence = recommendation.trim().strip_prefix("Upgrade ");
    let versions = sentence.and_then(|s| s.split_once(" to version ")).map_or("", |(_, versions)| versions);
    let versions = versions.split(';').next().unwrap_or_default().trim_end_matches(" or higher.");
    let is_version = |v: &&str| v.bytes().any(|b| b.is_ascii_digit()) && !v.contains(' ');
    versions.split(',').map(|v| v.trim().trim_end_matches('.')).filter(is_version).map(str::to_owned)
}
